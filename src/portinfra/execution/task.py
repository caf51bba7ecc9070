"""The progress of one step of a plan: what it acts on, and how far it has come."""

from typing import Any

from attrs import define, field

from portinfra.model.address import Scope
from portinfra.model.change import Step
from portinfra.model.observed import Observation, Observed
from portinfra.model.resources import Spec
from portinfra.planning.dry_run import calls_left
from portinfra.planning.retention import zone_of
from portinfra.provider.interface import Driver, Refs
from portinfra.provider.own_code import call_method


@define
class Task:
    """One step under way."""

    step: Step
    want: Spec | None
    known: Spec
    """What is wanted; of a resource that goes, what was seen when the plan was made."""
    driver: Driver[Any]
    refs: Refs
    missing: int
    """Steps before it that are not done."""
    started: float = 0.0
    calls: int = 0
    tries: int = 0
    """Failed tries since the last progress."""
    taken: int = 0
    """Of these, those that found the name taken."""
    equal: int = 0
    """The last of these that had the same text."""
    excused: int = 0
    """Calls that were refused for a moment, while the run moved on."""
    last: Exception | None = None
    """The last error of a call of its own."""
    faults: int = 0
    """How often this step made it, and it failed after it was accepted."""
    may_fail: bool = False
    """Whether this step has made or changed it since the last fault: only then is a fault a new one."""
    before: Observed[Spec] | None = None
    """What was seen at the last progress: progress is a resource that is nearer to what is wanted."""
    accepted: set[str] = field(factory=set)
    """The actions that were accepted since then."""
    changed: bool = False
    """Whether the provider accepted any call of this step."""
    untried: bool = False
    """Whether the refusal of an equal call ends this step before any call of its own."""
    fell_back: bool = False
    """Whether a call was accepted and then changed nothing."""
    reported: set[str] = field(factory=set)
    """The errors of this step that people were told."""
    written: float | None = None
    """When its last write ended: lists may be stale for a while after."""
    waiting_since: float | None = None
    waits_for: str = ""
    """The reason to wait since then. With another reason, patience begins anew."""

    @property
    def kind(self) -> tuple[str, str]:
        """What takes about as long as others of its kind: `converge` of an `instance`."""
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
    def zones(self) -> frozenset[str]:
        """The zones that the resource, or what it refers to, lies in."""
        spec, world = self.expected.spec, self.refs.seen
        referred = (world[address].spec for address in spec.references() if address in world)
        return frozenset(zone for zone in map(zone_of, (spec, *referred)) if zone)

    def find(self, observation: Observation) -> Observed[Spec] | None:
        """Return the resource from what a read found: under its address or, while it is being renamed, under
        its old one.
        """
        seen, found = self.current, observation.resources.get(self.step.address)
        if found is None and seen is not None and seen.address != self.step.address:
            found = observation.resources.get(seen.address)
        return found

    def note_progress(self) -> bool:
        """Return whether the resource is nearer to what is wanted than ever in this step.

        Then patience begins anew. That a call was accepted is no progress: it may fail afterwards.
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
    """Return the tasks whose resources a kind of read lists; all of them where none is known."""
    surveys = {task.step: call_method(task.driver.survey, scope, [task.expected]) for task in tasks}
    return [task for task in tasks if any(call.action == action for call in surveys[task.step])] or tasks
