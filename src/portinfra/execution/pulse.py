"""A heartbeat in a thread of its own, while the run's thread is busy with what somebody else wrote."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from portinfra.execution.claim import FOR_NOW, Claiming
from portinfra.execution.retry import insist


@contextmanager
def pulse(claiming: Claiming) -> Iterator[None]:
    """Say that we live, for as long as this lasts. What is done meanwhile stays in the caller's thread, where
    an interrupt reaches it; it is done to its end, and only then is raised what a heartbeat ended with.
    """
    if claiming.caller.provider.clock.virtual:  # time stands still meanwhile; and a test may fork
        yield
        claiming.keep()
        return
    over = threading.Event()
    with ThreadPoolExecutor(1, thread_name_prefix="portinfra-pulse") as threads:
        beats = threads.submit(_beat, claiming, over)
        try:
            yield
        finally:
            over.set()
    beats.result()


def _beat(claiming: Claiming, over: threading.Event) -> None:
    clock = claiming.caller.provider.clock

    def pause(seconds: float) -> None:
        over.wait(seconds)

    def again(error: BaseException) -> bool:
        return isinstance(error, FOR_NOW) and not over.is_set()

    while not over.wait(max(0.0, claiming.beat_due - clock.now())):
        try:
            insist(claiming.beat, pause, again)
        except FOR_NOW:
            if not over.is_set():  # if it is, the next heartbeat is the run's own affair again
                raise
