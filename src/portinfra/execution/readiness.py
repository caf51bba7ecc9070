"""The readiness of hosts: commands and functions of a role check one host each."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import field

from portinfra.errors import NotReadyError
from portinfra.execution.calls_in_progress import CallsInProgress
from portinfra.execution.loop import Loop
from portinfra.execution.questions import FUNCTION_SECONDS_MIN, ask
from portinfra.execution.task import Task
from portinfra.execution.workers import Completion
from portinfra.format import count, duration
from portinfra.hooks.calls import call, name_of, why_not_callable
from portinfra.hooks.inventory import inventory
from portinfra.model.address import Address
from portinfra.model.duration import seconds
from portinfra.model.hook import Hook
from portinfra.model.observed import Observation, Observed
from portinfra.model.outcome import Fate
from portinfra.model.placed import Placed
from portinfra.model.topology import Role
from portinfra.value import define, frozen

PAUSE_SECONDS = 5.0
"""The pause between two checks of one host."""

QUESTION_SECONDS = 60.0
"""The longest time of one command, which is called again afterwards.

Python cannot stop a function, so a function has all the time of its host.
"""

_FUNCTIONS = threading.Lock()
"""One Python function runs at a time: portinfra collects its output, and a process has one output."""

SHOWN_MAX = 200
"""The most characters of an answer that are shown."""

SECRET_MIN = 8
"""A line of user data with fewer characters is no secret: `fi`, `exit 0`."""

PIECE = 32
"""Any part of this length of a line of user data is secret, too."""


@frozen
class HostAnswer:
    """The last check of a host, and its answer."""

    ready: bool
    hook: str = ""
    output: str = ""
    """The last line of the output, without control characters and secrets."""
    final: bool = False
    """Whether another try cannot help: the command does not exist here, or is not executable."""
    hangs: bool = False
    """Whether a Python function has not returned, and still runs."""


@frozen
class Question:
    """The check whether one host is ready. Its role has at least one `ready`."""

    placed: Placed
    host: Address
    stopped: Callable[[], bool] = lambda: False
    """Returns whether the run stops. Then the command stops, too."""

    @property
    def role(self) -> Role:
        """The role of the host."""
        return self.placed.topology.role(self.placed.roles[self.host])

    @property
    def limit(self) -> int:
        """The longest time until the host is ready, in seconds."""
        return seconds(self.role.ready_limit)

    @property
    def longest(self) -> float:
        """The longest time of one check, in seconds."""
        commands_only = all(isinstance(hook, str) for hook in self.role.ready)
        return min(self.limit, QUESTION_SECONDS) if commands_only else self.limit

    def ask(self, there: Mapping[Address, Observed[Any]], left: float) -> HostAnswer:
        """Call each command and function until one fails. Return the answer.

        `left` is the number of seconds until the limit. All of them together get no more time, and commands
        at most QUESTION_SECONDS.
        """
        hosts = {a: seen for a, seen in there.items() if a.kind != "instance" or a == self.host}
        given = inventory(self.placed, Observation(hosts), occasion="ready")
        last = time.monotonic() + left
        deadline = min(last, time.monotonic() + QUESTION_SECONDS)
        for number, hook in enumerate(self.role.ready):
            if number and time.monotonic() >= deadline:
                return HostAnswer(False, name_of(hook), "not called: the checks before it took all the time")
            if missing := why_not_callable(hook):
                return HostAnswer(False, name_of(hook), missing, final=True)
            until = deadline if isinstance(hook, str) else last
            answer = self._call(hook, given, until - time.monotonic())
            if not answer.ready:
                return answer
        return HostAnswer(True)

    def _call(self, hook: Hook, given: Mapping[str, Any], left: float) -> HostAnswer:
        if isinstance(hook, str):
            answer = call(hook, given, seconds=left, stopped=self.stopped)
        elif _FUNCTIONS.acquire(timeout=max(left, FUNCTION_SECONDS_MIN)):
            try:
                answer = ask(hook, given, seconds=left, stopped=self.stopped)
            finally:
                _FUNCTIONS.release()
        else:
            return HostAnswer(False, name_of(hook), "not called: another Python function took all the time")
        output = _last_line(answer.told.removesuffix(answer.problem), self.role.user_data)
        why = f"{output} ({answer.problem})" if output and answer.problem else output or answer.problem
        return HostAnswer(answer.passed, name_of(hook), why, hangs=answer.hangs)

    def error(self, answer: HostAnswer, tries: int, waited: float) -> NotReadyError:
        """Return the error of a host that was not ready within its limit."""
        role, checked = self.role, f"checked {count(tries, 'time')} in {duration(waited)}"
        if answer.final:
            return NotReadyError(
                f"{self.host} cannot be checked: {answer.output}",
                f"{answer.hook!r} is a command of the role {role.name!r} ({role.location})",
                fix=f"The path is relative to the folder that portinfra runs in, {Path.cwd()}. Run portinfra "
                "where the command is, or declare its whole path. Then run the same command again.",
            )
        if answer.hangs:
            return NotReadyError(
                f"{self.host} was not ready within {role.ready_limit} ({checked})",
                f"{answer.hook!r} has not returned, and still runs: {answer.output}",
                fix=f"Python cannot stop a function. Let `ready` of the role {role.name!r} ({role.location}) "
                "return within its own limit, such as a timeout of its request, or make it a command. Then "
                "run the same command again.",
            )
        return NotReadyError(
            f"{self.host} was not ready within {role.ready_limit} ({checked})",
            f"the last output of {answer.hook!r} was {answer.output!r}"
            if answer.output
            else f"{answer.hook!r} failed without output",
            fix=f"Check the host, or correct `ready` or `ready_limit` of the role {role.name!r} "
            f"({role.location}). Then run the same command again: it checks the host again first.",
        )


def ask_all(
    loop: Loop, placed: Placed, hosts: Iterable[Address], there: Mapping[Address, Observed[Any]]
) -> frozenset[Address]:
    """Check each host once, and return those that are ready. The checks get half of the workers."""
    waiting, under_way, ready = deque(hosts), set[Address](), set[Address]()

    def ask_more() -> None:
        while waiting and len(under_way) < most_questions(loop):
            ask(waiting.popleft())

    def ask(host: Address) -> None:
        under_way.add(host)
        question = Question(placed, host, lambda: loop.stopping)
        loop.submit(lambda done: on_answer(host, done), lambda: question.ask(there, question.limit))

    def on_answer(host: Address, done: Completion) -> None:
        under_way.remove(host)
        if isinstance(done.result, HostAnswer) and done.result.ready:
            ready.add(host)
        loop.later(loop.clock.now(), ask_more)

    loop.later(loop.clock.now(), ask_more)
    loop.run(lambda: not waiting and not under_way)
    return frozenset(ready)


def longest_checks(loop: Loop, placed: Placed, hosts: Collection[Address]) -> float:
    """Return the longest time of one check of each host, in seconds."""
    rounds = math.ceil(len(hosts) / most_questions(loop))
    return rounds * max(Question(placed, host).longest for host in hosts)


def most_questions(loop: Loop) -> int:
    """Return the most checks at the same time: calls to the provider and renewals need workers, too."""
    return max(1, loop.workers.size // 2)


@define
class Readiness:
    """The checks of the hosts of one apply, each until it is ready or its limit ends."""

    placed: Placed
    loop: Loop
    there: Callable[[], Mapping[Address, Observed[Any]]]
    """Returns the existing resources."""
    end: Callable[[Task, Fate, Exception | None], None]
    """Ends a step."""
    tell: Callable[..., None]
    """Reports progress of a step."""
    in_progress: CallsInProgress

    _under_way: int = field(init=False, default=0)
    _waiting: deque[Task] = field(init=False, factory=deque)

    def ask(self, task: Task) -> None:
        """Check the host of a step that has begun, and end the step.

        Checks may take long. They get half of the workers, so that calls to the provider continue.
        """
        if self._under_way >= most_questions(self.loop):
            self._waiting.append(task)
            return
        if not task.tries:
            task.started = self.loop.clock.now()
        question, there = self._question(task.step.address), self.there()
        now = self.loop.clock.now()
        left = task.started + question.limit - now
        task.tries += 1
        self.in_progress.begin_check(task, left, now)
        self._under_way += 1
        self.loop.submit(
            lambda completion: self._on_answer(task, question, completion), lambda: question.ask(there, left)
        )

    def _question(self, host: Address) -> Question:
        return Question(self.placed, host, lambda: self.loop.stopping)

    def _on_answer(self, task: Task, question: Question, completion: Completion) -> None:
        self._under_way -= 1
        self.in_progress.end(task)
        if self._waiting:
            self.loop.later(self.loop.clock.now(), self.ask, self._waiting.popleft())
        if completion.error is not None:
            return self.end(task, "failed", completion.error)
        answer = completion.result
        assert isinstance(answer, HostAnswer)
        if answer.ready:
            return self.end(task, "done", None)
        now = self.loop.clock.now()
        if answer.final or answer.hangs or now + PAUSE_SECONDS > task.started + question.limit:
            return self.end(task, "failed", question.error(answer, task.tries, now - task.started))
        message, waited = f"not ready yet: {answer.output}".removesuffix(": "), now - task.started
        self.tell(task, None, message, waits=True, waited=waited, limit=question.limit)
        return self.loop.later(now + PAUSE_SECONDS, self.ask, task)


def _last_line(output: str, secret: str) -> str:
    """Return the last line that has text; `(secret)` if it contains a line of the host's user data."""
    lines = ("".join(c if c.isprintable() else " " for c in line).strip() for line in output.splitlines())
    last = next((line for line in reversed(list(lines)) if line), "")
    is_secret = any(piece in last for line in secret.splitlines() for piece in _pieces(line.strip()))
    return "(secret)" if is_secret else last[:SHOWN_MAX]


def _pieces(line: str) -> Iterator[str]:
    """Yield a line of user data, or all pieces of a long one: hooks keep only the end of a long output."""
    if len(line) >= SECRET_MIN:
        for start in range(max(len(line) - PIECE, 0) + 1):
            yield line[start : start + PIECE]
