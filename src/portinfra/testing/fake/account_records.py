"""The records of one account in one region, with indexes by the fields that refer to others."""

from collections.abc import Iterator, Mapping
from typing import Any

from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.shapes import KINDS, Shape, shown_moment
from portinfra.testing.fake.store import MemoryStore, Record
from portinfra.testing.fake.time_line import FOREVER, body_at, exists, leaving, view

Given = Mapping[str, Any]
Answer = dict[str, Any]

_INDICES: Mapping[str, tuple[str, ...]] = {
    "network": (),
    "subnet": ("network",),
    "firewall": ("network", "peers"),
    "instance": ("network", "subnet", "firewall", "private_address"),
    "volume": ("instance",),
    "public-address": ("instance",),
    "snapshot": ("volume",),
    "claim": (),
}
_PREFIXES = {
    "network": "net",
    "subnet": "sub",
    "firewall": "fw",
    "instance": "i",
    "volume": "vol",
    "public-address": "ip",
    "snapshot": "snap",
    "claim": "claim",
}
FALLS_BACK_SECONDS = 5.0
"""The seconds for which a change that fails looks successful."""

QUOTAS = {**dict.fromkeys((*KINDS, "claim"), 20_000), "network": 50}


class Book:
    """The records of one account in one region. Use it only within a transaction of its store."""

    def __init__(self, store: MemoryStore, shape: Shape, account: str, region: str) -> None:
        self.store = store
        self.shape = shape
        self.account = account
        self.region = region
        self.buckets: str = f"{account} {region} buckets"
        """The table of the tokens that this account has left in this region, by class of rate."""
        self._tables = {kind: f"{account}|{region}|{kind}" for kind in _INDICES}
        self._found: dict[tuple[str, str, str], dict[str, None]] = {}
        for kind, table in self._tables.items():
            store.watch(table, self._indexer(kind))

    @property
    def now(self) -> float:
        """The moment of this request."""
        return self.store.now

    @property
    def place(self) -> str:
        """The region's own name, without a shape: `europe-west1`."""
        return self.region.rpartition("/")[2]

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones of the region."""
        return tuple(self.place + letter for letter in "abcd")

    def settings(self, name: str) -> dict[str, Any]:
        """Return what a test or a user set for the whole cloud: capacities, faults, images."""
        return dict(self.store.get("settings", name) or {})

    # Finding

    def get(self, kind: str, id: str) -> Record:
        """Return the existing record with that id. Raises FakeError `NotFound`."""
        record = self.store.rows(self._tables[kind]).get(id)
        now = self.store.now
        if record is None or not exists(record, now) or now < record["created"] + self._lag(kind):
            raise FakeError("NotFound", f"there is no {kind} {id!r}")
        return record

    def elsewhere(self, region: str, kind: str, id: str) -> Record:
        """Return the record with that id in another region, of the account or shared with it.

        Raises FakeError `NotFound`, also if the account may not read the record: the error does not show that
        it exists.
        """
        for table in self.store.tables():
            owner, _, rest = table.partition("|")
            record = self.store.rows(table).get(id) if rest == f"{region}|{kind}" else None
            if record is None or not exists(record, self.store.now):
                continue
            if self.account in (owner, record["body"].get("shared_with")):
                return record
        raise FakeError("NotFound", f"there is no {kind} {id!r} in {region} that {self.account} may see")

    def find(self, kind: str, field: str, value: str) -> Iterator[Record]:
        """Yield the existing records of a kind with a value in an indexed field, such as `name`."""
        keys = self._found.get((kind, field, value))
        if not keys:
            return
        rows = self.store.rows(self._tables[kind])
        for key in list(keys):
            record = rows[key]
            if exists(record, self.store.now):
                yield record

    def existing(self, kind: str) -> Iterator[Record]:
        """Yield every existing record of a kind, the oldest first."""
        for record in self.store.rows(self._tables[kind]).values():
            if exists(record, self.store.now):
                yield record

    def find_repeated(self, kind: str, token: str) -> Record | None:
        """Return the record that a request with this token created, even if it is gone; None without one."""
        for key in self._found.get((kind, "token", token), ()):
            return self.store.rows(self._tables[kind])[key]
        return None

    def count(self, kind: str) -> int:
        """Return how many records of a kind exist."""
        return sum(1 for _ in self.existing(kind))

    def full(self, kind: str, limit: int) -> bool:
        """Return whether a limit is reached. Rows are an upper bound, so the slow count is rare."""
        return len(self.store.rows(self._tables[kind])) >= limit and self.count(kind) >= limit

    def page(self, kind: str, given: Given) -> Answer:
        """Return one page of a list, as stale as the shape says.

        `zone`, `tag` (key and value) and `prefix` (of the name) select records. `after` is `next` of the last
        page.
        """
        oldest = self.store.now - self.shape.visibility_seconds
        after, zone, tag = given.get("after", ""), given.get("zone"), given.get("tag")
        prefix = given.get("prefix", "")
        silent = set(self.settings("unreachable")) if kind in ("instance", "volume") else set()
        carrier = self.shape.owner.get(kind, "")
        shown: list[dict[str, Any]] = []
        answer: Answer = {"records": shown}
        lingering = self.shape.terminated_seconds if kind == "instance" else 0.0
        for key, record in list(self.store.rows(self._tables[kind]).items()):
            moment = shown_moment(self.shape, self.store.now, key)
            if key <= after or record["created"] > moment:
                continue
            if moment >= record["gone"] + lingering:
                if oldest >= record["gone"] + lingering:
                    self.store.drop(self._tables[kind], key)
                continue
            body = record["body"]
            if (zone and body["zone"] != zone) or (silent and body.get("zone") in silent):
                continue
            if prefix and not body["name"].startswith(prefix):
                continue
            if tag and body_at(record, moment)[carrier].get(tag[0]) != tag[1]:
                continue
            if len(shown) == self.shape.page_size:
                answer["next"] = shown[-1]["id"]
                break
            shown.append(view(record, moment))
        if silent:
            answer["unreachable"] = sorted(silent.intersection(self.zones))
        return answer

    # Changing

    def add(self, kind: str, body: dict[str, Any], fault: str = "", code: str = "") -> Answer:
        """Create a record. `admit` has already checked its name and its owner."""
        self.store.serial += 1
        now = self.store.now
        body["id"] = key = f"{_PREFIXES[kind]}-{self.store.serial:08x}"
        record: Record = {
            "kind": kind,
            "body": body,
            "was": [],
            "created": now,
            "ready": now + self.shape.pending.get(kind, 0.0),
            "deleted": FOREVER,
            "gone": FOREVER,
            "fault": fault,
            "fault_code": code,
        }
        self.store.put(self._tables[kind], key, record)
        return {"record": view(record, now)}

    def change(self, record: Record, **fields: Any) -> Answer:
        """Change fields of a record. Lists show the old values for a while."""
        now = self.store.now
        horizon = now - self.shape.visibility_seconds
        was = [past for past in record["was"] if past[0] > horizon]
        changed = {
            **record,
            "failed_change": None,
            "body": {**record["body"], **fields},
            "was": [*was, [now, record["body"]]],
        }
        self.store.put(self._tables[record["kind"]], changed["body"]["id"], changed)
        return {"record": view(changed, now)}

    def fall_back(self, id: str, action: str, code: str, reason: str) -> Answer:
        """Accept a change that fails: after a while, the record is as before."""
        kind = next(kind for kind, prefix in _PREFIXES.items() if id.startswith(f"{prefix}-"))
        now = self.store.now
        until = now + FALLS_BACK_SECONDS
        failed = {"action": action, "since": now, "until": until, "code": code, "reason": reason}
        record: Record = {**self.get(kind, id), "failed_change": failed}
        self.store.put(self._tables[kind], id, record)
        return {"record": view(record, now)}

    def remove(self, record: Record) -> Answer:
        """Begin to delete a record, or continue."""
        now = self.store.now
        kind = record["kind"]
        if not leaving(record):
            gone = now + self.shape.deleting.get(kind, 0.0)
            record = {**record, "deleted": now, "gone": gone}
            self.store.put(self._tables[kind], record["body"]["id"], record)
        return {"record": view(record, now)}

    def _lag(self, kind: str) -> float:
        return 0.0 if kind == "claim" else self.shape.reference_lag_seconds

    def _indexer(self, kind: str) -> Any:
        fields = ("name", "token", *_INDICES[kind])
        found = self._found

        def index(before: Record | None, after: Record | None) -> None:
            old, new = before["body"] if before else {}, after["body"] if after else {}
            key = (new or old)["id"]
            for field in fields:
                was, now = old.get(field), new.get(field)
                if was == now:
                    continue
                for value in _values(was):
                    keys = found[kind, field, value]
                    del keys[key]
                    if not keys:
                        del found[kind, field, value]
                for value in _values(now):
                    found.setdefault((kind, field, value), {})[key] = None

        return index


def _values(value: Any) -> Any:
    if isinstance(value, list):
        return dict.fromkeys(value)
    return (value,) if value else ()
