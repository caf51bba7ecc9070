"""Takeovers: one environment becomes active in place of the other. The target's ledger records their
decisions, and each run that continues a takeover keeps to them.
"""

import base64
import hashlib
from collections.abc import Iterable
from typing import cast

from portinfra.model.evidence import Kind
from portinfra.model.plain import Document, JsonObject
from portinfra.recovery.ledger.ledger import Contents, Entry, Ledger
from portinfra.value import frozen

KIND = "failover"
"""The kind of the ledger's entries about takeovers, in both directions."""

ACTIVATED = "stood"
"""The kind of the entry that follows when the target is completely up."""


@frozen
class TakeoverEntry:
    """One takeover, as far as it has come."""

    id: str
    occasion: Kind
    epoch: int
    """The epoch that the target gets."""
    began: float
    """Seconds since 1970, by the target's clock, as all moments here."""
    lost: bool = False
    """Whether an operator declared the source lost: portinfra makes no call to it."""
    lost_at: float | None = None
    """When an operator first declared that."""
    last_point: bool = False
    """Whether the takeover carries one more point when the source is stopped."""
    as_of: float | None = None
    """The moment whose data it restores; None: the newest."""
    fetched_at: float | None = None
    """When the data had arrived that portinfra fetches before it stops the source: the downtime begins then.
    A run that continues the takeover later, and fences the source, writes the moment before that.
    """
    fenced_at: float | None = None
    """When the source had stopped: none of its data is newer. None: no run has stopped it."""
    partly_fenced_at: float | None = None
    """When the source was fenced although zones of it did not answer, as an operator overruled: hosts there
    may have run on. None: this never happened.
    """
    points: tuple[str, ...] = ()
    """The points that it restores. Empty until the target begins to change; until then, the newest count."""
    selections: int = 0
    """How often data was selected again after the first selection: `--without-point` may select the same data
    twice, with writes in between.
    """
    own: tuple[str, ...] = ()
    """The groups, by `short_id`, whose own volumes have the newest data and are kept."""
    blank: tuple[str, ...] = ()
    """The volumes, by `short_id`, that begin blank, as an operator accepts."""
    without: tuple[str, ...] = ()
    """The ids of the points that the last operator who named some leaves aside."""
    from_points: bool = False
    """Whether an operator decided to use points, although own volumes have newer data."""
    insist: bool = False
    """Whether an operator accepts copies under other keys than the declared ones."""
    overruled: tuple[str, ...] = ()
    """The errors of its readiness checks that an operator overruled."""
    starts: str = ""
    """A short id of the last start of each host of the other end, when all had stopped; empty: not known."""
    own_starts: str = ""
    """The same for the hosts of this end, when it began; empty: they may have started since they stopped."""
    own_until: float | None = None
    """Until when hosts wrote to those volumes; None: not known."""
    contained_data: str = ""
    """The digest of the declared volumes of this end, if the other end had all their data when the takeover
    began. Empty: it had not, or no volume existed. Volumes that are replaced are kept then.
    """
    overwritten: tuple[str, ...] = ()
    """The names of the replaced volumes whose data exists nowhere else."""
    waits: str = ""
    """The name of the manual step that it waits for; empty: none."""
    approvals: tuple[str, ...] = ()
    """The ids of the approvals that it began with."""
    both_from: float | None = None
    """Since when hosts of both ends may have run before this takeover; None: no takeover allowed that."""
    both_until: float | None = None
    """When the overtaken end had stopped; None: not known."""
    restored: tuple[str, ...] = ()
    """The roles, by `short_id`, that have that data. Existing volumes of other roles have older data."""
    done: tuple[str, ...] = ()
    """The actions, by `short_id`, that are done and are not repeated."""
    abandoned: int = 0
    """The epoch that its abandonment leads to; 0: no operator has abandoned it."""
    open: bool = True
    """Whether it still has to be finished or abandoned."""
    number: int = 0
    """The number of its entry in the ledger; 0: it has none yet."""

    @property
    def wanted_until(self) -> float:
        """The moment up to which the source's data is wanted, where no run has stopped it."""
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
        """Whether the data of each group is selected: its end may have changed since."""
        return bool(self.points or self.own)

    @property
    def latest(self) -> int:
        """The last epoch that it led to: its own, or that of its abandonment."""
        return self.abandoned or self.epoch


def next_epoch(now: float, *known: int) -> int:
    """Return the epoch of a decision that is made now: the moment in whole seconds, and later than all
    `known` epochs. So it is also later than earlier decisions of the other end, which may not answer.
    """
    return max([int(now), *(epoch + 1 for epoch in known)])


def short_id(name: str) -> str:
    """Return a short id for a name: an entry of the ledger holds little text."""
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode()[:4]


def data_id(takeover: TakeoverEntry) -> str:
    """Return a short id of the data that a takeover restores. Each selection of data has its own."""
    times = (str(takeover.selections),) if takeover.selections else ()
    return short_id(" ".join((*takeover.points, *takeover.own, *times)))


def list_takeovers(entries: Iterable[Entry]) -> list[TakeoverEntry]:
    """Return the takeovers among a ledger's entries, the oldest first."""
    return [_to_takeover(entry) for entry in entries if entry.kind == KIND]


def find_under_way(known: Iterable[TakeoverEntry], since: int = 0) -> TakeoverEntry | None:
    """Return the takeover that has begun and is not finished; None: there is none.

    Only the newest can be that, unless the epoch `since` has overtaken it. Older open ones were overtaken.
    """
    newest = max(known, key=lambda takeover: takeover.latest, default=None)
    return newest if newest and newest.open and newest.latest >= since else None


def active_since(entries: Iterable[Entry]) -> int:
    """Return the ledger number at which the target was last completely up; 0: no takeover made it active.

    Points arrive there only while the other end is active. A point with a later number is newer than the
    target's own data, and one with an earlier number is older. No clock decides, as there are two.
    """
    return max((entry.number for entry in entries if entry.kind == ACTIVATED), default=0)


def activated_number(contents: Contents) -> int:
    """Return the ledger number since which its end has its own data; 0: no takeover made it active.

    An unreadable entry counts, as it has its number.
    """
    damaged = (each.number for each in contents.unreadable if each.kind == ACTIVATED)
    return max(active_since(contents.entries), max(damaged, default=0))


def own_data_number(contents: Contents) -> int:
    """Return the ledger number of the last takeover that made its end active, or gave roles their data there.
    Their hosts may have written to its volumes since. 0: there was none.

    An abandoned takeover counts too, and so does an unreadable entry of a takeover.
    """
    begun = [
        takeover.number
        for takeover in list_takeovers(contents.entries)
        if takeover.restored or takeover.selections
    ]
    damaged = [each.number for each in contents.unreadable if each.kind == KIND]
    return max([activated_number(contents), *begun, *damaged])


def activate(ledger: Ledger, takeover: str) -> None:
    """Record that the target is active, by a takeover or without one: later writes there are its own data."""
    earlier = [entry for entry in ledger.entries(ACTIVATED) if entry.said["id"] != takeover]
    ledger.add({"kind": ACTIVATED, "id": takeover})
    for entry in earlier:
        ledger.remove(entry)


def takeover_fields(takeover: TakeoverEntry) -> JsonObject:
    """Return the fields of the entry of a takeover, in as few characters as possible."""
    said: Document = {
        "kind": KIND,
        "id": takeover.id,
        "occasion": takeover.occasion,
        "epoch": takeover.epoch,
        "began": round(takeover.began, 3),
        "open": takeover.open,
        "lost": takeover.lost,
        "lost_at": takeover.lost_at and round(takeover.lost_at, 3),
        "last_point": takeover.last_point,
        "as_of": takeover.as_of,
        "fetched_at": takeover.fetched_at and round(takeover.fetched_at, 3),
        "fenced_at": takeover.fenced_at and round(takeover.fenced_at, 3),
        "partly_fenced_at": takeover.partly_fenced_at and round(takeover.partly_fenced_at, 3),
        "points": " ".join(takeover.points),
        "selections": takeover.selections,
        "own": " ".join(takeover.own),
        "blank": " ".join(takeover.blank),
        "without": " ".join(takeover.without),
        "from_points": takeover.from_points,
        "insist": takeover.insist,
        "overruled": "\n".join(" ".join(each.split()) for each in takeover.overruled),
        "starts": takeover.starts,
        "own_starts": takeover.own_starts,
        "own_until": takeover.own_until and round(takeover.own_until, 3),
        "v": 2 if takeover.own else 0,
        "restored": " ".join(takeover.restored),
        "done": " ".join(takeover.done),
        "abandoned": takeover.abandoned,
        "contained_data": takeover.contained_data,
        "overwritten": " ".join(takeover.overwritten),
        "waits": takeover.waits,
        "approvals": " ".join(takeover.approvals),
        "both_from": takeover.both_from and round(takeover.both_from, 3),
        "both_until": takeover.both_until and round(takeover.both_until, 3),
    }
    return {name: value for name, value in said.items() if value or name in ("open", "epoch", "began")}


def record_takeover(ledger: Ledger, takeover: TakeoverEntry) -> TakeoverEntry:
    """Write a takeover to the ledger, and return it with its number."""
    said = takeover_fields(takeover)
    entry = ledger.rewrite(Entry(takeover.number, said), said) if takeover.number else ledger.add(said)
    return _to_takeover(entry)


def _to_takeover(entry: Entry) -> TakeoverEntry:
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
        contained_data=str(said.get("contained_data", "")),
        overwritten=tuple(str(said.get("overwritten", "")).split()),
        waits=str(said.get("waits", "")),
        approvals=tuple(str(said.get("approvals", "")).split()),
        both_from=said.get("both_from"),
        both_until=said.get("both_until"),
        open=entry.open,
        number=entry.number,
    )
