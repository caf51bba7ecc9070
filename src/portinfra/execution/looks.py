"""The reads of a run for what it waits for. One read at a time serves all resources that wait."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
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
from portinfra.provider.interface import Answer, Call
from portinfra.provider.own_code import call_method
from portinfra.value import define, frozen


@frozen
class Look:
    """One read that was answered."""

    began: float
    """When it began, in seconds by the provider's clock."""
    answers: Mapping[Call, Answer]
    """The answer to each of its calls."""


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
    ends_run: Callable[[Sequence[Task]], bool]
    """Returns whether nothing is left to do once these tasks are ready."""
    last: Look | None = field(init=False, default=None)
    """The last read that was answered, if no write has ended since it began."""
    _outdated: bool = field(init=False, default=False)
    """Whether a write has ended since the current read began."""
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

    def note_write(self) -> None:
        """Record that a call that changes something has ended."""
        self.last, self._outdated = None, True

    def _now(self) -> float:
        return self.caller.provider.clock.now()

    def _look(self) -> None:
        now = self._now()
        due = [self._waiting[step] for step in self._polls.due(now)]
        if self._looking or not due:
            return
        self._looking = True
        self._outdated = False
        self.loop.later(self._reserve(due, now), self._send, due, BatchedRead(self.caller))

    def _reserve(self, due: Iterable[Task], now: float) -> float:
        """Return when the lists of a read may be called. Their further pages are not reserved."""
        drivers = {type(task.driver): task.driver for task in due}
        reads = (call for driver in drivers.values() for call in call_method(driver.survey, self.scope))
        return max((self.schedule.reserve(call.rates, now) for call in reads), default=now)

    def _send(self, due: list[Task], read: BatchedRead, began: float | None = None) -> None:
        awaited, known = [task.expected for task in due], self.there()
        began = self._now() if began is None else began
        whole = self.ends_run(due) and all(self._is_expected(task, began) for task in due)
        reader = Reader(self.caller.provider, read.ask)
        self.loop.submit(
            lambda completion: self._on_answer(due, read, began, completion),
            lambda: reader.look(self.scope, awaited, known, whole=whole),
        )

    def _is_expected(self, task: Task, now: float) -> bool:
        """Return whether a resource should be ready now, as others of its kind were after the same time."""
        usual, since = self._polls.usual(task.kind), task.waiting_since
        return not task.missed and usual is not None and since is not None and now - since >= usual

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
            self.last = None if self._outdated else Look(began, read.answers)
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
