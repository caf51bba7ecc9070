"""Waiting for what real programs do: proxies find out that a server is dead."""

import time
from collections.abc import Callable

PATIENCE = 20.0
"""Seconds for what takes one or two on a machine at rest."""


def wait_until(is_so: Callable[[], bool], *, seconds: float = PATIENCE) -> float:
    """Wait until a condition holds, and return the seconds that it took.

    Raises TimeoutError where it does not hold in time.
    """
    began = time.monotonic()
    while not is_so():
        if time.monotonic() > began + seconds:
            raise TimeoutError(f"it did not come about within {seconds:g} seconds")
        time.sleep(0.05)
    return time.monotonic() - began
