"""The calls in progress. A report shows for each long call what it waits for, and for how long."""

from collections.abc import Callable

from attrs import define, field

from portinfra.execution.task import Task
from portinfra.model.change import Step
from portinfra.provider.interface import Call

LONG_SECONDS = 10.0
"""A call that takes longer is reported, again and again after this time."""


@define
class CallsInProgress:
    """The calls in progress, at most one for each step."""

    tell: Callable[..., None]
    """Reports progress of a step."""

    _calls: dict[Step, tuple[Task, Call, float]] = field(init=False, factory=dict)

    def begin(self, task: Task, call: Call, now: float) -> None:
        """Record that a call of a step begins."""
        self._calls[task.step] = task, call, now

    def end(self, task: Task) -> None:
        """Record that the call of a step has ended."""
        self._calls.pop(task.step, None)

    def report(self, now: float) -> None:
        """Report each call that takes long."""
        for task, call, began in self._calls.values():
            waited = now - began
            if waited >= LONG_SECONDS:
                message = call.awaits.text(waited) if call.awaits else f"waiting for {call.action}"
                self.tell(task, None, message, waits=True, waited=waited)
