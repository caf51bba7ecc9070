"""A sweep: crash a run at its calls, run it again, and require the right end.

A crash has three forms: the process dies before the call has its effect, it dies after the effect, or it
lives and the answer is lost. Two crashes are equal when they leave the same state to the same process. A
death after a write equals a death before the next write. A death around a read equals a death after the last
write. A lost answer to a read changes no state, but the process lives and has to react: that is distinct at
the first read of each action. A sweep tries each distinct crash once, and a sample of the others.

If this process holds the state of the bed, the sweep forks it at each crash, and each copy continues alone.
Otherwise it repeats the run up to each crash from the beginning.
"""

import gc
import itertools
import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Collection
from typing import Literal

from attrs import field

from portinfra.errors import OutcomeUnknown, PortinfraError
from portinfra.provider.interface import Answer, Call, Provider
from portinfra.testing.call_wrapper import Hand
from portinfra.testing.faults import MISHAPS, Crash, Mishap
from portinfra.value import define, frozen

EQUAL_SAMPLE = 16
"""Of crashes that equal another, a sweep tries one in this many. There are three forms, so it is no multiple
of 3.
"""

COPIES_MAX = 2
"""The number of copies of this process that run at the same time."""

READY = b"."
"""The byte that a copy writes first, once it has its own files."""

REPORT_MAX = 50_000
"""The most bytes that a copy may report about a failure."""


@frozen
class Crashes:
    """The run to crash, and the check of its end."""

    prepare: Callable[[], object]
    """A function that creates the initial state of a run."""
    run: Callable[[Hand], object]
    """The run. Each of its calls passes through the hand that it receives."""
    ends_well: Callable[[], object]
    """A function that runs again, without a crash. Raises unless the end is right."""
    forked: Callable[[], object] | None = None
    """The function that each copy calls first. None: a fork of the process does not copy the state."""
    stride: int = 1
    """Try one distinct crash in this many."""
    equals: int = EQUAL_SAMPLE
    """Of the crashes that equal another, try one in this many of those that the stride leaves. 1: every one.
    """
    repeats: int | None = 1
    """Of the writes of each action, try crashes of the first and of one in this many after it. 1: all; None:
    only the first.
    """
    forms: Collection[Mishap] = MISHAPS
    """The forms of crashes to try."""
    first: int = 0
    """The number of the first write that the stride tries, counted from 0."""

    def choice(self) -> "Choice":
        """Return the crashes of one run to try."""
        return Choice(self.stride, self.equals, self.repeats, self.forms, self.first)

    def sweep(self) -> int:
        """Try the crashes, and return their number. Raise AssertionError for the first bad end."""
        self.prepare()
        return _fork_at_each(self, self.forked) if self.forked else _repeat_to_each(self)


@define
class Choice:
    """The crashes of a run to try. The run calls it at each call, in order."""

    stride: int
    equals: int
    repeats: int | None = 1
    forms: Collection[Mishap] = MISHAPS
    first: int = 0
    _writes: int = field(init=False, default=-1)
    _others: int = field(init=False, default=-1)
    _read: set[str] = field(init=False, factory=set)
    """The actions of the reads that the run has made."""
    _written: Counter[str] = field(init=False, factory=Counter)
    """Action → how many of its writes the stride has left."""

    def at(self, call: Call) -> list[Mishap]:
        """Return the crashes to try at this call, in the order of their moments."""
        begins = self._writes < 0
        if begins or not call.reads:
            self._writes += 1
        distinct = self._distinct(call, begins)
        in_stride = self._writes % self.stride == self.first % self.stride
        chosen = distinct if in_stride and self._is_tried(call) else ()
        return [
            mishap
            for mishap in MISHAPS
            if mishap in self.forms and (mishap in chosen or (mishap not in distinct and self._is_sampled()))
        ]

    def _is_tried(self, call: Call) -> bool:
        """Return whether a call is a read, the first write of its action, or one in `repeats` after it, if
        any.
        """
        if call.reads:
            return True
        self._written[call.action] += 1
        later = self._written[call.action] - 1
        return later % self.repeats == 0 if self.repeats else later == 0

    def _distinct(self, call: Call, begins: bool) -> tuple[Mishap, ...]:
        """Return the crashes at a call that leave a new state, or reach code that no earlier one reached."""
        first: tuple[Mishap, ...] = ("dies before",) if begins else ()
        if not call.reads:
            return (*first, "dies after", "answer lost")
        if call.action in self._read:
            return first
        self._read.add(call.action)
        return (*first, "answer lost")

    def _is_sampled(self) -> bool:
        self._others += 1
        return self._others % (self.stride * self.equals) == 0


def _meet(mishap: Mishap, provider: Provider, call: Call) -> Answer:
    """Make a call that ends in a crash."""
    if mishap == "dies before":
        raise Crash(f"died before {call.action}")
    provider.perform(call)
    if mishap == "dies after":
        raise Crash(f"died after {call.action}")
    raise OutcomeUnknown("the connection was lost before the answer came", provider=provider.name)


def _repeat_to_each(crashes: Crashes) -> int:
    for number in itertools.count(1):
        once = _Once(crashes.choice(), number)
        try:
            crashes.run(once.perform)
        except Crash:
            pass
        except PortinfraError:
            if not once.title:
                raise
        if not once.title:
            return number - 1
        try:
            crashes.ends_well()
        except Exception as error:
            raise AssertionError(once.title) from error
        crashes.prepare()
    raise AssertionError("a run has no end")


@define
class _Once:
    """The hand of a run with one crash, by its number."""

    choice: Choice
    number: int
    title: str = ""
    """The name of the crash, once it happened."""
    _met: int = 0
    _calls: int = 0

    def perform(self, provider: Provider, call: Call) -> Answer:
        if self.title:
            return provider.perform(call)
        self._calls += 1
        for mishap in self.choice.at(call):
            self._met += 1
            if self._met == self.number:
                self.title = f"call {self._calls} ({call.action}): {mishap}"
                return _meet(mishap, provider, call)
        return provider.perform(call)


def _fork_at_each(crashes: Crashes, forked: Callable[[], object]) -> int:
    fork = _Fork(crashes.choice(), forked)
    try:
        crashes.run(fork.perform)
    except BaseException as error:
        if not fork.is_copy:
            fork.await_copies(0)
            raise
        fork.leave(crashes.ends_well, None if isinstance(error, Crash | PortinfraError) else error)
    if fork.is_copy:
        fork.leave(crashes.ends_well)
    fork.await_copies(0)
    assert not fork.failures, f"{len(fork.failures)} of {fork.copies} went wrong\n{fork.failures[0]}"
    return fork.copies


@frozen
class _Copy:
    """A running copy: its process, the pipe of its report, and its crash."""

    process: int
    pipe: int
    title: str


@define
class _Fork:
    """The hand of the original and, after each fork, of its copy."""

    choice: Choice
    forked: Callable[[], object]
    copies: int = 0
    failures: list[str] = field(factory=list)
    is_copy: bool = False
    _calls: int = 0
    _running: list[_Copy] = field(factory=list)
    _report: int = -1

    def perform(self, provider: Provider, call: Call) -> Answer:
        if self.is_copy:
            return provider.perform(call)
        self._calls += 1
        for mishap in self.choice.at(call):
            if self._begin_copy(f"call {self._calls} ({call.action}): {mishap}"):
                return _meet(mishap, provider, call)
        return provider.perform(call)

    def _begin_copy(self, title: str) -> Literal[True, False]:
        """Fork. Return True in the copy and False in the original."""
        self.await_copies(COPIES_MAX - 1)
        reader, writer = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child:
            os.close(writer)
            os.read(reader, len(READY))  # until then the copy opens files of its own
            self.copies += 1
            self._running.append(_Copy(child, reader, title))
            return False
        gc.freeze()  # a collection would copy the inherited memory, page by page
        os.close(reader)
        self._report, self.is_copy = writer, True
        failed: BaseException | None = None
        try:
            self.forked()
        except BaseException as error:
            failed = error
        os.write(writer, READY)
        if failed:  # no caller may take it for an error of the provider and continue
            self.leave(lambda: None, failed)
        return True

    def await_copies(self, left: int) -> None:
        """Wait until at most `left` copies run, the oldest first, and keep their reports."""
        while len(self._running) > left:
            copy = self._running.pop(0)
            with os.fdopen(copy.pipe, "rb") as pipe:
                failure = pipe.read().decode(errors="replace")
            _, status = os.waitpid(copy.process, 0)
            if failure or status:
                self.failures.append(f"{copy.title}\n{failure or f'the copy ended with status {status}'}")

    def leave(self, ends_well: Callable[[], object], error: BaseException | None = None) -> None:
        """End a copy: run again, report a failure (nothing on success), and exit."""
        failure = "".join(traceback.format_exception(error)) if error else ""
        try:
            ends_well()
        except BaseException:
            failure += traceback.format_exc()
        finally:
            os.write(self._report, failure[-REPORT_MAX:].encode())
            os._exit(0)
