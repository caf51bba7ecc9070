"""The entries of a ledger about kept snapshots: of volumes that a takeover replaced. Pure."""

from collections.abc import Iterable
from typing import Any, Final

from attrs import frozen

from portinfra.model.observed import Observed
from portinfra.model.plain import Document
from portinfra.recovery.ledger.ledger import Entry
from portinfra.recovery.ledger.takeovers import mark

KIND: Final = "kept"


@frozen
class KeptEntry:
    """Snapshots that one takeover made before it replaced volumes of its end."""

    id: str
    """The names of the snapshots end with it."""
    takeover: str
    data: str
    """A short word for the data that replaced the volumes."""
    until: float
    """In seconds since 1970, by the clock of that end. No earlier does portinfra remove the snapshots."""
    entry: Entry
    volumes: tuple[str, ...] = ()
    """The ids, by `mark`, that the provider gave the volumes of the snapshots; empty: an earlier version
    wrote the entry.
    """

    def is_replaced(self, volume: Observed[Any] | None) -> bool:
        """Return whether a volume of the snapshots is another one since, as it is seen now."""
        return volume is None or mark(volume.id) not in self.volumes

    def is_over(self, now: float) -> bool:
        """Return whether their time is over, by the clock of that end."""
        return self.until <= now


def kept_entry(id: str, takeover: str, data: str, now: float, seconds: float) -> Document:
    """Return what the entry of snapshots says that stay for so many seconds from now."""
    return {
        "kind": KIND,
        "id": id,
        "takeover": takeover,
        "data": data,
        "until": round(now + seconds, 3),
        "open": False,
    }


def read_kept(entries: Iterable[Entry]) -> tuple[KeptEntry, ...]:
    """Return these entries of a ledger, the oldest first."""
    return tuple(
        KeptEntry(
            str(entry.said["id"]),
            str(entry.said["takeover"]),
            str(entry.said["data"]),
            float(entry.said["until"]),
            entry,
            tuple(str(entry.said.get("of", "")).split()),
        )
        for entry in entries
        if entry.kind == KIND
    )
