"""The progress of a run as a whole. A provider accepts a limited number of operations at once."""

from collections.abc import Iterable

from attrs import field

from portinfra.errors import RateLimited, Unavailable
from portinfra.execution.task import Task
from portinfra.model.change import Step
from portinfra.provider.interface import Call
from portinfra.value import define

TRIES_MAX = 6
"""The most failed tries of a step that count while the run makes progress.

They are enough for a pause of 16 seconds, and leave some tries for the time when the run makes no progress.
"""


@define
class Movement:
    """The accepted calls of one run, for the steps that the provider refuses meanwhile."""

    _accepted: int = 0
    _known: dict[Step, int] = field(factory=dict)
    """The number of accepted calls at the last refusal of each step."""

    def note(self) -> None:
        """Count an accepted call."""
        self._accepted += 1

    def excuses(self, task: Task, call: Call, error: Exception, under_way: Iterable[Task]) -> bool:
        """Return whether a refusal does not count as a failed try of its step.

        It does not count if the provider has accepted other calls since the last try. Nor does it if the same
        action of another step is `under_way`: 5 copies of snapshots, one change of a network.
        """
        if not isinstance(error, RateLimited | Unavailable) or call.place is not None:
            return False
        moved = self._accepted > self._known.get(task.step, -1)
        self._known[task.step] = self._accepted
        return moved or any(call.action in each.accepted for each in under_way if each is not task)
