"""The entries of a ledger about drills."""

from collections.abc import Iterable
from typing import Final, Literal

from portinfra.model.plain import JsonObject
from portinfra.recovery.ledger.ledger import Entry
from portinfra.value import frozen

KIND: Final = "drill"


@frozen
class DrillEntry:
    """A drill that has ended, as the ledger records it."""

    id: str
    began: str
    """UTC, ISO 8601, by the target's clock."""
    result: Literal["passed", "failed", "inconclusive", "swept"]
    """`swept`: it died, or left resources, and a sweep removed them."""
    rto_measured: float | None
    """Seconds; None where it never came up completely."""


def ended_drills(entries: Iterable[Entry]) -> list[DrillEntry]:
    """Return the drills among a ledger's entries that have ended, the oldest first."""
    return [_to_drill(entry.said) for entry in entries if entry.kind == KIND and not entry.open]


def _to_drill(said: JsonObject) -> DrillEntry:
    return DrillEntry(str(said["id"]), str(said["began"]), said["result"], said.get("rto"))
