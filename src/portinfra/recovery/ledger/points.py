"""Recovery points: data of one moment. A point exists when its manifest says so, and its snapshots are in the
target, or its data is in the vault.
"""

from collections.abc import Iterable
from typing import Any

from portinfra.model.address import Address
from portinfra.model.observed import Observation
from portinfra.model.plain import Document, JsonObject
from portinfra.model.resources import Snapshot
from portinfra.recovery.groups import digest
from portinfra.recovery.ledger.ledger import Entry
from portinfra.value import frozen

KIND = "point"


@frozen
class Point:
    """One point of one group, as its manifest describes it."""

    entry: Entry
    id: str
    group: str
    taken: float
    """Seconds since 1970, by the source's clock: no later than the moment of the data. `Ages` judges whether
    to accept it.
    """
    engine: str
    count: int
    """The number of its volumes."""
    digest: str
    """The digest of the names of its volumes."""
    topology: str
    """The digest of the declaration at the time of the capture."""
    carried: bool
    """Whether all of it arrived: until then it is not a point yet."""

    @property
    def number(self) -> int:
        """Its number in the ledger. Of two points, the one with the higher number is newer."""
        return self.entry.number

    @property
    def is_in_vault(self) -> bool:
        """Whether the vault has all of it, so that it can be fetched from there."""
        return self.carried and bool(self.entry.said.get("manifest"))

    def parts(self, observed: Observation) -> dict[Address, str]:
        """Return volume → the native id of its snapshot in the target; empty unless all of it has arrived."""
        found = {
            volume_of(address): seen.id
            for address, seen in observed.resources.items()
            if isinstance(seen.spec, Snapshot) and id_of(address) == self.id and seen.state == "ready"
        }
        whole = self.carried and len(found) == self.count and digest(found) == self.digest
        return found if whole else {}


def manifest(id: str, group: str, taken: float, volumes: Iterable[Address], **more: Any) -> Document:
    """Return the fields of an entry for a point that has not arrived yet."""
    names = sorted(volumes)
    fields = {"kind": KIND, "id": id, "group": group, "taken": round(taken, 3), "open": True}
    return {**fields, "count": len(names), "digest": digest(names), **more}


def points(entries: Iterable[Entry]) -> list[Point]:
    """Return the points among the entries of a ledger, the newest first."""
    found = [_point(entry) for entry in entries if entry.kind == KIND]
    return sorted(found, key=lambda point: -point.number)


def _point(entry: Entry) -> Point:
    fields: JsonObject = entry.said
    return Point(
        entry,
        fields["id"],
        fields["group"],
        fields["taken"],
        fields.get("engine", ""),
        fields["count"],
        fields["digest"],
        fields.get("topology", ""),
        not entry.open,
    )


def snapshot_name(volume: Address, id: str) -> str:
    """Return the name of the snapshot of a volume that belongs to a point."""
    return f"{volume.name}-{id}"


def id_of(snapshot: Address) -> str:
    """Return the id of the point that a snapshot belongs to."""
    return snapshot.name.rpartition("-")[2]


def volume_of(snapshot: Address) -> Address:
    """Return the volume in the source that a snapshot is of."""
    return Address(f"volume.{snapshot.name.rpartition('-')[0]}")


def new_id(now: float, taken: Iterable[str]) -> str:
    """Return an id that sorts by time and differs from all `taken` ones."""
    known, second = set(taken), int(now)
    while (id := f"{second:08x}") in known:
        second += 1
    return id
