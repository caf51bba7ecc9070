"""An interrupt may come between any two lines. The run ends all the same, as soon as its calls have ended."""

import sys
import threading
from itertools import count

from portinfra.execution import loop, workers
from portinfra.execution.loop import Loop
from portinfra.execution.workers import Threads

WAIT_SECONDS = 5.0
"""After so long, a run that was interrupted hangs."""


class Clock:
    """A clock that stands still: nothing is ever due."""

    virtual = False

    def now(self):
        return 0.0


class Holder:
    """A lease that needs no renewal."""

    renew_due = 60.0

    def is_certain(self, now):
        return True


def run_two_calls():
    running = Loop(Clock(), Threads(2), Holder())
    ended = []
    for _ in range(2):
        running.submit(ended.append, lambda: None)
    running.run(lambda: len(ended) == 2)


def interrupt_before(line):
    """Return what interrupts the thread that it traces before a line of the loop or of its workers."""
    lines = count()
    files = (loop.__file__, workers.__file__)

    def trace(frame, event, argument):
        if frame.f_code.co_filename not in files:
            return None
        if event == "line" and next(lines) == line:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    return trace


def end_of_run(line):
    """How the run ends that is interrupted before this line, counted as they are executed."""
    ends = []

    def run():
        sys.settrace(interrupt_before(line))
        try:
            run_two_calls()
            ends.append("not interrupted")
        except KeyboardInterrupt:
            ends.append("interrupted")
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(WAIT_SECONDS)
    return ends[0] if ends else "hangs"


def test_a_run_ends_wherever_it_is_interrupted():
    for line in count():
        end = end_of_run(line)
        if end == "not interrupted":
            break
        assert end == "interrupted", f"before line {line} of the run"
    assert line > 20
