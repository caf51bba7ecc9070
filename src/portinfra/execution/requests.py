"""The requests of a run: each makes the call of one step, or the joined calls of several.

A refused request of several calls shows neither which of them caused that, nor whether the others had an
effect. EC2 refuses all for one that is protected, and has ended those in other zones. So each step makes its
call again alone, and ends as it would have without the others.
"""

import copy
from collections.abc import Callable

from attrs import evolve, field

from portinfra.errors import ProviderError
from portinfra.execution.call_queue import CallQueue, Rank, Waiting
from portinfra.execution.caller import Caller
from portinfra.execution.calls_in_progress import CallsInProgress
from portinfra.execution.loop import Loop
from portinfra.execution.reaction import repeatable
from portinfra.execution.schedule import Schedule
from portinfra.execution.task import Task
from portinfra.execution.workers import Completion
from portinfra.format import count
from portinfra.model.change import Step
from portinfra.provider.batches import batch_key, join_calls
from portinfra.provider.interface import Call
from portinfra.value import define

JOINED_TRIES_MAX = 3
"""After so many failed tries a step makes its call alone: the cause may be another call of the request."""

Try = tuple[Task, Call]


@define
class Requests:
    """The calls that wait for their rates, and the requests in progress."""

    caller: Caller
    loop: Loop
    schedule: Schedule
    rank: dict[Step, Rank]
    admit: Callable[[Task, Call], bool]
    """Returns whether a call is still to be made. If not, it has ended the step."""
    note: Callable[..., None]
    """Records what happens to a call: the event, the call, its error or None, and whether others share it."""
    answer: Callable[[Task, Call, Completion], None]
    """Continues a step with the result of its call."""
    tell: Callable[..., None]
    """Reports progress of a step."""
    under_way: CallsInProgress = field(init=False)
    _queue: CallQueue[Try] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.under_way = CallsInProgress(self.tell)
        now = self.loop.clock.now
        self._queue = CallQueue(self.schedule, now, self.loop.later, self._send, self._admit)

    def add(self, task: Task, call: Call) -> None:
        """Make the call of a step as soon as its rates allow it, joined with others if possible."""
        rank = (self.loop.chance.random(),) if self.loop.chance else self.rank[task.step]
        is_alone = task.alone or task.tries > JOINED_TRIES_MAX
        self._queue.join(
            rank, Waiting((task, call), call.rates, None if is_alone else call.batch, batch_key(call))
        )

    def _admit(self, each: Try) -> bool:
        return self.admit(*each)

    def _send(self, tries: list[Try]) -> None:
        now = self.loop.clock.now()
        for task, call in tries:
            task.calls += 1
            if not task.tries and not task.accepted:
                task.before = task.current
            self.under_way.begin(task, call, now)
            self.note("intent", call, None)
        request = join_calls([call for _, call in tries])
        self.loop.submit(
            lambda completion: self._on_completion(tries, completion), lambda: self.caller.once(request)
        )

    def _on_completion(self, tries: list[Try], completion: Completion) -> None:
        for task, _ in tries:
            self.under_way.end(task)
            task.written = self.loop.clock.now()
        error = completion.error
        if error is not None and len(tries) > 1 and not _is_of_the_request(error, tries[0][1]):
            return self._make_each_alone(tries, error)
        for task, call in tries:
            self.answer(task, call, evolve(completion, error=error and _of_call(error, call)))
        return None

    def _make_each_alone(self, tries: list[Try], error: Exception) -> None:
        action, reason = tries[0][1].action, str(error).partition("\n")[0]
        self.tell(None, None, f"{action} of {count(len(tries), 'resource')} together was refused: {reason}")
        for task, call in tries:
            self.note("error", call, error, joined=True)
            task.alone = True
            task.excused += 1
            self.add(task, call)


def _is_of_the_request(error: Exception, call: Call) -> bool:
    """Return whether a later request with the same calls may succeed."""
    return repeatable(error, call) and getattr(error, "tries_max", None) is None


def _of_call(error: Exception, call: Call) -> Exception:
    """Return the error of a request as that of one of its calls."""
    if not isinstance(error, ProviderError) or error.address in ("", call.address):
        return error
    own = copy.copy(error)
    own.address, own.__cause__ = call.address or "", error.__cause__
    return own
