"""Recovery points: data of one moment. A point exists when its manifest says so, and its snapshots are in the
target, or its data in the vault.
"""

from collections.abc import Iterable
from typing import Any

from attrs import frozen

from portinfra.model.address import Address
from portinfra.model.observed import Observation
from portinfra.model.plain import Document, JsonObject
from portinfra.model.resources import Snapshot
from portinfra.recovery.groups import digest
from portinfra.recovery.ledger.ledger import Entry

KIND = "point"


@frozen
class Point:
    """One point of one group, as its manifest tells of it."""

    entry: Entry
    id: str
    group: str
    taken: float
    """Seconds since the epoch, by the source's clock: no later than the moment of the data. `Ages` judges
    whether to believe it.
    """
    engine: str
    count: int
    """How many volumes."""
    digest: str
    """Of their names."""
    topology: str
    """Digest of the declaration that it was taken of."""
    carried: bool
    """Whether all of it arrived: until then it is no point yet."""

    @property
    def number(self) -> int:
        """Its number in the ledger. Of two points, the one with the higher number is newer."""
        return self.entry.number

    @property
    def is_in_vault(self) -> bool:
        """Whether all of it lies in the vault, from which it can be brought."""
        return self.carried and bool(self.entry.said.get("manifest"))

    def parts(self, there: Observation) -> dict[Address, str]:
        """Volume → the native id of its snapshot in the target; nothing unless all of it has arrived."""
        found = {
            volume_of(address): seen.id
            for address, seen in there.resources.items()
            if isinstance(seen.spec, Snapshot) and id_of(address) == self.id and seen.state == "ready"
        }
        whole = self.carried and len(found) == self.count and digest(found) == self.digest
        return found if whole else {}


def manifest(id: str, group: str, taken: float, volumes: Iterable[Address], **more: Any) -> Document:
    """What an entry says of a point that is not carried yet."""
    names = sorted(volumes)
    said = {"kind": KIND, "id": id, "group": group, "taken": round(taken, 3), "open": True}
    return {**said, "count": len(names), "digest": digest(names), **more}


def points(entries: Iterable[Entry]) -> list[Point]:
    """The points among a ledger's entries, the newest first."""
    found = [_point(entry) for entry in entries if entry.kind == KIND]
    return sorted(found, key=lambda point: -point.number)


def _point(entry: Entry) -> Point:
    said: JsonObject = entry.said
    return Point(
        entry,
        said["id"],
        said["group"],
        said["taken"],
        said.get("engine", ""),
        said["count"],
        said["digest"],
        said.get("topology", ""),
        not entry.open,
    )


def snapshot_name(volume: Address, id: str) -> str:
    """What the snapshot of a volume is called that belongs to a point."""
    return f"{volume.name}-{id}"


def id_of(snapshot: Address) -> str:
    """The point that a snapshot belongs to."""
    return snapshot.name.rpartition("-")[2]


def volume_of(snapshot: Address) -> Address:
    """The volume, in the source, that a snapshot is of."""
    return Address(f"volume.{snapshot.name.rpartition('-')[0]}")


def new_id(now: float, taken: Iterable[str]) -> str:
    """An id that sorts by time and is like none that there is."""
    known, second = set(taken), int(now)
    while (id := f"{second:08x}") in known:
        second += 1
    return id
