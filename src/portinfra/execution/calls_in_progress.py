"""The calls and checks in progress. A report shows what each long one waits for, and for how long."""

from collections.abc import Callable

from attrs import field

from portinfra.execution.task import Task
from portinfra.execution.waits import LONG_SECONDS
from portinfra.model.change import Step
from portinfra.model.progress import Awaited
from portinfra.provider.interface import Call
from portinfra.value import define


@define
class CallsInProgress:
    """The calls and checks in progress, at most one for each step."""

    tell: Callable[..., None]
    """Reports progress of a step."""

    _begun: dict[Step, tuple[Task, Callable[[float], str], float]] = field(init=False, factory=dict)

    def begin(self, task: Task, call: Call, now: float) -> None:
        """Record that a call of a step begins."""
        text = call.awaits.text if call.awaits else lambda waited: f"waiting for {call.action}"
        self._begun[task.step] = task, text, now

    def begin_check(self, task: Task, left: float, now: float) -> None:
        """Record that a check of a host begins. Its step fails after `left` seconds."""
        awaited = Awaited("the check whether it is ready", "the step fails", left)
        self._begun[task.step] = task, awaited.text, now

    def end(self, task: Task) -> None:
        """Record that the call or the check of a step has ended."""
        self._begun.pop(task.step, None)

    def report(self, now: float) -> None:
        """Report each call and each check that has taken long so far."""
        for task, text, began in self._begun.values():
            waited = now - began
            if waited >= LONG_SECONDS:
                self.tell(task, None, text(waited), waits=True, waited=waited)
