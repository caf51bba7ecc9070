"""The estimate of an apply: its seconds, if each wait takes its usual time.

The estimate rehearses the steps of a plan with the queue of calls, the rates and the schedule of reads of an
apply. So it knows the order of steps and `max_unavailable`, without a call. It assumes that the provider
refuses no call, that a call itself takes no time, and that each host is ready at its first check.
"""

import heapq
import itertools
from collections.abc import Callable, Collection, Iterator

from attrs import field

from portinfra.execution.call_queue import CallQueue, Rank, Waiting, urgency
from portinfra.execution.early_reads import EARLY_SECONDS
from portinfra.execution.poll_schedule import PollSchedule
from portinfra.execution.schedule import Schedule
from portinfra.graph import reverse
from portinfra.model.address import Address
from portinfra.model.change import Step
from portinfra.model.plan import Plan, PlannedCall
from portinfra.value import define


def estimate(plan: Plan, done: Collection[Step] = ()) -> float | None:
    """Return the seconds of an apply of a plan; None: its provider publishes no usual times.

    Steps in `done` take no time: an earlier apply does them.
    """
    if not plan.catalogue.usual_seconds or plan.errors:
        return None
    return round(_Rehearsal(plan, done).run(), 1)


@define(eq=False)
class _Rehearsal:
    """One run of the steps of a plan, in a time of its own that begins at 0."""

    plan: Plan
    done: Collection[Step]

    _moment: float = field(init=False, default=0.0)
    _ended: float = field(init=False, default=0.0)
    """The end of the last step."""
    _last_write: float | None = field(init=False, default=None)
    _due: list[tuple[float, int, Callable[..., object], tuple[object, ...]]] = field(init=False, factory=list)
    _count: Iterator[int] = field(init=False, factory=itertools.count)
    _missing: dict[Step, int] = field(init=False)
    """How many steps before each are not done."""
    _followers: dict[Step, list[Step]] = field(init=False)
    _rank: dict[Step, Rank] = field(init=False)
    _left: dict[Step, Iterator[PlannedCall]] = field(init=False)
    """The calls of each step that were not sent yet."""
    _queue: CallQueue[tuple[Step, PlannedCall]] = field(init=False)
    _reads: PollSchedule[Step] = field(init=False, factory=lambda: PollSchedule(0.0))
    _exist: set[Address] = field(init=False)
    """The resources that a read finds."""
    _read_dues: set[float] = field(init=False, factory=set)
    _waits: dict[Step, tuple[float, float]] = field(init=False, factory=dict)
    """Step → the moments of its last call, and of its result."""

    def __attrs_post_init__(self) -> None:
        steps = {step: before for step, before in self.plan.steps.items() if step not in self.done}
        self._missing = {step: sum(each in steps for each in before) for step, before in steps.items()}
        self._followers = reverse(steps)
        self._rank = urgency(self.plan)
        self._exist = set(self.plan.observation.resources)
        self._left = {step: iter(self.plan.calls.get(step, ())) for step in steps}
        schedule = Schedule(self.plan.catalogue.rates, 0.0)
        self._queue = CallQueue(schedule, lambda: self._moment, self._later, self._send)

    def run(self) -> float:
        """Return the moment at which the apply ends: it reads all again until lists show its last call.

        Lists usually show it by the second early read (`EARLY_SECONDS`). After a deletion, none counts.
        """
        for step in [step for step, missing in self._missing.items() if not missing]:
            self._later(0.0, self._advance, step)
        while self._due:
            moment, _, action, arguments = heapq.heappop(self._due)
            self._moment = max(self._moment, moment)
            action(*arguments)
        visibility = self.plan.catalogue.visibility_seconds
        deletes = any(self.plan.target(step) is None for step in self._left)
        usual = visibility if deletes else min(visibility, EARLY_SECONDS[-1])
        visible = self._last_write + usual if self._last_write is not None else 0.0
        return max(self._ended, visible)

    def _later(self, moment: float, action: Callable[..., object], *arguments: object) -> None:
        heapq.heappush(self._due, (moment, next(self._count), action, arguments))

    def _advance(self, step: Step) -> None:
        call = next(self._left[step], None)
        if call is not None:
            waiting = Waiting((step, call), call.rates, call.batch, call.batch_key)
            return self._queue.join(self._rank[step], waiting)
        self._ended = self._moment
        if self.plan.target(step) is None:
            self._exist.discard(step.address)
        for follower in self._followers[step]:
            self._missing[follower] -= 1
            if not self._missing[follower]:
                self._later(self._moment, self._advance, follower)
        return None

    def _send(self, calls: list[tuple[Step, PlannedCall]]) -> None:
        self._last_write = self._moment
        for step, call in calls:
            self._exist.add(step.address)
            usual = self.plan.catalogue.usual_seconds.get(call.action)
            if usual is None:
                self._later(self._moment, self._advance, step)
            else:
                self._waits[step] = (self._moment, self._moment + usual)
                self._read_later(step)

    def _read_later(self, step: Step) -> None:
        kind, (sent, _) = (step.phase, step.address.kind), self._waits[step]
        due = self._moment + self._reads.pause(kind, self._moment - sent)
        earliest = sent + self.plan.catalogue.visibility_seconds if step.phase == "remove" else 0.0
        due = self._reads.expect(step, max(due, earliest), earliest)
        if due not in self._read_dues:
            self._read_dues.add(due)
            self._later(due, self._read)

    def _read(self) -> None:
        due = self._reads.due(self._moment)
        kinds = {step.address.kind for step in due}
        self._reads.note_read(sum(address.kind in kinds for address in self._exist))
        for step in due:
            self._reads.leave(step)
            sent, result = self._waits[step]
            if self._moment < result:
                self._read_later(step)
                continue
            self._reads.learn((step.phase, step.address.kind), self._moment - sent)
            self._advance(step)
