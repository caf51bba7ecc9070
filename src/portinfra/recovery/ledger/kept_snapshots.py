"""The entries of a ledger about kept snapshots of volumes that a takeover replaced. Pure."""

from collections.abc import Iterable
from typing import Any, Final

from portinfra.model.observed import Observed
from portinfra.model.plain import Document
from portinfra.recovery.ledger.ledger import Entry
from portinfra.recovery.ledger.takeovers import short_id
from portinfra.value import frozen

KIND: Final = "kept"


@frozen
class KeptEntry:
    """Snapshots that one takeover made before it replaced volumes of its end."""

    id: str
    """The end of the snapshots' names."""
    takeover: str
    data: str
    """A short id of the data that replaced the volumes."""
    until: float
    """In seconds since 1970, by the clock of that end. portinfra does not remove the snapshots earlier."""
    entry: Entry
    volumes: tuple[str, ...] = ()
    """The ids that the provider gave the volumes of the snapshots, shortened by `short_id`; empty: an earlier
    version wrote the entry.
    """

    def is_replaced(self, volume: Observed[Any] | None) -> bool:
        """Return whether another volume has replaced a volume of the snapshots since."""
        return volume is None or short_id(volume.id) not in self.volumes

    def is_over(self, now: float) -> bool:
        """Return whether the time of the snapshots is over, by the clock of that end."""
        return self.until <= now


def kept_entry(id: str, takeover: str, data: str, now: float, seconds: float) -> Document:
    """Return the fields of an entry for snapshots that stay for `seconds` from now."""
    return {
        "kind": KIND,
        "id": id,
        "takeover": takeover,
        "data": data,
        "until": round(now + seconds, 3),
        "open": False,
    }


def read_kept(entries: Iterable[Entry]) -> tuple[KeptEntry, ...]:
    """Return the entries about kept snapshots, the oldest first."""
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
