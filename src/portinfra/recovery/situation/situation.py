"""The situation of a recovery plan: which end is active, which one waits, and what is under way. Pure.

An *end* is one of the two environments of the plan. An *authority* is one decision about which end is active.
Authorities are ordered, and the newest one is valid.
"""

from typing import Literal

from attrs import field

from portinfra.errors import PortinfraError
from portinfra.recovery.ledger.entries import Unreadable
from portinfra.recovery.ledger.kept_snapshots import KeptEntry
from portinfra.recovery.ledger.runs import Run
from portinfra.recovery.ledger.takeovers import TakeoverEntry
from portinfra.value import frozen

End = Literal["source", "target"]
ENDS: tuple[End, End] = ("source", "target")


def peer_of(end: End) -> End:
    """Return the other end."""
    return "target" if end == "source" else "source"


@frozen(order=True)
class Authority:
    """One decision about which end is active. Of two, the greater one is newer."""

    epoch: int
    """The moment of the decision, in seconds since 1970, and later than every epoch known then."""
    active: End


@frozen
class Takeover:
    """The newest takeover to an end, by the ledger of that end."""

    authority: Authority
    phase: Literal["begun", "restoring", "abandoning", "closed"] = "begun"
    """`restoring`: the volumes and hosts of its end change. `closed`: finished, or abandoned."""
    lost: bool = False
    """Whether it was begun without the other end, which may run."""
    stopped_other: bool = False
    """Whether it has stopped the other end."""
    planned: bool = False
    """Whether it carries a last point from the other end."""


@frozen
class EndFacts:
    """The facts of one end."""

    answers: bool = True
    authority: Authority | None = None
    """The newest decision that its lease has; None: there was no takeover yet."""
    hosts: Literal["on", "off", "unknown", "standby"] = "off"
    """`off`: also where no host exists. `unknown`: a zone does not answer. `standby`: hosts run as the
    recovery plan declares, and the internet does not reach them.
    """
    takeover: Takeover | None = None
    activated: Authority | None = None
    """The last takeover that made this end active: its own volumes had the newest data then."""
    damaged: tuple[Unreadable, ...] = ()
    """Entries of takeovers that cannot be read, and that may not be finished."""
    silent_zones: tuple[str, ...] = ()
    held_by: str = field(default="", eq=False)
    """The run that changes it now; empty: none does."""
    complete: Authority | None = None
    """The newest takeover to this end that stopped the other end, and whose last points brought its data;
    `brought` has their groups.
    """
    brought: frozenset[str] = field(default=frozenset(), eq=False)
    """The groups that `complete` brought, each as the digest of its volumes."""
    groups: frozenset[str] = field(default=frozenset(), eq=False)
    """The declared groups that have volumes here, each as the digest of those volumes."""
    has_volumes: bool = field(default=False, eq=False)
    """Whether volumes of roles in the waves exist here, or may exist where a zone does not answer."""
    kept: tuple[KeptEntry, ...] = field(default=(), eq=False)
    """Its ledger's entries about volumes that takeovers replaced."""
    runs: tuple[Run, ...] = field(default=(), eq=False)
    """Its ledger's entries about drills, takeovers and refreshes, by number."""
    standby_is_refreshed: bool = field(default=False, eq=False)
    """Whether a refresh has kept and replaced all volumes since a takeover brought data to them."""
    standby_is_replaceable: bool = field(default=False, eq=False)
    """Whether its volumes had no data that is nowhere else when hosts of a standby first started there."""
    awaits_point: bool = field(default=False, eq=False)
    """Whether its ledger has a point that is on its way through a vault."""
    starts: str = field(default="", eq=False)
    """A short id of the last starts of its hosts; empty: not known."""
    clock_offset: float | None = field(default=None, eq=False)
    """Seconds that its provider is ahead of this machine; None: not known."""
    turn: TakeoverEntry | None = field(default=None, eq=False)
    """The ledger entry of `takeover`."""
    approved_steps: frozenset[str] = field(default=frozenset(), eq=False)
    """The manual steps of `takeover` that are approved, by name."""
    error: PortinfraError | None = field(default=None, eq=False)
    """Why the end does not answer."""

    @property
    def has_clock(self) -> bool:
        """Whether its provider has a clock."""
        return self.clock_offset is not None

    @property
    def open_runs(self) -> tuple[Run, ...]:
        """The runs that have not ended, or that left resources."""
        return tuple(run for run in self.runs if run.entry.open)


Phase = Literal["active", "taking over", "abandoning", "undecided"]


@frozen
class Situation:
    """Everything that permits or forbids a verb."""

    active: End
    """The end that the newest decision makes active."""
    authority: Authority | None
    """The newest decision; None: there was no takeover yet."""
    phase: Phase
    """`taking over`: its takeover is not finished. `abandoning`: it becomes active again, as a takeover by
    the other end is being abandoned. `undecided`: it does not answer.
    """
    fenced: bool | None
    """Whether the waiting end has the newest decision, and its hosts are off or a standby; None: it does not
    answer.
    """
    holder: End | None
    """The end whose own volumes have the newest data; None: an end does not answer."""
    ends: tuple[EndFacts, EndFacts]
    """The facts of source and target."""

    @property
    def waiting(self) -> End:
        """The end that is not active."""
        return peer_of(self.active)

    @property
    def open(self) -> bool:
        """Whether a takeover, or its abandonment, is not finished."""
        return self.phase in ("taking over", "abandoning")

    @property
    def is_calm(self) -> bool:
        """Whether one end is active, the other one is fenced, and nothing is under way."""
        return self.phase == "active" and self.fenced is True

    def facts(self, end: End) -> EndFacts:
        """Return the facts of an end."""
        return self.ends[ENDS.index(end)]

    def answers(self, end: End) -> bool:
        """Return whether an end answers."""
        return self.facts(end).answers

    @property
    def silent(self) -> tuple[End, ...]:
        """Return the ends that do not answer."""
        return tuple(end for end in ENDS if not self.answers(end))

    @property
    def takeover(self) -> Takeover | None:
        """Return the takeover that is not finished, or is being abandoned."""
        if self.phase == "taking over":
            return _current(self.facts(self.active), self.authority)
        return self.facts(self.waiting).takeover if self.phase == "abandoning" else None

    @property
    def restoring(self) -> bool:
        """Whether the end that takes over has begun to change; a damaged entry does not exclude it."""
        return self.phase == "taking over" and (self.takeover is None or self.takeover.phase == "restoring")

    @property
    def turn(self) -> TakeoverEntry | None:
        """Return the ledger entry of `takeover`."""
        return self._taking_over.turn if self.takeover else None

    @property
    def approved_steps(self) -> frozenset[str]:
        """Return the approved manual steps of `takeover`."""
        return self._taking_over.approved_steps if self.takeover else frozenset()

    @property
    def _taking_over(self) -> EndFacts:
        """Return the facts of the end whose takeover is not finished, or is being abandoned."""
        return self.facts(self.active if self.phase == "taking over" else self.waiting)


def is_contained(now: Situation, end: End) -> bool:
    """Return whether the other end has all data of own volumes of an end.

    It has if the last takeover away from this end stopped it, and then carried a last point of each group
    that has volumes there. A target that was never active has no data of customers.
    """
    here, there = now.facts(end), now.facts(peer_of(end))
    if here.authority is None and here.takeover is None:
        return end == "target"
    is_complete = there.complete is not None and there.complete == here.authority
    return is_complete and here.groups <= there.brought


def is_replaceable(now: Situation, end: End) -> bool:
    """Return whether volumes of an end may be deleted without a kept snapshot. The other end must have all
    their data, and none of their hosts may have started since the stop, unless they run as the declared
    standby: that must have found the volumes so, or a refresh must have kept and replaced them. If no
    takeover has left an end, its hosts may have written on every volume that exists.
    """
    here, there = now.facts(end), now.facts(peer_of(end))
    if here.hosts == "standby" and here.standby_is_refreshed:
        return True
    if not is_contained(now, end):
        return False
    if here.hosts == "standby" and here.standby_is_replaceable:
        return True
    if here.authority is None:
        return not here.has_volumes
    return bool(here.starts) and there.turn is not None and there.turn.starts == here.starts


def classify(source: EndFacts, target: EndFacts) -> Situation:
    """Return the situation for the facts of both ends. Every combination of facts has one."""
    ends = {"source": source, "target": target}
    known = {end: facts for end, facts in ends.items() if facts.answers}
    newest = max((each for facts in known.values() for each in _decisions(facts)), default=None)
    active: End = newest.active if newest else "source"
    here, there = ends[active], ends[peer_of(active)]
    holder: End | None = None
    if len(known) == len(ENDS):
        holder = "target" if _since(target) > _since(source) else "source"
    return Situation(
        active, newest, _phase(here, there, newest), _is_fenced(there, newest), holder, (source, target)
    )


def _decisions(facts: EndFacts) -> list[Authority]:
    found = [facts.authority, facts.takeover.authority if facts.takeover else None]
    return [each for each in found if each]


def _phase(active: EndFacts, waiting: EndFacts, newest: Authority | None) -> Phase:
    left = waiting.takeover if waiting.answers else None
    if left and left.phase == "abandoning" and left.authority == newest:
        return "abandoning"
    if not active.answers:
        return "undecided"
    if _current(active, newest) or active.damaged:
        return "taking over"
    # An active end without any decision in its lease was destroyed, and its lease with it.
    knows = active.authority in (newest, None)
    return "active" if knows and _has_become_active(active, waiting, newest) else "taking over"


def _has_become_active(active: EndFacts, waiting: EndFacts, newest: Authority | None) -> bool:
    """Return whether a ledger records that the newest decision was carried out. The lease does not prove
    that: it has the decision before the end has its data.
    """
    if newest is None or not waiting.answers:
        return True
    returned = waiting.takeover is not None and waiting.takeover.authority == newest
    return returned or (active.activated is not None and active.activated.epoch >= newest.epoch)


def _current(active: EndFacts, newest: Authority | None) -> Takeover | None:
    """Return the takeover to the active end that is not finished."""
    found = active.takeover
    is_open = found and found.authority == newest and found.phase in ("begun", "restoring")
    return found if is_open else None


def _is_fenced(waiting: EndFacts, newest: Authority | None) -> bool | None:
    if not waiting.answers:
        return None
    if newest is None:
        return True  # no takeover happened yet: hosts of the target may run, with blank volumes
    return waiting.authority == newest and waiting.hosts in ("off", "standby")


def _since(facts: EndFacts) -> tuple[int, str]:
    return (facts.activated.epoch, facts.activated.active) if facts.activated else (0, "")
