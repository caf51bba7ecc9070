"""Calls of hooks: a Python function, or a command of the local shell."""

import io
import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from attrs import field

from portinfra.model.hook import Hook, Inventory
from portinfra.provider.own_code import describe
from portinfra.value import frozen

FILE = re.compile(r"\s*([\w.~/+-]*/[\w./+-]*)(?=\s|;|&|\||$)")
"""The path that a command begins with: `./thaw`, `/opt/shop/answers`."""

OUTPUT_MAX = 400
"""How many characters of a hook's output are kept: the last ones."""

STOPPED_AFTER = 0.2
"""Seconds between two checks whether a command must be ended."""

Stopped = Callable[[], bool]
"""Returns whether the run no longer waits for the result."""

AFTER_START = 'read -r _ && exec /bin/sh -c "$1" < /dev/null'
"""Starts a command only when the caller waits for it. A caller that is interrupted before would not know the
process to end.
"""


@frozen
class Answer:
    """The result of a hook."""

    passed: bool
    told: str = ""
    """What it printed. Of a command that failed, also why."""
    problem: str = field(default="", eq=False)
    """Why a command failed: its exit code, or that it did not end in time."""
    hangs: bool = False
    """Whether it is a Python function that has not returned, and still runs."""


def name_of(hook: Hook) -> str:
    """Return the name of a hook in texts for people."""
    if isinstance(hook, str):
        return hook
    summary = (hook.__doc__ or "").strip().partition("\n")[0]
    return summary or getattr(hook, "__name__", type(hook).__name__)


def why_not_callable(hook: Hook) -> str:
    """Return why a hook cannot be called from here; empty where no reason is found.

    Only the path at the beginning of a command can be checked: the shell interprets the rest.
    """
    word = FILE.match(hook) if isinstance(hook, str) else None
    if word is None:
        return ""
    path = Path(word[1]).expanduser()
    if not path.is_file():
        return f"{path} is not here"
    return "" if os.access(path, os.X_OK) else f"{path} may not be run: chmod +x {path}"


def call(
    hook: Hook,
    given: Inventory,
    *,
    seconds: float,
    stopped: Stopped | None = None,
    file: str = "inventory",
    **variables: str,
) -> Answer:
    """Call a hook. A command gets at most so many seconds, at least one, and the variables as `PORTINFRA_…`.

    The variable with the name `file` is the path of a JSON file with the given values. A command is ended,
    with all its processes, soon after `stopped` returns True. A function has no limit.
    """
    if not isinstance(hook, str):
        printed = io.StringIO()  # as for a command: its output is kept, and printed nowhere
        with redirect_stdout(printed):
            return call_function(hook, given, printed)
    return _command(
        hook, given, file, variables, lambda process: _wait_for_end(process, max(seconds, 1.0), stopped)
    )


def call_function(function: Hook, given: Inventory, printed: io.StringIO) -> Answer:
    """Call a Python function and return its result. The caller collects what it prints."""
    assert callable(function)
    try:
        answer = function(given)
    except (Exception, SystemExit) as error:
        return Answer(False, last_part(f"{printed.getvalue()}\n{describe(error, function)}"))
    return Answer(answer is not False, last_part(answer if isinstance(answer, str) else printed.getvalue()))


def _command(
    command: str,
    given: Inventory,
    name: str,
    variables: dict[str, str],
    wait: Callable[[subprocess.Popen[bytes]], str],
) -> Answer:
    with tempfile.TemporaryDirectory(prefix="portinfra-") as folder:
        file, printed = Path(folder, f"{name}.json"), Path(folder, "printed")
        file.write_text(json.dumps(given, indent=2), encoding="utf-8")
        named = {f"PORTINFRA_{key.upper()}": value for key, value in {name: str(file), **variables}.items()}
        with printed.open("wb") as output:  # no pipe: a process that it leaves running would keep a pipe open
            process = subprocess.Popen(
                ["/bin/sh", "-c", AFTER_START, "sh", command],  # the user's own line, with pipes and all
                env={**os.environ, **named},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its processes can be ended with it
            )
        problem = wait(process)
        output_text = printed.read_bytes().decode(errors="replace")
    return Answer(not problem, last_part(f"{output_text.rstrip()}\n{problem}"), problem)


def _wait_for_end(process: subprocess.Popen[bytes], seconds: float, stopped: Stopped | None) -> str:
    """Wait for a command and return why it failed.

    It does not wait for processes that the command leaves running: a dead man's switch must continue.
    """
    left = seconds
    begin: bytes | None = b"begin\n"
    try:
        while True:
            turn = left if stopped is None else min(left, STOPPED_AFTER)
            try:
                process.communicate(begin, timeout=turn)
                break
            except subprocess.TimeoutExpired:
                left, begin = left - turn, None  # it is written once
                if stopped is not None and stopped():
                    return "interrupted"
                if left <= 0:
                    return f"no end after {seconds:.0f} s"
    finally:
        if process.poll() is None:  # out of time, or interrupted
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return f"exit code {process.returncode}" if process.returncode else ""


def last_part(output: str) -> str:
    """Return the end of a hook's output: as much as is kept."""
    return output.strip()[-OUTPUT_MAX:]
