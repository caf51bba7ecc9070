"""The reads of a run for what it waits for. One read at a time serves all resources that wait."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import cast

from attrs import field

from portinfra.errors import RateLimited
from portinfra.execution import retry
from portinfra.execution.batched_read import BatchedRead, Interrupted
from portinfra.execution.caller import Caller
from portinfra.execution.loop import Loop
from portinfra.execution.poll_schedule import PollSchedule
from portinfra.execution.schedule import Schedule
from portinfra.execution.task import Task, list_surveyed
from portinfra.execution.workers import Completion
from portinfra.model.address import Address, Scope
from portinfra.model.change import Step
from portinfra.model.observed import Observation, Observed
from portinfra.model.resources import Spec
from portinfra.observation import Reader
from portinfra.provider.own_code import call_method
from portinfra.value import define


@define
class Looks:
    """The reads of one run, one after the other."""

    scope: Scope
    caller: Caller
    loop: Loop
    schedule: Schedule
    there: Callable[[], Mapping[Address, Observed[Spec]]]
    """Returns the existing resources."""
    on_found: Callable[[list[Task], Observation, float], None]
    """Receives what a read found for these tasks, and the moment at which it began."""
    on_failure: Callable[[Task, Exception], None]
    _polls: PollSchedule[Step] = field(init=False)
    _waiting: dict[Step, Task] = field(init=False, factory=dict)
    _looking: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self._polls = PollSchedule(self._now())

    def pause(self, kind: Hashable, waited: float) -> float:
        """Return the seconds until the next read of a resource of a kind, after `waited` seconds."""
        return self._polls.pause(kind, waited)

    def learn(self, kind: Hashable, waited: float) -> None:
        """Record that a resource of a kind was ready after `waited` seconds."""
        self._polls.learn(kind, waited)

    def expect(self, task: Task, due: float, earliest: float = 0.0) -> None:
        """Read the resource of a step at `due`, or from `earliest` on with a read that is due for others."""
        self._waiting[task.step] = task
        self.loop.later(self._polls.expect(task.step, due, earliest), self._look)

    def _now(self) -> float:
        return self.caller.provider.clock.now()

    def _look(self) -> None:
        now = self._now()
        due = [self._waiting[step] for step in self._polls.due(now)]
        if self._looking or not due:
            return
        self._looking = True
        self.loop.later(self._reserve(due, now), self._send, due, BatchedRead(self.caller))

    def _reserve(self, due: Iterable[Task], now: float) -> float:
        """Return when the lists of a read may be called. Their further pages are not reserved."""
        drivers = {type(task.driver): task.driver for task in due}
        reads = (call for driver in drivers.values() for call in call_method(driver.survey, self.scope))
        return max((self.schedule.reserve(call.rates, now) for call in reads), default=now)

    def _send(self, due: list[Task], read: BatchedRead, began: float | None = None) -> None:
        awaited, known = [task.expected for task in due], self.there()
        began = self._now() if began is None else began
        reader = Reader(self.caller.provider, read.ask)
        self.loop.submit(
            lambda completion: self._on_answer(due, read, began, completion),
            lambda: reader.look(self.scope, awaited, known),
        )

    def _on_answer(self, due: list[Task], read: BatchedRead, began: float, completion: Completion) -> None:
        now = self._now()
        if isinstance(completion.error, Interrupted):
            return self._continue(due, read, began, completion.error, now)
        self._looking = False
        for task in due:
            self._polls.leave(task.step)
            del self._waiting[task.step]
        if completion.error is None:
            found = cast(Observation, completion.result)
            self._polls.note_read(len(found.resources))
            self.on_found(due, found, began)
        else:
            action = getattr(completion.error, "action", "")
            failed = list_surveyed(action, self.scope, due)
            for task in due:
                if task in failed:
                    self.on_failure(task, completion.error)
                else:
                    self.expect(task, now)
        next_due = self._polls.next_due()
        if next_due is not None:
            self.loop.later(max(now, next_due), self._look)
        return None

    def _continue(
        self, due: list[Task], read: BatchedRead, began: float, interrupted: Interrupted, now: float
    ) -> None:
        rates = interrupted.call.rates
        if isinstance(interrupted.error, RateLimited):
            self.schedule.slow_down(rates, now)
        again = max(now + retry.delay(read.tries), self.schedule.reserve(rates, now))
        self.loop.later(again, self._send, due, read, began)
