"""The renewal of a lease in a thread of its own, while the thread of the run does long work."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from portinfra.execution.lease import TEMPORARY, LeaseHolder
from portinfra.execution.retry import insist


@contextmanager
def keep_renewing(holder: LeaseHolder) -> Iterator[None]:
    """Renew the lease until the block ends. The block runs in the caller's thread, where an interrupt
    reaches it. The error of a renewal is raised when the block has ended.
    """
    if holder.caller.provider.clock.virtual:  # no time passes meanwhile, and a test may fork
        yield
        holder.renew_if_due()
        return
    over = threading.Event()
    with ThreadPoolExecutor(1, thread_name_prefix="portinfra-renewal") as threads:
        renewals = threads.submit(_renew, holder, over)
        try:
            yield
        finally:
            over.set()
    renewals.result()


def _renew(holder: LeaseHolder, over: threading.Event) -> None:
    clock = holder.caller.provider.clock

    def pause(seconds: float) -> None:
        over.wait(seconds)

    def again(error: BaseException) -> bool:
        return isinstance(error, TEMPORARY) and not over.is_set()

    while not over.wait(max(0.0, holder.renew_due - clock.now())):
        try:
            insist(holder.renew, pause, again)
        except TEMPORARY:
            if not over.is_set():  # if it is, the run itself renews next
                raise
