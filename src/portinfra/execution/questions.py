"""Calls of hooks that check something and change nothing: gates, and `ready` of a role. Each has a limit."""

import io
import threading
from contextlib import redirect_stdout

from portinfra.hooks.calls import STOPPED_AFTER, Answer, Stopped, call, call_function, last_part, name_of
from portinfra.model.hook import Hook, Inventory

FUNCTION_SECONDS_MIN = 60.0
"""The least time limit of a Python function. To abandon a slow one earlier gains nothing."""


def ask(
    hook: Hook,
    given: Inventory,
    *,
    seconds: float,
    stopped: Stopped | None = None,
    file: str = "inventory",
    function_seconds_min: float | None = None,
) -> Answer:
    """Call a hook that checks something and changes nothing. It may take `seconds`.

    A function may take at least `function_seconds_min`, by default FUNCTION_SECONDS_MIN. Python cannot stop a
    function. So one that has not returned in time, or soon after `stopped` returns True, runs on in a thread
    of its own until the program ends. Then the answer says that it hangs.
    """
    if isinstance(hook, str):
        return call(hook, given, seconds=seconds, stopped=stopped, file=file)
    least = FUNCTION_SECONDS_MIN if function_seconds_min is None else function_seconds_min
    answers: list[Answer | BaseException] = []
    printed = io.StringIO()

    def run() -> None:
        try:
            answers.append(call_function(hook, given, printed))
        except BaseException as crash:
            answers.append(crash)

    thread = threading.Thread(target=run, name=f"portinfra-{name_of(hook)}", daemon=True)
    with redirect_stdout(printed):
        thread.start()
        left = limit = max(seconds, least)
        while thread.is_alive() and left > 0 and not (stopped is not None and stopped()):
            thread.join(min(left, STOPPED_AFTER))
            left -= STOPPED_AFTER
    if not answers:
        problem = f"no answer after {limit - max(left, 0.0):.0f} s"
        return Answer(False, last_part(f"{printed.getvalue().rstrip()}\n{problem}"), problem, hangs=True)
    if isinstance(answers[0], BaseException):
        raise answers[0]
    return answers[0]
