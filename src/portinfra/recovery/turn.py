"""A turn: one environment takes over from another. What was decided of it stands in the target's ledger, and
whoever goes on with it goes on with that.
"""

import hashlib
from collections.abc import Iterable
from typing import Any, cast

from attrs import frozen

from portinfra.model.evidence import Kind
from portinfra.recovery.ledger import Entry, Ledger

KIND = "failover"
"""The kind of the ledger's entries that tell of turns, whichever way they go."""


@frozen
class Turn:
    """One turn, as far as it has come."""

    id: str
    occasion: Kind
    epoch: int
    """The epoch that it leads to."""
    began: float
    """Seconds since the epoch, by the target's clock; so are all moments here."""
    last_point: bool = False
    """Whether one more point is carried once the source is stopped."""
    fenced_at: float | None = None
    """When the source had stopped: none of its data is newer. None: nobody has stopped it."""
    points: tuple[str, ...] = ()
    """What the target's data comes from. Empty until the target begins to change: till then, the newest."""
    restored: tuple[str, ...] = ()
    """The roles, by `mark`, that have that data. What there is of others is of an earlier time."""
    done: tuple[str, ...] = ()
    """The actions that were done, which are not done twice: by `mark`."""
    abandoned: int = 0
    """The epoch that giving it up leads to; 0: nobody has begun to."""
    open: bool = True
    """Whether it still has to be finished, or given up."""
    rto: float | None = None
    """Seconds that it took."""
    number: int = 0
    """Of its entry in the ledger; 0: it has none yet."""

    @property
    def latest(self) -> int:
        """The last epoch that it led to: its own, or that of having been given up."""
        return self.abandoned or self.epoch


def mark(name: str) -> str:
    """A short word for the name of an action or role: an entry of the ledger holds little text."""
    return hashlib.sha256(name.encode()).hexdigest()[:6]


def turns(entries: Iterable[Entry]) -> list[Turn]:
    """The turns among a ledger's entries, the oldest first."""
    return [_turn(entry) for entry in entries if entry.kind == KIND]


def under_way(known: Iterable[Turn]) -> Turn | None:
    """The turn that has begun and is not done.

    An open entry for an epoch that another entry has led to is a start that lost a race, and no turn.
    """
    known = tuple(known)
    done = {turn.epoch for turn in known if not turn.open}
    return next((turn for turn in known if turn.open and turn.epoch not in done), None)


def written(ledger: Ledger, turn: Turn) -> Turn:
    """The turn, once the ledger has it."""
    said: dict[str, Any] = {
        "kind": KIND,
        "id": turn.id,
        "occasion": turn.occasion,
        "epoch": turn.epoch,
        "began": turn.began,
        "open": turn.open,
        "last_point": turn.last_point,
        "fenced_at": turn.fenced_at,
        "points": list(turn.points),
        "restored": list(turn.restored),
        "done": list(turn.done),
        "abandoned": turn.abandoned,
        "rto": turn.rto,
    }
    said = {name: value for name, value in said.items() if value or name in ("open", "epoch", "began")}
    entry = ledger.rewrite(Entry(turn.number, said), said) if turn.number else ledger.add(said)
    return _turn(entry)


def _turn(entry: Entry) -> Turn:
    said = entry.said
    return Turn(
        id=str(said["id"]),
        occasion=cast(Kind, said["occasion"]),
        epoch=int(said["epoch"]),
        began=float(said["began"]),
        last_point=bool(said.get("last_point")),
        fenced_at=said.get("fenced_at"),
        points=tuple(said.get("points", ())),
        restored=tuple(said.get("restored", ())),
        done=tuple(said.get("done", ())),
        abandoned=int(said.get("abandoned", 0)),
        open=entry.open,
        rto=said.get("rto"),
        number=entry.number,
    )
