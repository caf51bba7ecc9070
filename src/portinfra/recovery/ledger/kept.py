"""The entries of a ledger about snapshots of volumes that a takeover replaced, and until when they stay.

Where the provider tells its time, a snapshot stays until then. Elsewhere no one confirms the clock of the
machine that runs portinfra, and one wrong clock must remove nothing. So there the ledger counts the time that
passes between two looks at an entry. A step forward that is longer than `STEP_SECONDS` counts for nothing:
the clock may have jumped, or another machine may have another time. A step back is subtracted, whatever its
length: steps forward to that time may have counted. So looks by several machines count at most one
`STEP_SECONDS` too much for each further clock. Pure.
"""

from collections.abc import Iterable
from typing import Any, Final

from attrs import evolve, frozen

from portinfra.model.observed import Observed
from portinfra.model.plain import Document
from portinfra.recovery.ledger.ledger import Entry
from portinfra.recovery.ledger.takeovers import mark

KIND: Final = "kept"

STEP_SECONDS = 25 * 3600.0
"""The longest time between two looks that counts: looks once a day count."""

PAUSE_SECONDS = 3600.0
"""A look that follows sooner writes nothing."""

WEEK_SECONDS = 7 * 24 * 3600.0
"""How long snapshots of an earlier version stay, which did not write it."""


@frozen
class KeptEntry:
    """Snapshots that one takeover made before it replaced volumes of its end."""

    id: str
    """The names of the snapshots end with it."""
    takeover: str
    data: str
    """A short word for the data that replaced the volumes."""
    until: float
    """In seconds since 1970, by the clock of that end. Retention removes the snapshots then."""
    entry: Entry
    seconds: float = WEEK_SECONDS
    """How long they stay."""
    counted: float = 0.0
    """The seconds that have passed between looks, where no one confirms the clock."""
    looked: float | None = None
    """The time of the last look, by the clock of its machine."""
    volumes: tuple[str, ...] = ()
    """The ids, by `mark`, that the provider gave the volumes of the snapshots; empty: an earlier version
    wrote the entry.
    """

    def is_replaced(self, volume: Observed[Any] | None) -> bool:
        """Return whether a volume of the snapshots is another one since, as it is seen now."""
        return volume is None or mark(volume.id) not in self.volumes

    def is_over(self, now: float) -> bool:
        """Return whether their time is over, by a clock that a provider confirms."""
        return self.until <= now

    def is_counted_out(self, now: float) -> bool:
        """Return whether their time is over by the clock, and between looks, too."""
        return self.is_over(now) and self.counted >= self.seconds

    def look(self, now: float) -> "KeptEntry":
        """Return the entry after a look at a time of a clock that no one confirms."""
        step = 0.0 if self.looked is None else now - self.looked
        if self.looked is not None and abs(step) < PAUSE_SECONDS:
            return self
        counted = self.counted + (step if step <= STEP_SECONDS else 0.0)
        return evolve(self, counted=max(0.0, counted), looked=now)

    @property
    def said(self) -> Document:
        """Return what the entry says after a look."""
        return {**self.entry.said, "counted": round(self.counted, 3), "looked": self.looked}


def kept_entry(id: str, takeover: str, data: str, now: float, seconds: float) -> Document:
    """Return what the entry of snapshots says that stay for so many seconds from now."""
    return {
        "kind": KIND,
        "id": id,
        "takeover": takeover,
        "data": data,
        "until": round(now + seconds, 3),
        "seconds": seconds,
        "looked": round(now, 3),
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
            float(entry.said.get("seconds", WEEK_SECONDS)),
            float(entry.said.get("counted", 0.0)),
            entry.said.get("looked"),
            tuple(str(entry.said.get("of", "")).split()),
        )
        for entry in entries
        if entry.kind == KIND
    )
