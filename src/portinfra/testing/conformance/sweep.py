"""A crash at every call, in three ways: the process dies before the call has its effect, it dies after, or it
lives and the answer is lost. Whatever happens, running again ends in the right world.

Where the world lives in this process, the process is forked at each call and each copy goes its own way from
there; elsewhere the run is repeated up to each call in a fresh world.
"""

import itertools
import os
import sys
import traceback
from collections.abc import Callable
from typing import Literal

from attrs import frozen

from portinfra.errors import OutcomeUnknown, PortinfraError
from portinfra.provider.interface import Answer, Call, Provider
from portinfra.testing.faults import MISHAPS, Crash, Faults, Mishap, Weather
from portinfra.testing.wrapped import Hand

STORY_MAX = 50_000
"""Bytes that a copy may tell of what went wrong."""


@frozen
class Crashes:
    """What is tried, and how it must end."""

    prepare: Callable[[], object]
    """Makes the world in which the run begins."""
    run: Callable[[Hand], object]
    """The work; each of its calls passes through the hand that it is given."""
    ends_well: Callable[[], object]
    """Runs again, undisturbed, and raises unless the end is the right one."""
    forked: Callable[[], object] | None = None
    """Called first in each copy; None where the world cannot be forked with the process."""
    stride: int = 1
    """Only every so manieth call is tried."""
    offset: int = 0
    """Where the strides begin."""

    def sweep(self) -> int:
        """Try it; how many runs went astray. Raises AssertionError with the first that ended badly."""
        self.prepare()
        return _forking(self, self.forked) if self.forked else _repeating(self)


def _repeating(crashes: Crashes) -> int:
    astray = 0
    for at in itertools.count(1 + crashes.offset, crashes.stride):
        for mishap in MISHAPS:
            weather = Weather(Faults(at=at, mishap=mishap))
            try:
                crashes.run(weather.perform)
            except Crash:
                pass
            except PortinfraError:
                if weather.calls < at:
                    raise
            if weather.calls < at:
                return astray
            astray += 1
            try:
                crashes.ends_well()
            except Exception as error:
                raise AssertionError(f"call {at}: {mishap}") from error
            crashes.prepare()
    return astray


def _forking(crashes: Crashes, forked: Callable[[], object]) -> int:
    fork = _Fork(crashes.stride, crashes.offset, forked)
    try:
        crashes.run(fork.perform)
    except BaseException as error:
        if not fork.astray:
            raise
        fork.leave(crashes.ends_well, None if isinstance(error, Crash | PortinfraError) else error)
    if fork.astray:
        fork.leave(crashes.ends_well)
    assert not fork.stories, f"{len(fork.stories)} of {fork.copies} went wrong\n{fork.stories[0]}"
    return fork.copies


class _Fork:
    """The hand of the original and, after each fork, of its copy."""

    def __init__(self, stride: int, offset: int, forked: Callable[[], object]) -> None:
        self.stride = stride
        self.offset = offset
        self.forked = forked
        self.calls = 0
        self.copies = 0
        self.stories: list[str] = []
        self.astray: Mishap | Literal[""] = ""
        """In a copy: what happens there."""
        self.writer = -1

    def perform(self, provider: Provider, call: Call) -> Answer:
        if self.astray:
            return provider.perform(call)
        self.calls += 1
        if (self.calls + self.offset) % self.stride == 0:
            for mishap in MISHAPS:
                if self._is_copy(mishap, f"call {self.calls} ({call.action}): {mishap}"):
                    return self._meet(mishap, provider, call)
        return provider.perform(call)

    def _meet(self, mishap: Mishap, provider: Provider, call: Call) -> Answer:
        if mishap == "dies before":
            raise Crash
        provider.perform(call)
        if mishap == "dies after":
            raise Crash
        raise OutcomeUnknown("the connection was lost before the answer came", provider=provider.name)

    def _is_copy(self, mishap: Mishap, title: str) -> bool:
        reader, writer = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            os.close(reader)
            self.writer, self.astray = writer, mishap
            try:
                self.forked()
            except BaseException as error:  # nobody above may take it for the provider's, and go on
                self.leave(lambda: None, error)
            return True
        os.close(writer)
        self.copies += 1
        with os.fdopen(reader, "rb") as pipe:
            story = pipe.read().decode()
        _, status = os.waitpid(child, 0)
        if story or status:
            self.stories.append(f"{title}\n{story or f'the copy ended with status {status}'}")
        return False

    def leave(self, ends_well: Callable[[], object], error: BaseException | None = None) -> None:
        """The end of a copy: run again, tell the story (empty when all is well), and be gone."""
        story = "".join(traceback.format_exception(error)) if error else ""
        try:
            ends_well()
        except BaseException:
            story += traceback.format_exc()
        finally:
            os.write(self.writer, story[-STORY_MAX:].encode())
            os._exit(0)
