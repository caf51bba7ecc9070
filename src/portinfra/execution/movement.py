"""Whether a run moves on as a whole: a provider takes only so much at once, and refuses the rest."""

from collections.abc import Iterable

from attrs import define, field

from portinfra.errors import RateLimited, Unavailable
from portinfra.execution.task import Task
from portinfra.model.change import Step
from portinfra.provider.interface import Call

TRIES_MAX = 6
"""As many failed tries of a step count while the run moves on: enough for a pause of 16 seconds, and few
enough to leave some patience for when the run stops.
"""


@define
class Movement:
    """What one run has achieved, for the steps that are refused meanwhile."""

    _accepted: int = 0
    _known: dict[Step, int] = field(factory=dict)
    """Step → the number of accepted calls when it was refused last."""

    def note(self) -> None:
        """Remember that a call was accepted."""
        self._accepted += 1

    def excuses(self, task: Task, call: Call, error: Exception, under_way: Iterable[Task]) -> bool:
        """Return whether a refusal is no failed try of its step.

        It is none if the provider has accepted other calls since the last try, or if what the same action
        began for another step is `under_way`: 5 copies of snapshots, one change of a network.
        """
        if not isinstance(error, RateLimited | Unavailable) or call.place is not None:
            return False
        moved = self._accepted > self._known.get(task.step, -1)
        self._known[task.step] = self._accepted
        return moved or any(call.action in each.accepted for each in under_way if each is not task)
