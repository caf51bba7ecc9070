"""The run of a plan: one thread that owns the order, the clock and the results.

Workers make one call each and never sleep. Every wait (for a rate, a retry, a resource that is not ready)
is a due time in a queue here, so a simulated hour costs nothing and a crash at call k means one thing.
"""

import heapq
import itertools
import math
import random
from collections.abc import Callable, Iterable
from typing import Any

from attrs import Factory, define, field

from portinfra.errors import NoCapacity, NotFound, ProviderError, RateLimited, Unavailable
from portinfra.execution import retry
from portinfra.execution.caller import Caller
from portinfra.execution.claim import Claiming
from portinfra.execution.journal import Journal
from portinfra.execution.reaction import Reaction, reaction
from portinfra.execution.schedule import Schedule
from portinfra.execution.workers import Completion, Workers
from portinfra.graph import reverse
from portinfra.model.address import Address
from portinfra.model.observed import Observation, Observed
from portinfra.model.outcome import Fate, StepOutcome
from portinfra.model.plan import Plan, Step
from portinfra.model.progress import Listener, Progress
from portinfra.model.resources import Spec
from portinfra.observation import Reader
from portinfra.planning.dry_run import ask
from portinfra.planning.world import World
from portinfra.provider.interface import DONE, Call, Refs, Refuse, Wait

POLL_SECONDS = 2.0
"""Looks at what is awaited are so far apart, or a multiple of it: one look serves all who wait."""

POLL_SHARE = 0.25
"""The next look comes after this share of the time that has been waited already."""

POLL_MAX_SECONDS = 15.0

PATIENCE_SECONDS = 1200.0
"""What has not become ready by then is taken for stuck."""

FAULTS_MAX = 2
"""What failed after it was accepted is made once more, not for ever."""


@define
class _Task:
    """One step under way."""

    step: Step
    want: Spec | None
    missing: int
    """Steps before it that are not done."""
    started: float = 0.0
    calls: int = 0
    tries: int = 0
    """In a row, without anything changing."""
    faults: int = 0
    written: float | None = None
    """When its last write ended: lists may be stale for a while after."""
    waiting_since: float | None = None


@define
class Coordinator:
    """Runs the steps of one plan to their end."""

    plan: Plan
    caller: Caller
    reader: Reader
    workers: Workers
    journal: Journal
    attempt: str
    claiming: Claiming
    listen: Listener = lambda progress: None
    chance: random.Random | None = None
    """Shuffles what could as well go in another order; None: in the plan's order."""

    _world: World = field(init=False)
    _refs: Refs = field(init=False)
    _schedule: Schedule = field(init=False)
    _tasks: dict[Step, _Task] = field(init=False, factory=dict)
    _followers: dict[Step, list[Step]] = field(init=False)
    _outcomes: dict[Step, StepOutcome] = field(init=False, factory=dict)
    _queue: list[tuple[float, float, int, Callable[[], None]]] = field(init=False, factory=list)
    _waiting: dict[Step, tuple[float, _Task]] = field(init=False, factory=dict)
    _looking: bool = field(init=False, default=False)
    _look_tries: int = field(init=False, default=0)
    _under_way: int = field(init=False, default=0)
    _stopping: bool = field(init=False, default=False)
    _began: float = field(init=False)
    _written: float = field(init=False)
    _count: Any = field(init=False, default=Factory(itertools.count))

    def __attrs_post_init__(self) -> None:
        self._began = self._written = self._clock.now()
        self._world = World(self.plan.observation.resources)
        self._refs = Refs(self.plan.scope, self.attempt, self._world, self._world.removals)
        self._schedule = Schedule(self.plan.catalogue.rates, self._began)
        self._followers = reverse(self.plan.steps)
        for step, before in self.plan.steps.items():
            want = self.plan.wanted[step.address] if step.phase == "converge" else None
            self._tasks[step] = _Task(step, want, len(before))

    @property
    def _clock(self) -> Any:
        return self.caller.provider.clock

    @property
    def last_write(self) -> float:
        """When the last call that changes something ended."""
        return self._written

    def run(self) -> tuple[StepOutcome, ...]:
        """Every step's outcome. After an interrupt: when the calls under way have ended."""
        for task in self._tasks.values():
            if not task.missing:
                self._later(self._began, self._begin, task)
        try:
            self._loop()
        except KeyboardInterrupt:
            self._stopping = True
            self._queue.clear()
            self._loop()
        for step in self._tasks:
            fate: Fate = "interrupted" if self._stopping else "blocked"
            self._outcomes.setdefault(step, StepOutcome(step, fate))
        return tuple(self._outcomes[step] for step in self._tasks)

    # The queue: what is due when, and what has ended.

    def _later(self, due: float, action: Callable[..., None], *arguments: Any) -> None:
        rank = self.chance.random() if self.chance else 0.0
        heapq.heappush(self._queue, (due, rank, next(self._count), lambda: action(*arguments)))

    def _loop(self) -> None:
        while len(self._outcomes) < len(self._tasks):
            now = self._clock.now()
            if not self._stopping:
                self._heartbeat(now)
            while self._queue and self._queue[0][0] <= now and self._under_way < self.workers.size:
                heapq.heappop(self._queue)[3]()
            if self._under_way:
                self._absorb_next(now)
            elif self._queue:
                if self._queue[0][0] > now:
                    self._clock.sleep_until(self._queue[0][0])
            else:
                return

    def _absorb_next(self, now: float) -> None:
        """Wait for a completion, no longer than until the next thing is due."""
        due = self._queue[0][0] if self._queue and self._under_way < self.workers.size else None
        timeout = None if due is None or self._clock.virtual else max(0.0, due - now)
        completion = self.workers.next(timeout)
        if completion is not None:
            self._under_way -= 1
            completion.ticket(completion)

    def _submit(self, ticket: Callable[[Completion], None], work: Callable[[], Any]) -> None:
        self.workers.submit(ticket, work)
        self._under_way += 1

    # A step: begin, ask the driver, call, absorb, until it is done.

    def _begin(self, task: _Task) -> None:
        task.started = self._clock.now()
        self._tell(task, None, "")
        self._advance(task)

    def _advance(self, task: _Task) -> None:
        seen = self._world.get(task.step.address)
        if seen is not None and seen.fault and task.want is not None:
            task.faults += 1
            if task.faults >= FAULTS_MAX:
                return self._end(task, "failed", self._faulty(task, seen.fault))
        answer = ask(self._driver(task), task.want, seen, self._refs)
        if answer is DONE:
            if task.want is None:
                self._world.record(task.step.address, None)
            return self._end(task, "done", None)
        if isinstance(answer, Refuse):
            return self._end(task, "failed", self._refused(task, answer))
        if isinstance(answer, Wait):
            return self._wait(task, answer)
        assert isinstance(answer, Call)
        return self._go(task, answer, self._clock.now())

    def _driver(self, task: _Task) -> Any:
        address = task.step.address
        spec = task.want or self._world_spec(address)
        return self.caller.provider.drivers[type(spec)]

    def _world_spec(self, address: Address) -> Any:
        seen = self._world.get(address)
        return seen.spec if seen is not None else self.plan.observation.resources[address].spec

    def _go(self, task: _Task, call: Call, earliest: float) -> None:
        due = self._schedule.reserve(call.rates, self._clock.now())
        self._later(max(due, earliest), self._send, task, call)

    def _send(self, task: _Task, call: Call) -> None:
        task.calls += 1
        self.journal.write(self._clock.now(), "intent", action=call.action, address=call.address)
        self._submit(
            lambda completion: self._answered(task, call, completion), lambda: self.caller.once(call)
        )

    def _answered(self, task: _Task, call: Call, completion: Completion) -> None:
        now = self._clock.now()
        task.written = self._written = now
        if completion.error is not None:
            self.journal.write(
                now, "error", action=call.action, address=call.address, error=type(completion.error).__name__
            )
            return self._failed(task, call, completion.error)
        seen = self._driver(task).absorb(self._world.get(task.step.address), call, completion.result)
        self.journal.write(
            now, "done", action=call.action, address=call.address, ids=dict(seen.parts) if seen else {}
        )
        self._schedule.answered(call.rates)
        self._world.record(task.step.address, seen)
        task.tries = 0
        task.waiting_since = None
        return self._advance(task) if not self._stopping else None

    def _failed(self, task: _Task, call: Call, error: Exception) -> None:
        now = self._clock.now()
        task.tries += 1
        todo = reaction(error, call, task.tries)
        if todo is Reaction.GIVE_UP:
            return self._end(task, "failed", error)
        if self._stopping:
            return None
        if isinstance(error, RateLimited):
            self._schedule.throttled(call.rates, now)
            self._tell(task, None, "throttled: slowing down")
        again = now + retry.delay(task.tries)
        return self._go(task, call, again) if todo is Reaction.REPEAT else self._look_at(task, again)

    def _end(self, task: _Task, fate: Fate, error: Exception | None) -> None:
        self._conclude(task, fate, error)
        following = list(self._followers[task.step])
        while following:
            follower = self._tasks[following.pop()]
            if fate == "done":
                follower.missing -= 1
                if not follower.missing and not self._stopping:
                    self._later(self._clock.now(), self._begin, follower)
            elif follower.step not in self._outcomes:
                self._conclude(follower, "blocked", None)
                following += self._followers[follower.step]

    def _conclude(self, task: _Task, fate: Fate, error: Exception | None) -> None:
        now = self._clock.now()
        self._outcomes[task.step] = StepOutcome(task.step, fate, error, task.calls, task.started, now)
        self._tell(task, fate, str(error) if error else "")

    # Waiting: one look for all that wait.

    def _wait(self, task: _Task, wait: Wait) -> None:
        now = self._clock.now()
        if task.waiting_since is None:
            task.waiting_since = now
            self._tell(task, None, wait.reason)
        waited = now - task.waiting_since
        if waited > PATIENCE_SECONDS:
            return self._end(task, "failed", self._stuck(task, wait, waited))
        pause = min(POLL_MAX_SECONDS, max(POLL_SECONDS, waited * POLL_SHARE))
        return self._look_at(task, now + pause)

    def _look_at(self, task: _Task, due: float) -> None:
        """Look at this resource again, when no list can still show the world before its last write."""
        visible = (task.written or 0.0) + self.caller.provider.capabilities.visibility_seconds
        due = self._began + math.ceil((max(due, visible) - self._began) / POLL_SECONDS) * POLL_SECONDS
        self._waiting[task.step] = (due, task)
        self._later(due, self._look)

    def _look(self) -> None:
        now = self._clock.now()
        due = [task for moment, task in self._waiting.values() if moment <= now]
        if self._looking or not due:
            return
        self._looking = True
        self._later(self._reserved_for(due, now), self._send_look, due)

    def _reserved_for(self, due: Iterable[_Task], now: float) -> float:
        """The moment at which the lists of a look may be read; their further pages are not foreseen."""
        drivers = {type(driver): driver for driver in map(self._driver, due)}
        reads = (call for driver in drivers.values() for call in driver.survey(self.plan.scope))
        return max((self._schedule.reserve(call.rates, now) for call in reads), default=now)

    def _send_look(self, due: list[_Task]) -> None:
        awaited = [self._awaited(task) for task in due]
        known = self._world.snapshot()
        reader = Reader(self.caller.provider, self.caller.once)
        self._submit(
            lambda completion: self._looked(due, completion),
            lambda: reader.look(self.plan.scope, awaited, known),
        )

    def _awaited(self, task: _Task) -> Observed[Any]:
        seen = self._world.get(task.step.address)
        if seen is not None:
            return seen
        return Observed(task.step.address, task.want or self._world_spec(task.step.address))

    def _looked(self, due: Iterable[_Task], completion: Completion) -> None:
        now = self._clock.now()
        self._looking = False
        if completion.error is not None:
            self._look_again_later(completion.error, now)
            return
        self._look_tries = 0
        observation: Observation = completion.result
        for task in due:
            self._waiting.pop(task.step, None)
            if not observation.unknown:
                self._world.record(task.step.address, self._found(task, observation))
            if not self._stopping:
                self._advance(task)
        if self._waiting and not self._stopping:
            self._later(max(now, min(due for due, _ in self._waiting.values())), self._look)

    def _look_again_later(self, error: Exception, now: float) -> None:
        self._look_tries += 1
        if retry.exhausted(self._look_tries) or not isinstance(error, ProviderError) or not error.temporary:
            for _, task in list(self._waiting.values()):
                self._end(task, "failed", error)
            self._waiting.clear()
        else:
            self._later(now + retry.delay(self._look_tries), self._look)

    def _found(self, task: _Task, observation: Observation) -> Observed[Any] | None:
        """What the look found, under its address or, while it is being renamed, under its old one."""
        address = task.step.address
        seen = self._world.get(address)
        found = observation.resources.get(address)
        if found is None and seen is not None and seen.address != address:
            found = observation.resources.get(seen.address)
        return found

    # Besides: the claim's heartbeat, errors of our own, and what is shown.

    def _heartbeat(self, now: float) -> None:
        if now >= self.claiming.beat_due:
            call = self.claiming.heartbeat()
            self._submit(self._beaten, lambda: self.caller.once(call))

    def _beaten(self, completion: Completion) -> None:
        if isinstance(completion.error, NotFound):
            self._stopping = True
            self._queue.clear()
            self._tell(None, None, "somebody else took over the claim: stopping")

    def _faulty(self, task: _Task, fault: str) -> ProviderError:
        return NoCapacity(
            f"it was accepted and then failed: {fault}",
            provider=self.caller.provider.name,
            address=task.step.address,
            fix="Wait and run it again, or choose another size or zone.",
        )

    def _refused(self, task: _Task, refuse: Refuse) -> ProviderError:
        return ProviderError(
            refuse.reason, provider=self.caller.provider.name, address=task.step.address, fix=refuse.fix
        )

    def _stuck(self, task: _Task, wait: Wait, waited: float) -> ProviderError:
        return Unavailable(
            f"still {wait.reason} after {waited / 60:.0f} minutes",
            provider=self.caller.provider.name,
            address=task.step.address,
            fix="Look at it in the provider's console, then run this again.",
        )

    def _tell(self, task: _Task | None, fate: Fate | None, message: str) -> None:
        seconds = self._clock.now() - self._began
        done, total = len(self._outcomes), len(self._tasks)
        self.listen(
            Progress(
                done=done,
                total=total,
                calls=self.caller.calls,
                calls_planned=self.plan.budget.calls,
                seconds=seconds,
                seconds_left=seconds / done * (total - done) if done else None,
                step=task.step if task else None,
                fate=fate,
                message=message,
            )
        )
