"""A crash at every call: the simulator is forked at each, and each copy goes its own way from there.

Three things may happen at call k: the process dies before the call has its effect, it dies after, or it
lives and the answer is lost. Whatever happens, running again ends in the same world, with nothing leaked or
doubled, counted in the simulator's own books.
"""

import os
import sys
import traceback
from collections.abc import Callable
from typing import Literal

from portinfra.execution import holder
from portinfra.testing.fake import FakeCloud, FakeError

Mishap = Literal["dies before", "dies after", "answer lost"]

MISHAPS: tuple[Mishap, ...] = ("dies before", "dies after", "answer lost")


class Crash(BaseException):
    """The process is gone: nothing in it may react."""


def sweep(
    cloud: FakeCloud,
    run: Callable[[], object],
    ends_well: Callable[[], object],
    *,
    stride: int = 1,
    offset: int = 0,
) -> int:
    """Run once, and at every call send three copies astray; how many went.

    `run` is the work; `ends_well` runs again in the copy and raises unless the end is the right one. With a
    stride, only every so manieth call is tried, from the offset on. Raises AssertionError with a story.
    """
    sweeper = _Sweeper(cloud, stride, offset)
    cloud.before_request, cloud.after_request = sweeper.before, sweeper.after
    try:
        run()
    except Crash:
        sweeper.leave(ends_well)
    except BaseException as error:
        if not sweeper.astray:
            raise
        sweeper.leave(ends_well, error)
    if sweeper.astray:
        sweeper.leave(ends_well)
    cloud.before_request = cloud.after_request = None
    assert not sweeper.stories, f"{len(sweeper.stories)} of {sweeper.copies} went wrong\n{sweeper.stories[0]}"
    return sweeper.copies


class _Sweeper:
    def __init__(self, cloud: FakeCloud, stride: int, offset: int) -> None:
        self.cloud = cloud
        self.stride = stride
        self.offset = offset
        self.calls = 0
        self.copies = 0
        self.stories: list[str] = []
        self.astray: Mishap | None = None
        self.writer = -1

    def before(self, action: str, *_: object) -> None:
        if self.astray:
            return
        self.calls += 1
        if (self.calls + self.offset) % self.stride:
            return
        for mishap in MISHAPS:
            self._fork(mishap, f"call {self.calls} ({action}): {mishap}")
            if self.astray == "dies before":
                raise Crash
            if self.astray:
                return

    def after(self, *_: object) -> None:
        if self.astray == "dies after":
            raise Crash
        if self.astray == "answer lost" and self.cloud.after_request is not None:
            self.cloud.before_request = self.cloud.after_request = None
            raise FakeError("ConnectionLost", "the connection was lost before the answer came")

    def _fork(self, mishap: Mishap, title: str) -> None:
        reader, writer = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            os.close(reader)
            self.writer, self.astray = writer, mishap
            return
        os.close(writer)
        self.copies += 1
        with os.fdopen(reader, "rb") as pipe:
            story = pipe.read().decode()
        _, status = os.waitpid(child, 0)
        if story or status:
            self.stories.append(f"{title}\n{story or f'the copy ended with status {status}'}")

    def leave(self, ends_well: Callable[[], object], error: BaseException | None = None) -> None:
        """The end of a copy: run again, tell the story (empty when all is well), and be gone."""
        self.cloud.before_request = self.cloud.after_request = None
        holder.alive = lambda _: False  # the original lives, and holds no claim as far as a copy can know
        story = "".join(traceback.format_exception(error)) if error and self.astray != "answer lost" else ""
        try:
            ends_well()
        except BaseException:
            story += traceback.format_exc()
        finally:
            os.write(self.writer, story[-50_000:].encode())
            os._exit(0)
