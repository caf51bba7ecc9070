"""A turn: one environment takes over from another. What was decided of it stands in the target's ledger, and
whoever goes on with it goes on with that.
"""

import base64
import hashlib
from collections.abc import Iterable
from typing import cast

from attrs import frozen

from portinfra.model.evidence import Kind
from portinfra.model.plain import Document, JsonObject
from portinfra.recovery.ledger.ledger import Contents, Entry, Ledger

KIND = "failover"
"""The kind of the ledger's entries that tell of turns, whichever way they go."""

STOOD = "stood"
"""The kind of the entry that follows when the target is up as a whole."""


@frozen
class TakeoverEntry:
    """One turn, as far as it has come."""

    id: str
    occasion: Kind
    epoch: int
    """The epoch that it leads to."""
    began: float
    """Seconds since 1970, by the target's clock; so are all moments here."""
    lost: bool = False
    """Whether the source was given up for lost: nobody asks it for anything."""
    lost_at: float | None = None
    """When it first was."""
    last_point: bool = False
    """Whether one more point is carried once the source is stopped."""
    as_of: float | None = None
    """The moment that it restores the data as of; None: the newest."""
    fetched_at: float | None = None
    """When the data was there that can be fetched before the source is stopped: its downtime begins then. A
    run that continues the takeover later, and fences the source, writes the moment before that.
    """
    fenced_at: float | None = None
    """When the source had stopped: none of its data is newer. None: nobody has stopped it."""
    partly_fenced_at: float | None = None
    """When the source was fenced and zones of it did not answer, which an operator overruled: hosts there may
    have run on. None: this never happened.
    """
    points: tuple[str, ...] = ()
    """What the target's data comes from. Empty until the target begins to change: till then, the newest."""
    selections: int = 0
    """How often other data was selected after the first selection: `--without-point` may select the same data
    twice, with something written between.
    """
    own: tuple[str, ...] = ()
    """The groups, by `mark`, whose own volumes have the newest data, and are kept."""
    blank: tuple[str, ...] = ()
    """The volumes, by `mark`, that begin blank, as an operator accepts."""
    without: tuple[str, ...] = ()
    """The points, by id, that the last operator who named some leaves aside."""
    from_points: bool = False
    """Whether an operator decided that points are used, though own volumes have newer data."""
    insist: bool = False
    """Whether an operator accepts copies under other keys than the declared ones."""
    overruled: tuple[str, ...] = ()
    """The errors of the checks before it that an operator overruled."""
    starts: str = ""
    """A short word for when each host of the other end had last started, when all had stopped; empty: it is
    not known.
    """
    own_starts: str = ""
    """The same of the hosts of this end, when it began; empty: they may have started since they stopped."""
    own_until: float | None = None
    """Until when those volumes were written to; None: they are up to date, or it is not known."""
    contained: bool = False
    """Whether the other end has all that own volumes of this end have. If not, those are kept aside."""
    overwritten: tuple[str, ...] = ()
    """The names of the volumes that it replaced, and that had data which is nowhere else."""
    waits: str = ""
    """The manual step that it waits for, by name; empty: for none."""
    approvals: tuple[str, ...] = ()
    """The approvals that it began with, by id."""
    both_from: float | None = None
    """Since when hosts of both ends may have run, before this takeover; None: no takeover let them."""
    both_until: float | None = None
    """When the end that was overtaken had stopped; None: it is not known."""
    restored: tuple[str, ...] = ()
    """The roles, by `mark`, that have that data. What there is of others is of an earlier time."""
    done: tuple[str, ...] = ()
    """The actions that were done, which are not done twice: by `mark`."""
    abandoned: int = 0
    """The epoch that giving it up leads to; 0: nobody has begun to."""
    open: bool = True
    """Whether it still has to be finished, or given up."""
    number: int = 0
    """Of its entry in the ledger; 0: it has none yet."""

    @property
    def wanted_until(self) -> float:
        """The moment up to which the source's data would have been wanted, where nobody has stopped it."""
        return self.began if self.lost_at is None else self.lost_at

    @property
    def ran_on_from(self) -> float | None:
        """The moment from which hosts of the source may have run on beside the target; None: they were
        stopped.
        """
        moments = [each for each in (self.lost_at, self.partly_fenced_at) if each is not None]
        return min(moments, default=None)

    @property
    def restores(self) -> bool:
        """Whether it is decided which data each group gets: its end may have changed since."""
        return bool(self.points or self.own)

    @property
    def latest(self) -> int:
        """The last epoch that it led to: its own, or that of having been given up."""
        return self.abandoned or self.epoch


def next_epoch(now: float, *known: int) -> int:
    """The epoch of a decision that is made now: the moment itself, in whole seconds, and later than any
    that is known. So it is later than what the other end, which may be silent, has decided before.
    """
    return max([int(now), *(epoch + 1 for epoch in known)])


def mark(name: str) -> str:
    """A short word for the name of an action or role: an entry of the ledger holds little text."""
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode()[:4]


def data_mark(turn: TakeoverEntry) -> str:
    """Return a short word for the data that a takeover restores. Each selection of the data has its own."""
    times = (str(turn.selections),) if turn.selections else ()
    return mark(" ".join((*turn.points, *turn.own, *times)))


def turns(entries: Iterable[Entry]) -> list[TakeoverEntry]:
    """The turns among a ledger's entries, the oldest first."""
    return [_turn(entry) for entry in entries if entry.kind == KIND]


def under_way(known: Iterable[TakeoverEntry], since: int = 0) -> TakeoverEntry | None:
    """The turn that has begun and is not done: the newest, unless an epoch `since` then has overtaken it.

    Older ones that are open still were overtaken, and stay so.
    """
    newest = max(known, key=lambda turn: turn.latest, default=None)
    return newest if newest and newest.open and newest.latest >= since else None


def active_since(entries: Iterable[Entry]) -> int:
    """The number in the ledger at which the target was last up as a whole; 0: never by a turn.

    Points reach it only while the other end stands. One of a later number is newer than what the target has
    of its own, and one of an earlier number is older: no clock is asked, as there are two.
    """
    return max((entry.number for entry in entries if entry.kind == STOOD), default=0)


def activated_number(contents: Contents) -> int:
    """Return the number in the ledger since which its end has its own data; 0: no takeover made it active.

    An entry that cannot be read has its number all the same.
    """
    damaged = (each.number for each in contents.unreadable if each.kind == STOOD)
    return max(active_since(contents.entries), max(damaged, default=0))


def own_data_number(contents: Contents) -> int:
    """Return the number in the ledger of the last takeover that made its end active, or gave roles their data
    there: their hosts may have written on its volumes since. 0: there was none.

    An abandoned takeover counts, too, and so does an entry of a takeover that cannot be read.
    """
    begun = [turn.number for turn in turns(contents.entries) if turn.restored or turn.selections]
    damaged = [each.number for each in contents.unreadable if each.kind == KIND]
    return max([activated_number(contents), *begun, *damaged])


def activate(ledger: Ledger, turn: str) -> None:
    """Write that the target stands, by a turn or alone: what is written there from here on is its own."""
    earlier = [entry for entry in ledger.entries(STOOD) if entry.said["id"] != turn]
    ledger.add({"kind": STOOD, "id": turn})
    for entry in earlier:
        ledger.remove(entry)


def as_said(turn: TakeoverEntry) -> JsonObject:
    """The turn as an entry of the ledger says it, in as few characters as can be."""
    said: Document = {
        "kind": KIND,
        "id": turn.id,
        "occasion": turn.occasion,
        "epoch": turn.epoch,
        "began": round(turn.began, 3),
        "open": turn.open,
        "lost": turn.lost,
        "lost_at": turn.lost_at and round(turn.lost_at, 3),
        "last_point": turn.last_point,
        "as_of": turn.as_of,
        "fetched_at": turn.fetched_at and round(turn.fetched_at, 3),
        "fenced_at": turn.fenced_at and round(turn.fenced_at, 3),
        "partly_fenced_at": turn.partly_fenced_at and round(turn.partly_fenced_at, 3),
        "points": " ".join(turn.points),
        "selections": turn.selections,
        "own": " ".join(turn.own),
        "blank": " ".join(turn.blank),
        "without": " ".join(turn.without),
        "from_points": turn.from_points,
        "insist": turn.insist,
        "overruled": "\n".join(" ".join(each.split()) for each in turn.overruled),
        "starts": turn.starts,
        "own_starts": turn.own_starts,
        "own_until": turn.own_until and round(turn.own_until, 3),
        "v": 2 if turn.own else 0,
        "restored": " ".join(turn.restored),
        "done": " ".join(turn.done),
        "abandoned": turn.abandoned,
        "contained": turn.contained,
        "overwritten": " ".join(turn.overwritten),
        "waits": turn.waits,
        "approvals": " ".join(turn.approvals),
        "both_from": turn.both_from and round(turn.both_from, 3),
        "both_until": turn.both_until and round(turn.both_until, 3),
    }
    return {name: value for name, value in said.items() if value or name in ("open", "epoch", "began")}


def record_turn(ledger: Ledger, turn: TakeoverEntry) -> TakeoverEntry:
    """The turn, once the ledger has it."""
    said = as_said(turn)
    entry = ledger.rewrite(Entry(turn.number, said), said) if turn.number else ledger.add(said)
    return _turn(entry)


def _turn(entry: Entry) -> TakeoverEntry:
    said = entry.said
    return TakeoverEntry(
        id=str(said["id"]),
        occasion=cast(Kind, said["occasion"]),
        epoch=int(said["epoch"]),
        began=float(said["began"]),
        lost=bool(said.get("lost")),
        lost_at=said.get("lost_at"),
        last_point=bool(said.get("last_point")),
        as_of=said.get("as_of"),
        fetched_at=said.get("fetched_at"),
        fenced_at=said.get("fenced_at"),
        partly_fenced_at=said.get("partly_fenced_at"),
        points=tuple(str(said.get("points", "")).split()),
        selections=int(said.get("selections", 0)),
        own=tuple(str(said.get("own", "")).split()),
        blank=tuple(str(said.get("blank", "")).split()),
        without=tuple(str(said.get("without", "")).split()),
        from_points=bool(said.get("from_points")),
        insist=bool(said.get("insist")),
        overruled=tuple(str(said.get("overruled", "")).splitlines()),
        starts=str(said.get("starts", "")),
        own_starts=str(said.get("own_starts", "")),
        own_until=said.get("own_until"),
        restored=tuple(str(said.get("restored", "")).split()),
        done=tuple(str(said.get("done", "")).split()),
        abandoned=int(said.get("abandoned", 0)),
        contained=bool(said.get("contained")),
        overwritten=tuple(str(said.get("overwritten", "")).split()),
        waits=str(said.get("waits", "")),
        approvals=tuple(str(said.get("approvals", "")).split()),
        both_from=said.get("both_from"),
        both_until=said.get("both_until"),
        open=entry.open,
        number=entry.number,
    )
