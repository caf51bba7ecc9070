"""The calls that are being made: while one takes long, people read what it waits for, and how long yet."""

from collections.abc import Callable

from attrs import define, field

from portinfra.execution.task import Task
from portinfra.model.change import Step
from portinfra.provider.interface import Call

LONG_SECONDS = 10.0
"""Progress reports a call that takes longer, and reports it again after as long."""


@define
class UnderWay:
    """The calls under way, one for a step at most."""

    tell: Callable[..., None]
    """Reports progress of a step."""

    _calls: dict[Step, tuple[Task, Call, float]] = field(init=False, factory=dict)

    def begin(self, task: Task, call: Call, now: float) -> None:
        """Note that a call of a step is being made."""
        self._calls[task.step] = task, call, now

    def end(self, task: Task) -> None:
        """Note that it has ended."""
        self._calls.pop(task.step, None)

    def report(self, now: float) -> None:
        """Tell of each call that takes long."""
        for task, call, began in self._calls.values():
            waited = now - began
            if waited >= LONG_SECONDS:
                message = call.awaits.text(waited) if call.awaits else f"waiting for {call.action}"
                self.tell(task, None, message, waits=True, waited=waited)
