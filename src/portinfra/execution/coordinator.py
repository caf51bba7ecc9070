"""The run of a plan. Each step gets a call from its driver, makes it, and reads the result, until it is done.

Workers make one call each and never sleep. Every wait (for a rate, a retry, a resource that is not ready)
is a due time in the loop. So a simulated hour costs nothing, and each run with a crash at call k is equal.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from attrs import field

from portinfra.errors import AlreadyExists, PortinfraError, ProviderError, RateLimited
from portinfra.execution import failures, retry
from portinfra.execution.call_queue import urgency
from portinfra.execution.caller import Caller
from portinfra.execution.early_reads import Evidence, next_look, proves_result
from portinfra.execution.failures import Blame
from portinfra.execution.foreign import RefusedDeletions
from portinfra.execution.journal import Journal
from portinfra.execution.looks import Look, Looks
from portinfra.execution.loop import Loop
from portinfra.execution.movement import TRIES_MAX, Movement
from portinfra.execution.poll_schedule import PATIENCE_SECONDS
from portinfra.execution.reaction import Reaction, is_final, reaction
from portinfra.execution.readiness import Readiness
from portinfra.execution.requests import Requests
from portinfra.execution.schedule import Schedule
from portinfra.execution.shared_failures import SharedFailures
from portinfra.execution.task import Task
from portinfra.execution.workers import Completion
from portinfra.format import count
from portinfra.graph import reverse
from portinfra.model.address import Address
from portinfra.model.change import Step
from portinfra.model.observed import Fault, Observation, Observed
from portinfra.model.outcome import Fate, StepOutcome
from portinfra.model.plan import Plan
from portinfra.model.progress import Listener, Progress
from portinfra.model.resources import Instance, Spec
from portinfra.planning.dry_run import CALLS_MAX, ask
from portinfra.planning.world import World
from portinfra.provider.interface import DONE, Answer, Call, Clock, Refs, Refuse, Wait
from portinfra.provider.own_code import call_method
from portinfra.value import define


@define
class Coordinator:
    """Runs the steps of one plan to their end."""

    plan: Plan
    caller: Caller
    loop: Loop
    journal: Journal
    attempt: str
    complete: Callable[[Instance, int], Instance]
    """Adds the creation settings to a host that the run has seen deleted so often."""
    listen: Listener = lambda progress: None
    before: World | None = None
    """The existing resources at the end of the last apply of the same run."""
    capture_by: float | None = None
    """Until when each snapshot must be captured; its step ends then. None: resources must be ready."""

    _kept: frozenset[Address] = field(init=False)
    """The resources that the plan neither creates nor replaces."""
    _concerned: frozenset[Address] = field(init=False)
    """The resources of the steps."""
    world: World = field(init=False)
    """The existing resources, as far as the run knows."""
    _refs: Refs = field(init=False)
    _schedule: Schedule = field(init=False)
    _tasks: dict[Step, Task] = field(init=False, factory=dict)
    _followers: dict[Step, list[Step]] = field(init=False)
    _outcomes: dict[Step, StepOutcome] = field(init=False, factory=dict)
    _requests: Requests = field(init=False)
    _shared_failures: SharedFailures = field(init=False, factory=SharedFailures)
    _movement: Movement = field(init=False, factory=Movement)
    _looks: Looks = field(init=False)
    _readiness: Readiness = field(init=False)
    _refusals: RefusedDeletions = field(init=False)
    _began: float = field(init=False)
    evidence: Evidence = field(init=False)
    """What the run knows about its own writes."""

    def __attrs_post_init__(self) -> None:
        made = {change.address for change in self.plan.changes if change.action in ("create", "replace")}
        self._kept = frozenset(self.plan.wanted.keys() - made)
        self._concerned = frozenset(step.address for step in self.plan.steps)
        self._began = self._clock.now()
        self.evidence = Evidence(self._began, self._began)
        self.world = World(self.plan.observation.resources, self.before)
        limit = self.plan.catalogue.rules_max
        self._refs = Refs(self.plan.scope, self.attempt, self.world, self.world.removals, limit)
        self._schedule = Schedule(self.plan.catalogue.rates, self._began)
        self._followers = reverse(self.plan.steps)
        self._requests = Requests(
            self.caller,
            self.loop,
            self._schedule,
            urgency(self.plan),
            self._admit,
            self._note_call,
            self._on_answer,
            self._tell,
        )
        self.loop.meanwhile = self._requests.under_way.report
        placed, scope, there = self.plan.placed, self.plan.scope, self.world.snapshot
        self._looks = Looks(
            scope,
            self.caller,
            self.loop,
            self._schedule,
            there,
            self._on_found,
            self._on_failed_look,
            self._ends_run,
        )
        self._refusals = RefusedDeletions(scope, self.caller, self.loop, there, self._end)
        self._readiness = Readiness(placed, self.loop, there, self._end, self._tell, self._requests.under_way)
        for step, before in self.plan.steps.items():
            self._tasks[step] = self._task(step, len(before))

    def _task(self, step: Step, missing: int) -> Task:
        want, removals = self._target_of(step)
        known = want or self.plan.observation.resources[step.address].spec
        driver = self.caller.provider.drivers[type(known)]
        return Task(step, want, known, driver, self._refs, missing, removals=removals)

    def _target_of(self, step: Step) -> tuple[Spec | None, int]:
        """Return the wanted resource of a step with the settings of its next creation, and how often the run
        has seen it deleted.
        """
        want, removals = self.plan.target(step), self.world.removals[step.address]
        return (self.complete(want, removals) if isinstance(want, Instance) else want), removals

    @property
    def _clock(self) -> Clock:
        return self.loop.clock

    @property
    def _limit(self) -> float:
        return math.inf if self.capture_by is None else self.capture_by

    def run(self) -> tuple[StepOutcome, ...]:
        """Run all steps, and return their outcomes.

        Raises LeaseLostError, KeyboardInterrupt, and errors that no call should raise.
        """
        for task in self._tasks.values():
            if not task.missing:
                self.loop.later(self._began, self._begin, task)
        try:
            self.loop.run(lambda: len(self._outcomes) == len(self._tasks))
        except ProviderError as error:  # renewals of the lease fail, so no call may be made
            for task in self._tasks.values():
                if task.step not in self._outcomes:
                    self._conclude(task, "failed" if task.started else "blocked", error)
        return tuple(self._outcomes[step] for step in self._tasks)

    def _begin(self, task: Task) -> None:
        task.started = self._clock.now()
        self._tell(task, None, "")
        if task.step.phase == "ready":
            return self._readiness.ask(task)
        return self._advance(task)

    def _advance(self, task: Task, *, looked: bool = False) -> None:
        """Do what the driver returns for the state that a call promised or, if `looked`, a read found."""
        seen = task.current
        if seen is not None and seen.fault and task.want is not None and self._ends_by(task, seen.fault):
            return None
        if seen is None and task.removals != self.world.removals[task.step.address]:
            try:
                task.want, task.removals = self._target_of(task.step)
            except PortinfraError as error:
                return self._end(task, "failed", error)
        try:
            answer = ask(task.driver, task.want, seen, self._refs)
        except Exception as error:
            return self._end(task, "failed", failures.defect(self._blame(task), error))
        if isinstance(answer, Wait) and (self.capture_by is None or not task.has_captured):
            return self._wait(task, answer)
        self._on_wait(task)
        if answer is DONE or isinstance(answer, Wait):  # a captured snapshot still waits to be ready
            if task.want is None:
                self.world.record(task.step.address, None)
            return self._end(task, "done", None)
        if isinstance(answer, Refuse):
            return self._end(task, "failed", failures.refusal(self._blame(task), answer))
        assert isinstance(answer, Call)
        return self._next_try(task, answer, looked=looked)

    def _ends_by(self, task: Task, fault: Fault) -> bool:
        """Return whether a fault of the resource ends its step; else report the fault of this step's work."""
        error = failures.faulty(self._blame(task), fault)
        # A fault from before this step is no failure of this step; two reads of a fault count once.
        is_new, task.may_fail = task.may_fail, False
        task.faults += is_new
        # A new creation would lose data that the plan keeps.
        holds_data = task.step.address.kind == "volume" and task.step.address in self._kept
        if (task.faults and is_final(fault, task.faults)) or holds_data:
            self._shared_failures.note(task.accepted, task.want, False, error)
            self._end(task, "failed", error)
            return True
        if is_new:
            self._report(task, task.faults, error)
        return False

    def _next_try(self, task: Task, call: Call, *, looked: bool) -> None:
        """Make the driver's next call, unless calls do not help, or an equal call has just had no effect."""
        seen = task.current
        if task.calls - task.excused >= CALLS_MAX:
            return self._end(task, "failed", failures.endless(self._blame(task), call, task.last))
        if looked and not task.note_progress() and call.action in task.accepted:
            task.accepted.clear()
            last = task.last if task.fell_back else None
            task.fell_back = True
            return self._on_failure(task, call, failures.fell_back(self._blame(task), call, seen, last))
        if seen is not None and seen.fault and task.want is not None and task.faults:
            pause = retry.delay(task.faults)
            return self.loop.later(self._clock.now() + pause, self._requests.add, task, call)
        return self._requests.add(task, call)

    def _admit(self, task: Task, call: Call) -> bool:
        """Return whether the call of a step is still to be made; if not, end the step."""
        now, refused = self._clock.now(), self._shared_failures.meets(call, task.want)
        if now >= self._limit:
            refused = failures.not_captured(self._blame(task), now - task.started)
        if refused:
            task.untried = not task.calls
            self._end(task, "failed", refused)
        return refused is None

    def _on_answer(self, task: Task, call: Call, completion: Completion) -> None:
        now = self._clock.now()
        self._looks.note_write()
        if completion.error is not None:
            self._note_call("error", call, completion.error)
            return self._on_failure(task, call, completion.error)
        try:
            seen = call_method(task.driver.absorb, task.current, call, cast(Answer, completion.result))
        except Exception as error:
            return self._end(task, "failed", failures.defect(self._blame(task), error))
        self._note(
            now, "done", action=call.action, address=call.address, ids=dict(seen.parts) if seen else {}
        )
        self._schedule.speed_up(call.rates)
        self.evidence.note_write(now, deletes=call.after is None or _has_doubles(task.current))
        task.left.append(task.current)
        task.doubtful = False
        self.world.record(task.step.address, seen)
        self._movement.note()
        task.accepted.add(call.action)
        task.changed = True
        task.may_fail = task.may_fail or call.after is not None
        if task.tries:
            task.note_progress()
        return self._advance(task)

    def _on_failure(self, task: Task, call: Call, error: Exception) -> None:
        now = self._clock.now()
        if task.accepted:
            task.note_progress()
        task.tries += 1
        if self._movement.excuses(task, call, error, self._waiting_tasks()):
            task.tries = min(task.tries, TRIES_MAX)
            task.excused += 1
        task.equal = task.equal + 1 if task.equal and str(task.last) == str(error) else 1
        task.last = error
        task.taken += isinstance(error, AlreadyExists)
        todo = reaction(error, call, task.tries, task.taken, task.equal)
        again = now + retry.delay(task.tries)
        if todo is Reaction.GIVE_UP or again >= self._limit:
            exists = task.step.address in self.world
            self._shared_failures.note([call.action], task.want, exists, error)
            return self._end(task, "failed", error)
        if isinstance(error, RateLimited):
            self._schedule.slow_down(call.rates, now)
            self._tell(task, None, "throttled: slowing down")
        elif task.tries in retry.REPORTED_TRIES or (task.fell_back and str(error) not in task.reported):
            self._report(task, task.tries, error)
        if todo is Reaction.REPEAT:
            return self.loop.later(again, self._requests.add, task, call)
        task.doubtful = True
        return self._refusals.explain(task, error, lambda: self._look_at(task, again, earliest=again))

    def _waiting_tasks(self) -> Iterator[Task]:
        waiting = (each for each in self._tasks.values() if each.waiting_since is not None)
        return (each for each in waiting if each.step not in self._outcomes)

    def _report(self, task: Task, tries: int, error: Exception) -> None:
        """Report the error that delays a step."""
        task.reported.add(str(error))
        what = f"{task.step.address}: tried {count(tries, 'time')}, and will try again: {error}"
        self._tell(None, None, what.partition("\n")[0])

    def _end(self, task: Task, fate: Fate, error: Exception | None) -> None:
        if fate == "done" and task.want is None:
            self._shared_failures.forget_quotas()
        self._conclude(task, fate, error)
        following = list(self._followers[task.step])
        while following:
            follower = self._tasks[following.pop()]
            if fate == "done":
                follower.missing -= 1
                if not follower.missing:
                    self.loop.later(self._clock.now(), self._begin, follower)
            elif follower.step not in self._outcomes:
                self._conclude(follower, "blocked", None)
                following += self._followers[follower.step]

    def _conclude(self, task: Task, fate: Fate, error: Exception | None) -> None:
        now = self._clock.now()
        self._outcomes[task.step] = StepOutcome(
            task.step, fate, error, task.calls, task.started, now, task.changed, task.untried
        )
        self._tell(task, fate, str(error) if error else "")

    def _wait(self, task: Task, wait: Wait) -> None:
        now = self._clock.now()
        waited, is_report_due = task.note_wait(wait.reason, now)
        if is_report_due:
            self._tell(task, None, wait.reason, waits=True, waited=waited, limit=PATIENCE_SECONDS)
        if waited > PATIENCE_SECONDS:
            return self._end(task, "failed", failures.not_ready(self._blame(task), wait, waited))
        if now >= self._limit:
            return self._end(task, "failed", failures.not_captured(self._blame(task), waited))
        return self._look_at(task, min(now + self._looks.pause(task.kind, waited), self._limit))

    def _on_wait(self, task: Task) -> None:
        if task.waiting_since is not None:
            self._looks.learn(task.kind, self._clock.now() - task.waiting_since)
            task.waiting_since = None

    def _look_at(self, task: Task, due: float, earliest: float = 0.0) -> None:
        """Read this resource again. Where an early read cannot count, lists show its last write by then."""
        if task.doubtful or task.want is None:
            due, earliest = max(due, self._visible(task)), max(earliest, self._visible(task))
        self._looks.expect(task, due, earliest)

    def _visible(self, task: Task) -> float:
        """Return from when on no list shows the state before the last write of a step."""
        return (task.written or 0.0) + self.caller.provider.capabilities.visibility_seconds

    @property
    def last_look(self) -> Look | None:
        """The last read of what the steps waited for; None: there was none."""
        return self._looks.last

    def _ends_run(self, tasks: Sequence[Task]) -> bool:
        """Return whether nothing is left but to verify once these tasks are ready."""
        lag = self.caller.provider.capabilities.visibility_seconds
        is_late = self.evidence.can_verify(self._clock.now(), lag)
        return is_late and len(self._outcomes) + len(tasks) == len(self._tasks)

    def _on_found(self, due: list[Task], found: Observation, looked_at: float) -> None:
        for address, seen in found.resources.items():  # a creation may wait for one that has no step
            if address in self.world and address not in self._concerned:
                self.world.record(address, seen)
        for task in due:
            self._on_observation(task, found, looked_at)

    def _on_failed_look(self, task: Task, error: Exception) -> None:
        self._end(task, "failed", error)

    def _on_observation(self, task: Task, observation: Observation, looked_at: float) -> None:
        """Continue a step with the result of a read. In a zone without an answer, resources are not known."""
        found = task.find(observation)
        task.missed = found is None
        silent = task.zones & observation.unknown if found is None else None
        if silent:
            return self._end(task, "failed", failures.no_answer(self._blame(task), silent))
        visible, written = self._visible(task), task.written
        if written is not None and looked_at < visible and not proves_result(task, found):
            due = next_look(looked_at, written, visible, lambda: self._looks.pause(task.kind, 0.0))
            return self._look_at(task, due)
        self.evidence.last_news = self._clock.now()
        self.world.record(task.step.address, found)
        return self._advance(task, looked=True)

    def _note(self, at: float, event: str, **entry: Any) -> None:
        well = not self.journal.trouble
        self.journal.write(at, event, **entry)
        if well and self.journal.trouble:
            self._tell(None, None, self.journal.trouble)

    def _note_call(self, event: str, call: Call, error: Exception | None, *, joined: bool = False) -> None:
        """Record what happens to a call: in the journal, and an error in the evidence too."""
        now, more = self._clock.now(), {}
        if error is not None:
            self.evidence.note_error(now, error, joined=joined)
            more = {"error": type(error).__name__}
        self._note(now, event, action=call.action, address=call.address, **more)

    def _blame(self, task: Task) -> Blame:
        return Blame(self.caller.provider.name, task.step.address)

    def _tell(self, task: Task | None, fate: Fate | None, message: str, **more: Any) -> None:
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
                **more,
            )
        )


def _has_doubles(seen: Observed[Any] | None) -> bool:
    return seen is not None and bool(seen.extras)
