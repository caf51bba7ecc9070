"""A function that gets so many seconds, and no more."""

import sys
import threading
from collections.abc import Callable
from contextlib import redirect_stdout


def call_for(seconds: float, function: Callable[[], object]) -> str:
    """Call a function, and wait for it for so many seconds at most. Return why it failed; empty: it did not.

    A function that takes longer goes on in a thread of its own, which ends with the process. What it prints
    meanwhile goes to standard error.
    """
    problems: list[str] = [f"no end after {seconds:.0f} s"]

    def run() -> None:
        try:
            function()
            problems.clear()
        except Exception as error:  # a user's own function: it may raise anything
            problems[:] = [f"{type(error).__name__}: {error}"]

    thread = threading.Thread(target=run, daemon=True)
    with redirect_stdout(sys.stderr):
        thread.start()
        thread.join(seconds)
    return "; ".join(problems)
