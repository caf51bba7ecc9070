"""The progress of one step of a plan."""

from typing import Any

from attrs import field

from portinfra.model.address import Scope
from portinfra.model.change import Step
from portinfra.model.observed import Observation, Observed
from portinfra.model.resources import Spec
from portinfra.planning.dry_run import calls_left
from portinfra.planning.retention import zone_of
from portinfra.provider.interface import Driver, Refs
from portinfra.provider.own_code import call_method
from portinfra.value import define

REPORT_SECONDS = 10.0
"""The seconds between two reports of one wait."""


@define
class Task:
    """One step, with its resource and its progress."""

    step: Step
    want: Spec | None
    known: Spec
    """The wanted resource; for a deletion, the resource as the plan saw it."""
    driver: Driver[Any]
    refs: Refs
    missing: int
    """The number of steps before it that are not done."""
    removals: int = 0
    """How often the run had seen it deleted when `want` got the settings of its creation."""
    started: float = 0.0
    calls: int = 0
    alone: bool = False
    """Whether its calls are never joined with others: a request that joined one was refused."""
    tries: int = 0
    """Failed tries since the last progress."""
    taken: int = 0
    """The number of these tries in which the name was taken."""
    equal: int = 0
    """The number of the last of these tries whose errors have the same text."""
    excused: int = 0
    """The number of calls that were refused while the run made progress, or together with others."""
    last: Exception | None = None
    """The last error of a call of this step."""
    faults: int = 0
    """The number of times that this step created the resource, and it failed later."""
    may_fail: bool = False
    """Whether this step has changed the resource since the last fault. Only then is a fault a new one."""
    before: Observed[Spec] | None = None
    """The resource at the last progress. Progress is a resource that needs fewer calls."""
    accepted: set[str] = field(factory=set)
    """The actions that the provider accepted since then."""
    changed: bool = False
    """Whether the provider accepted any call of this step."""
    untried: bool = False
    """Whether the refusal of an equal call ends this step before any call of its own."""
    fell_back: bool = False
    """Whether a call was accepted, but changed nothing."""
    reported: set[str] = field(factory=set)
    """The errors of this step that were reported to people."""
    written: float | None = None
    """The end of its last write. Lists may be outdated for a while after it."""
    left: list[Observed[Spec] | None] = field(factory=list)
    """The states before each accepted call, in order; None: the resource did not exist."""
    doubtful: bool = False
    """Whether a call was refused or lost since the last accepted one. Then only a late read counts."""
    missed: bool = False
    """Whether the last read did not find its resource."""
    waiting_since: float | None = None
    waits_for: str = ""
    """The reason to wait since then. With another reason, the time limit begins again."""

    report_due: float = 0.0
    """The moment of the next report of that wait."""

    @property
    def kind(self) -> tuple[str, str]:
        """The group of steps that take about the same time: `converge` of an `instance`."""
        return self.step.phase, self.step.address.kind

    @property
    def current(self) -> Observed[Spec] | None:
        """The resource as it is now."""
        return self.refs.seen.get(self.step.address)

    @property
    def expected(self) -> Observed[Spec]:
        """The resource that a read looks for."""
        return self.current or Observed(self.step.address, self.known)

    @property
    def has_captured(self) -> bool:
        """Whether the wanted resource is a pending snapshot that later writes to its volume do not change."""
        seen = self.current
        return self.want is not None and seen is not None and seen.state == "pending" and seen.captured

    @property
    def zones(self) -> frozenset[str]:
        """The zones of the resource, and of the resources that it refers to."""
        spec, world = self.expected.spec, self.refs.seen
        referred = (world[address].spec for address in spec.references() if address in world)
        return frozenset(zone for zone in map(zone_of, (spec, *referred)) if zone)

    def find(self, observation: Observation) -> Observed[Spec] | None:
        """Return the resource in a read: by its address or, during a rename, by its old one."""
        seen, found = self.current, observation.resources.get(self.step.address)
        if found is None and seen is not None and seen.address != self.step.address:
            found = observation.resources.get(seen.address)
        return found

    def note_wait(self, reason: str, now: float) -> tuple[float, bool]:
        """Record that the step waits. Return the seconds since this wait began, and whether to report it."""
        if self.waiting_since is None or self.waits_for != reason:
            self.waiting_since, self.waits_for, self.report_due = now, reason, now
        is_due = now >= self.report_due
        if is_due:
            self.report_due = now + REPORT_SECONDS
        return now - self.waiting_since, is_due

    def note_progress(self) -> bool:
        """Return whether the resource needs fewer calls than ever in this step. Then the tries begin again.

        An accepted call is no progress: it may fail later.
        """
        seen = self.current
        if not (self.tries or self.accepted) or (seen and (seen.state != "ready" or seen.fault)):
            return False
        left, before = (calls_left(self.driver, self.want, each, self.refs) for each in (seen, self.before))
        if left >= before:
            return False
        self.before = seen
        self.tries = self.taken = self.equal = 0
        self.accepted.clear()
        return True


def list_surveyed(action: str, scope: Scope, tasks: list[Task]) -> list[Task]:
    """Return the tasks whose resources a kind of read lists; all tasks if none is known."""
    surveys = {task.step: call_method(task.driver.survey, scope, [task.expected]) for task in tasks}
    return [task for task in tasks if any(call.action == action for call in surveys[task.step])] or tasks
