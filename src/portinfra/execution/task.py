"""One step of a plan on its way."""

from attrs import define

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
    """In a row, without anything changing."""
    taken: int = 0
    """Of these, those that found the name taken."""
    last: Exception | None = None
    """The last error of a call of its own."""
    faults: int = 0
    written: float | None = None
    """When its last write ended: lists may be stale for a while after."""
    waiting_since: float | None = None

    @property
    def kind(self) -> tuple[str, str]:
        """What takes about as long as others of its kind: `converge` of an `instance`."""
        return self.step.phase, self.step.address.kind
