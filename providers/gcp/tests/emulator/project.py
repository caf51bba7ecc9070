"""What the bed keeps of one project: its resources, its operations, what was asked with which id."""

import copy
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from attrs import define, field

from emulator.errors import GceError, not_found
from emulator.fingerprints import fingerprint
from emulator.kinds import KINDS, Kind
from emulator.links import link
from emulator.settings import Settings
from portinfra.testing.emulator import Clock
from portinfra.testing.lag import draw_share

Key = tuple[str, str]
"""Scope and name."""


def timestamp(moment: float) -> str:
    """RFC 3339, to the millisecond, in the time of California, as in all recordings of Compute Engine."""
    month = datetime.fromtimestamp(moment, UTC).month
    california = timezone(timedelta(hours=-7 if 4 <= month <= 10 else -8))
    return datetime.fromtimestamp(moment, california).isoformat(timespec="milliseconds")


@define(eq=False)
class Resource:
    """One thing."""

    kind: Kind
    project: str
    scope: str
    body: dict[str, Any]
    """What `get` tells."""
    born: float
    shown: float
    """From when it is there: before, its name is taken and that is all."""
    state: str = "making"
    """`making`, `ready`, `leaving` or `gone`."""
    busy: float = 0.0
    """Until when operations on it are under way."""
    refused: dict[str, Any] | None = None
    """The error that its operation will tell: a quota that it exceeds."""
    past: list[tuple[float, dict[str, Any]]] = field(factory=list)
    """How it was from when on, where lists lag."""
    printed: bytes = b""
    """What an instance has printed on its first serial port."""
    data: bytes = b""
    """The first bytes of a disk or a snapshot, as far as a host wrote any."""
    receipt: bytes | None = None
    """What a prober printed, once it has run."""

    @property
    def name(self) -> str:
        """Its name."""
        name: str = self.body["name"]
        return name

    @property
    def path(self) -> str:
        """`projects/p/zones/z/disks/d`; of a project, `projects/p`."""
        if not self.kind.collection:
            return f"projects/{self.project}"
        return f"projects/{self.project}/{self.scope}/{self.kind.collection}/{self.name}"

    @property
    def link(self) -> str:
        """The whole URL."""
        return link(self.path)

    def mark(self, moment: int) -> None:
        """Its status while it is made (0), there (1), or on its way out (2)."""
        if self.kind.status[moment]:
            self.body["status"] = self.kind.status[moment]


@define(eq=False)
class Operation:
    """Something that takes time."""

    name: str
    id: str
    scope: str
    type: str
    user: str
    target: Resource
    inserted: float
    started: float
    ends: float
    request_id: str = ""
    finish: Callable[[], None] = lambda: None
    """What happens at its end, where nothing went wrong."""
    fail: Callable[[], None] = lambda: None
    error: dict[str, Any] | None = None
    """`code` and `message`, with `status`, the HTTP status that goes with it."""
    target_path: str = ""
    target_id: str = ""
    done: bool = False


@define(eq=False)
class Project:
    """One project's books."""

    id: str
    number: str
    clock: Clock
    settings: Settings
    next_id: Callable[[], int]
    books: dict[str, dict[Key, Resource]] = field(init=False)
    """Collection → what is there, with what is on its way in or out."""
    operations: dict[Key, Operation] = field(factory=dict)
    asked: dict[str, tuple[str, Operation]] = field(factory=dict)
    """requestId → what was asked with it, and the operation that came of it."""
    windows: dict[tuple[str, str], tuple[int, int]] = field(factory=dict)
    """Quota group and region → the minute, and how many requests were made in it."""
    ghosts: list[tuple[float, Resource]] = field(factory=list)
    """What was deleted, and when."""
    metadata: dict[str, Any] = field(init=False)
    """commonInstanceMetadata."""
    fates: list[dict[str, Any]] = field(factory=list)
    """With what error each of the next instances will fail."""
    failing: dict[str, list[dict[str, Any]]] = field(factory=dict)
    """Method → the errors with which the operations of its next calls will fail."""
    _running: list[Operation] = field(factory=list)
    _later: list[tuple[float, Callable[[], None]]] = field(factory=list)
    """The moment of each step within a running operation, and the function that does it."""
    _numbers: Any = field(factory=itertools.count)

    def __attrs_post_init__(self) -> None:
        self.books = defaultdict(dict)
        self.metadata = {"kind": "compute#metadata", "fingerprint": fingerprint([])}

    @property
    def now(self) -> float:
        """Seconds since the epoch, by the bed's clock."""
        return self.clock.now()

    def all(self, collection: str) -> Iterator[Resource]:
        """Everything of a kind, with what is on its way in or out."""
        return iter(list(self.books[collection].values()))

    def seek(self, collection: str, scope: str, name: str) -> Resource | None:
        """A resource by name or id, as far as it is there."""
        found = self.books[collection].get((scope, name))
        if found is None and name.isdigit():
            found = next(
                (
                    each
                    for each in self.books[collection].values()
                    if each.scope == scope and each.body["id"] == name
                ),
                None,
            )
        return found if found is not None and found.shown <= self.now else None

    def find(self, collection: str, scope: str, name: str) -> Resource:
        """The same. Raises GceError where it is not there."""
        found = self.seek(collection, scope, name)
        if found is None:
            raise not_found(f"projects/{self.id}/{scope}/{collection}/{name}")
        return found

    def add(self, collection: str, scope: str, body: dict[str, Any]) -> Resource:
        """Note a resource that begins to be."""
        kind = KINDS[collection]
        made = Resource(kind, self.id, scope, body, self.now, self.now + self.settings.queue_seconds)
        place, _, name = scope.partition("/")
        body |= {
            "kind": kind.kind,
            "id": str(self.next_id()),
            "creationTimestamp": timestamp(self.now),
            "selfLink": made.link,
        }
        if name:
            body[place.removesuffix("s")] = link(f"projects/{self.id}/{scope}")
        made.mark(0)
        self.books[collection][scope, made.name] = made
        return made

    def drop(self, resource: Resource) -> None:
        """It is gone."""
        if self.books[resource.kind.collection].pop((resource.scope, resource.name), None) is not None:
            resource.state = "gone"
            if resource.past:
                self.ghosts.append((self.now, resource))

    def touch(self, resource: Resource, since: float | None = None) -> None:
        """Remember how it is from a moment on, by default from now on, for lists that lag."""
        if self.remembers:
            resource.past.append((self.now if since is None else since, copy.deepcopy(resource.body)))

    @property
    def remembers(self) -> bool:
        """Whether lists show what was."""
        settings = self.settings
        return bool(settings.visibility_seconds or settings.lingering_seconds or settings.stale_seconds)

    def lag(self, record: str) -> float:
        """How old the state is that a list shows of a record now."""
        return self.settings.stale_seconds * draw_share(f"{record} {self.now}")

    def changing(self) -> Iterator[Resource]:
        """What operations are under way on."""
        return (each.target for each in self._running)

    def run(self, operation: Operation) -> None:
        """Let an operation take its time."""
        self.operations[operation.scope, operation.name] = operation
        self._running.append(operation)

    def later(self, moment: float, act: Callable[[], None]) -> None:
        """Call a function at a moment of a running operation."""
        self._later.append((moment, act))

    def settle(self) -> None:
        """Do the steps of operations and end the operations whose time has come, in order."""
        if not self._running:
            return
        now = self.now
        for moment, act in [each for each in self._later if each[0] <= now]:
            self._later.remove((moment, act))
            act()
        due = [each for each in self._running if each.ends <= now]
        if not due:
            return
        self._running = [each for each in self._running if each.ends > now]
        for operation in sorted(due, key=lambda each: each.ends):
            if operation.error:
                operation.fail()
            else:
                _finish(operation)
            operation.done = True
            # A list that varies is never further behind than `stale_seconds` after the request.
            self.touch(operation.target, operation.inserted if self.settings.stale_seconds else None)


def _finish(operation: Operation) -> None:
    """Its effect, which what happened since it was asked for may have made impossible."""
    try:
        operation.finish()
    except GceError as error:
        operation.fail()
        code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", error.reason).upper()
        operation.error = {"code": code, "message": error.message, "status": error.status}
