"""Waiting for real programs, such as a proxy that finds out that a server is dead."""

import time
from collections.abc import Callable

PATIENCE = 20.0
"""The patience in seconds, for what takes one or two on an idle machine."""


def wait_until(is_so: Callable[[], bool], *, seconds: float = PATIENCE) -> float:
    """Wait until a condition holds, and return the seconds that it took.

    Raises TimeoutError if it does not hold in time.
    """
    began = time.monotonic()
    while not is_so():
        if time.monotonic() > began + seconds:
            raise TimeoutError(f"the condition did not hold within {seconds:g} seconds")
        time.sleep(0.05)
    return time.monotonic() - began
