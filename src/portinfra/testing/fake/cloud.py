"""The simulator itself: it serves requests, keeps records, and injects faults that a test sets."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from portinfra.testing.fake.account_records import Answer, Book, Given
from portinfra.testing.fake.actions import ACTIONS
from portinfra.testing.fake.api import console, contents
from portinfra.testing.fake.api.account import check_allowed
from portinfra.testing.fake.api.snapshots import write_through
from portinfra.testing.fake.clock import FakeClock
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.parameters import check_request
from portinfra.testing.fake.shapes import AWS, SHAPES, Shape, counts_hosts, rate_classes
from portinfra.testing.fake.store import MemoryStore, Record
from portinfra.testing.fake.time_line import exists, view
from portinfra.testing.fake.unreachable import Unreachable


class FakeCloud:
    """A cloud with a shape. A region `SHAPE/REGION` has that shape instead.

    It calls the hooks outside of the request's transaction. The client gets what they raise. They may kill,
    fork, count, or drop the answer.
    """

    def __init__(self, store: MemoryStore | None = None, shape: Shape = AWS, *, latency: float = 0.0) -> None:
        self.store: MemoryStore = store or MemoryStore()
        self.shape = shape
        self.latency = latency
        """The seconds that each request takes, by the virtual clock."""
        self.clock: FakeClock = FakeClock(self.store)
        self.log: Counter[str] = Counter()
        """Action → the number of requests."""
        self.before_request: Callable[[str, Given], None] | None = None
        """The function that is called with action and parameters, before any effect."""
        self.after_request: Callable[[str, Given, Answer], None] | None = None
        """The function that is called with action, parameters and answer, after the effect."""
        self.unreachable: Unreachable = Unreachable(self.store)
        """The zones that do not answer: `cloud.unreachable.add("us-east-1a")`."""
        self._books: dict[tuple[str, str], Book] = {}

    def request(self, account: str, region: str, action: str, parameters: Given) -> Answer:
        """Serve one request. Raises FakeError for a refused one, which has no effect."""
        self.log[action] += 1
        if self.before_request:
            self.before_request(action, parameters)
        with self.store.transaction():
            answer = self._serve(account, region, action, parameters)
        if isinstance(answer, FakeError):
            raise answer
        if self.after_request:
            self.after_request(action, parameters, answer)
        return answer

    def read_account(self, account: str, region: str) -> None:
        """Read all records of an account in a region, and no others, so that damaged ones are found now.

        Raises sqlite3.DatabaseError for damaged records.
        """
        with self.store.transaction():
            self._book(account, region)

    def shape_of(self, region: str) -> Shape:
        """Return the shape of a region."""
        name, slash, _ = region.partition("/")
        return SHAPES[name] if slash else self.shape

    def ground_truth(self, account: str | None = None, region: str | None = None) -> list[dict[str, Any]]:
        """Return everything that exists, visible or not, from the cloud's own memory.

        Each record has the fields that a client reads, with `kind`, `account` and `region`.
        """
        with self.store.transaction():
            now = self.store.now
            return [
                {"account": owner, "region": place, "kind": kind, **view(record, now)}
                for owner, place, kind, record in self._records(account, region)
                if exists(record, now)
            ]

    def write(self, volume: str, data: bytes | str) -> None:
        """Write on a volume, as its host would."""
        with self.store.transaction():
            contents.write(self.store, volume, data.encode() if isinstance(data, str) else data)
            every = (record for *_, kind, record in self._records() if kind == "snapshot")
            write_through(self.store, every, volume)

    def read(self, id: str) -> bytes:
        """Return the contents of a volume or snapshot."""
        with self.store.transaction():
            return contents.read_contents(self.store, id)

    def print_console(self, instance: str, text: str) -> None:
        """Print a text on the serial console of an instance."""
        with self.store.transaction():
            console.print_on(self.store, instance, text)

    def set_capacity(self, zone: str, machine_type: str, count: int) -> None:
        """Limit how many instances of a machine type a zone can run."""
        self._set("capacity", f"{zone} {machine_type}", count)

    def set_quota(self, kind: str, limit: int) -> None:
        """Limit how many resources of a kind every account may have in a region."""
        self._set("quotas", kind, limit)

    def set_key(self, key: str, state: str) -> None:
        """Set the state of an encryption key in every account: `enabled`, `disabled` or `missing`."""
        self._set("keys", key, state)

    def deny(self, action: str, *, denied: bool = True) -> None:
        """Deny an action to all accounts, or allow it again."""
        self._set("denied", action, denied)

    def fail_next(
        self, kind: str = "instance", reason: str = "the machine broke", code: str = "InsufficientCapacity"
    ) -> None:
        """Accept the next instance, and then let it fail for a reason. Only instances can fail so."""
        with self.store.transaction():
            faults = self.store.get("settings", "faults") or {}
            self._set("faults", kind, [*faults.get(kind, []), [code, reason]])

    def fail_later(
        self, action: str, code: str = "InUse", reason: str = "something uses it", times: int = 1
    ) -> None:
        """Accept the next requests of an action, and let them fail afterwards. Creations cannot fail so."""
        self._set("failing", action, [code, reason, times])

    def publish_image(self, family: str, id: str) -> None:
        """Publish a newer version of an image."""
        self._set("images", id, family)

    def _serve(self, account: str, region: str, action: str, parameters: Given) -> Answer | FakeError:
        """Return the answer or the error. A raised error would also undo the token and the time."""
        self.store.now += self.latency
        book = self._book(account, region)
        mark = self.store.mark()
        try:
            self._take_tokens(book, action, parameters)
            mark = self.store.mark()
            check_request(action, parameters)
            check_allowed(book, action)
            answer = self._act(book, action, parameters)
            failing = self.store.get("settings", "failing") or {}
            code, reason, times = failing.get(action, ("", "", 0))
            if not times:
                return answer
            self.store.undo(mark)
            records = answer.get("records") or [answer["record"]]
            ids = [record["id"] for record in records]
            self.store.put(
                "settings", "failing", {**failing, action: [code, reason, max(0, times - len(ids))]}
            )
            fallen = [book.fall_back(id, action, code, reason)["record"] for id in ids[:times]]
            if "records" not in answer:
                return {"record": fallen[0]}
            others = [self._act(book, action, {**parameters, "id": id})["record"] for id in ids[times:]]
            return {"records": fallen + others}
        except FakeError as error:
            self.store.undo(mark)
            return error

    def _act(self, book: Book, action: str, parameters: Given) -> Answer:
        """Return the answer of an action; for many ids, with a record for each of them."""
        ids = parameters.get("id")
        if not isinstance(ids, list | tuple):
            return ACTIONS[action](book, parameters)
        if action not in book.shape.batches:
            raise FakeError("InvalidRequest", f"{action}: id must be text, as this cloud takes one at a time")
        answers = [ACTIONS[action](book, {**parameters, "id": id}) for id in ids]
        return {"records": [answer["record"] for answer in answers]}

    def _book(self, account: str, region: str) -> Book:
        book = self._books.get((account, region))
        if book is None:
            book = Book(self.store, self.shape_of(region), account, region)
            self._books[account, region] = book
        return book

    def _take_tokens(self, book: Book, action: str, parameters: Given) -> None:
        """Take a token of each rate class, or one for each host."""
        ids = parameters.get("id")
        hosts = len(ids) if isinstance(ids, list | tuple) else 1
        for name in rate_classes(action, book.shape):
            rate = book.shape.rates[name]
            bucket = self.store.get(book.buckets, name)
            now, needed = self.store.now, hosts if counts_hosts(name) else 1
            tokens = rate.bucket
            if bucket:
                tokens = min(rate.bucket, bucket["tokens"] + (now - bucket["moment"]) * rate.per_second)
            if tokens < needed - 1e-6:
                raise FakeError("Throttled", f"too many requests of class {name}")
            self.store.put(book.buckets, name, {"tokens": tokens - needed, "moment": now})

    def _records(
        self, account: str | None = None, region: str | None = None
    ) -> Iterator[tuple[str, str, str, Record]]:
        for table in self.store.tables():
            if table.count("|") == 2:
                owner, place, kind = table.split("|")
                if account in (None, owner) and region in (None, place):
                    for record in self.store.rows(table).values():
                        yield owner, place, kind, record

    def _set(self, setting: str, key: str, value: Any) -> None:
        with self.store.transaction():
            values = self.store.get("settings", setting) or {}
            self.store.put("settings", setting, {**values, key: value})
