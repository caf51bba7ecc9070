"""The entries of a ledger about snapshots of volumes that a takeover replaced, and until when they stay."""

from collections.abc import Iterable
from typing import Final

from attrs import frozen

from portinfra.model.plain import Document
from portinfra.recovery.ledger.ledger import Entry

KIND: Final = "kept"


@frozen
class Kept:
    """Snapshots that one takeover made before it replaced volumes of its end."""

    id: str
    """The names of the snapshots end with it."""
    takeover: str
    data: str
    """A short word for the data that replaced the volumes."""
    until: float
    """In seconds since 1970, by the clock of that end. Retention removes the snapshots then."""
    entry: Entry


def kept_entry(id: str, takeover: str, data: str, until: float) -> Document:
    """Return what an entry says."""
    return {
        "kind": KIND,
        "id": id,
        "takeover": takeover,
        "data": data,
        "until": round(until, 3),
        "open": False,
    }


def read_kept(entries: Iterable[Entry]) -> tuple[Kept, ...]:
    """Return these entries of a ledger, the oldest first."""
    return tuple(
        Kept(
            str(entry.said["id"]),
            str(entry.said["takeover"]),
            str(entry.said["data"]),
            float(entry.said["until"]),
            entry,
        )
        for entry in entries
        if entry.kind == KIND
    )
