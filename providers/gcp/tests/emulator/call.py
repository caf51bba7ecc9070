"""One request to Compute Engine, understood, and the rules that it meets on its way.

A rule is a function of one file in `rules/`. `serves` does what a method does. Of a kind of resource,
`making` completes or refuses what is to be made, `made` follows once it is there, `freeing` refuses what is
in use, `gone` follows once it is away. Each says in a comment what Google documents.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define

from emulator.errors import not_found
from emulator.identities import Identity
from emulator.kinds import COLLECTIONS
from emulator.official import Method
from emulator.project import Operation, Project, Resource

if TYPE_CHECKING:
    from emulator.bed import Bed


@define(eq=False)
class Call:
    """A valid request."""

    bed: "Bed"
    method: Method
    params: dict[str, Any]
    body: dict[str, Any]
    caller: Identity
    project: Project
    operation: Operation | None = None
    """What came of it."""
    nulls: tuple[str, ...] = ()
    """The fields of the body that were sent as null, which takes them away: JSON merge patch."""

    @property
    def collection(self) -> str:
        """As in links."""
        return COLLECTIONS.get(self.method.collection, self.method.collection)

    @property
    def scope(self) -> str:
        """`global`, `regions/r` or `zones/z`."""
        for place in ("zone", "region"):
            if place in self.params and place in self.method.order:
                return f"{place}s/{self.params[place]}"
        return "global"

    @property
    def name(self) -> str:
        """The name in the path; empty where it ends in a collection."""
        own = [name for name in self.method.order if name not in ("project", "zone", "region")]
        own = [name for name in own if f"{{{name}}}" in self.method.path]
        return str(self.params[own[-1]]) if own else ""

    @property
    def now(self) -> float:
        """Seconds since the epoch, by the bed's clock."""
        return self.project.now

    def target(self) -> Resource:
        """What the path names. Raises GceError where it is not there."""
        return self.project.find(self.collection, self.scope, self.name)

    def refer(self, project: str, scope: str, collection: str, name: str) -> Resource:
        """A resource that the body names, in whatever project. Raises GceError where it is not there."""
        there = self.bed.projects.get(project)
        if there is None:
            raise not_found(f"projects/{project}/{scope}/{collection}/{name}")
        return there.find(collection, scope, name)


Serve = Callable[[Call], dict[str, Any]]
Making = Callable[[Call, dict[str, Any]], None]
Step = Callable[[Call, Resource], None]
Rule = TypeVar("Rule", bound=Callable[..., Any])

SERVED: dict[str, Serve] = {}
MAKING: dict[str, list[Making]] = defaultdict(list)
MADE: dict[str, list[Step]] = defaultdict(list)
FREEING: dict[str, list[Step]] = defaultdict(list)
GONE: dict[str, list[Step]] = defaultdict(list)


def serves(*methods: str) -> Callable[[Rule], Rule]:
    """Does what these methods do, and answers."""

    def register(rule: Rule) -> Rule:
        SERVED.update(dict.fromkeys(methods, rule))
        return rule

    return register


def making(*collections: str) -> Callable[[Rule], Rule]:
    """Is given the body before anything is made; may complete it, or raise GceError."""
    return _listed(MAKING, collections)


def made(*collections: str) -> Callable[[Rule], Rule]:
    """Is given what was made, at the end of its operation."""
    return _listed(MADE, collections)


def freeing(*collections: str) -> Callable[[Rule], Rule]:
    """May raise GceError before something is deleted."""
    return _listed(FREEING, collections)


def gone(*collections: str) -> Callable[[Rule], Rule]:
    """Is given what was deleted, at the end of its operation."""
    return _listed(GONE, collections)


def _listed(rules: dict[str, list[Any]], collections: tuple[str, ...]) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        for collection in collections:
            rules[collection].append(rule)
        return rule

    return register
