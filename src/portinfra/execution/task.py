"""One step of a plan on its way."""

from typing import Any

from attrs import define, field

from portinfra.model.observed import Observed
from portinfra.model.plan import Step
from portinfra.model.resources import Spec


@define
class Task:
    """One step under way."""

    step: Step
    want: Spec | None
    missing: int
    """Steps before it that are not done."""
    started: float = 0.0
    calls: int = 0
    tries: int = 0
    """Failed tries since the last progress."""
    excused: int = 0
    """Calls that were refused for a moment, while the run moved on."""
    taken: int = 0
    """Of these, those that found the name taken."""
    last: Exception | None = None
    """The last error of a call of its own."""
    faults: int = 0
    """How often this step made it, and it failed after it was accepted."""
    may_fail: bool = False
    """Whether this step has made or changed it since the last fault: only then is a fault a new one."""
    before: Observed[Any] | None = None
    """What was seen at the last progress: progress is a resource that is nearer to what is wanted."""
    accepted: set[str] = field(factory=set)
    """The actions that were accepted since then."""
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
