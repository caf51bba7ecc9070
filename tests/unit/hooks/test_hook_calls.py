"""Hooks that are commands: what counts is when they end, and not what they leave running."""

import os
import signal
import subprocess
import sys
import time
from unittest import mock

import pytest

from portinfra.hooks import calls
from portinfra.records import holder as holders


def wait_for(condition):
    """So long that only what never comes takes that long, on a busy machine as well."""
    for _ in range(6000):
        if condition():
            return True
        time.sleep(0.01)
    return False


def gone(pid):
    return wait_for(lambda: holders.start_time(int(pid)) is None)


@pytest.fixture
def fifo(tmp_path):
    """What a process reads, which is held up until a test lets it go."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def let_go(fifo):
    """Whether there was somebody to."""

    def somebody_reads():
        try:
            os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True

    return wait_for(somebody_reads)


def test_a_dead_mans_switch_that_it_leaves_running_is_not_waited_for(tmp_path, fifo):
    thawed = tmp_path / "thawed"
    answer = calls.call(f"(read line < {fifo}; touch {thawed}) & echo frozen", {}, seconds=10)
    assert answer == calls.Answer(True, "frozen")
    assert not thawed.exists()
    assert let_go(fifo)
    assert wait_for(thawed.exists)


def test_what_is_out_of_time_is_ended_with_all_that_it_began(tmp_path):
    pids = tmp_path / "pids"
    answer = calls.call(f"sleep 600 & echo $$ $! > {pids}; echo begun; wait", {}, seconds=1)
    assert answer == calls.Answer(False, "begun\nno end after 1 s")
    assert all(gone(pid) for pid in pids.read_text().split())


def test_a_command_that_outlasts_a_look_at_whether_to_stop_is_awaited():
    command = f"sleep {2.5 * calls.STOPPED_AFTER}; echo done"
    assert calls.call(command, {}, seconds=60, stopped=lambda: False) == calls.Answer(True, "done")


def test_what_is_stopped_is_ended_with_all_that_it_began(tmp_path):
    pids = tmp_path / "pids"
    command = f"sleep 600 & echo $$ $! > {tmp_path}/new; mv {tmp_path}/new {pids}; wait"
    answer = calls.call(command, {}, seconds=60, stopped=pids.exists)
    assert answer == calls.Answer(False, "interrupted")
    assert all(gone(pid) for pid in pids.read_text().split())


def test_not_even_then_is_waited_for_what_left_its_session(tmp_path, fifo):
    escaped = tmp_path / "escaped"
    command = f"setsid timeout 20 sh -c 'read line < {fifo}; touch {escaped}' & sleep 600"
    assert calls.call(command, {}, seconds=1).told == "no end after 1 s"
    assert let_go(fifo)
    assert wait_for(escaped.exists)


@pytest.fixture
def heeded():
    """Ctrl-C is heeded as at a terminal; what a shell has started in the background is told to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_interrupted_it_is_ended(tmp_path, heeded):
    pid, awaited = tmp_path / "pid", tmp_path / "awaited"
    wait = subprocess.Popen.wait

    def waiting(process, timeout=None):
        awaited.touch()
        return wait(process, timeout)

    until = f"until test -e {awaited}; do sleep 0.01; done"
    command = f"echo $$ > {pid}; {until}; kill -INT $PPID; exec sleep 600"
    with mock.patch.object(subprocess.Popen, "wait", waiting), pytest.raises(KeyboardInterrupt):
        calls.call(command, {}, seconds=60)
    assert gone(pid.read_text())


INTERRUPTED = """
import subprocess, sys
from portinfra.hooks import calls

class Interrupted(subprocess.Popen):
    def __init__(self, *command, **options):
        super().__init__(*command, **options)
        print(self.pid, flush=True)
        raise KeyboardInterrupt  # the shell has started, and its caller does not have it yet

subprocess.Popen = Interrupted
calls.call(sys.argv[1], {}, seconds=60)
"""


def test_interrupted_before_it_is_awaited_it_has_not_begun(tmp_path):
    begun = tmp_path / "begun"
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, f"touch {begun}"], capture_output=True, text=True, check=False
    )
    assert "KeyboardInterrupt" in ended.stderr
    assert gone(ended.stdout)
    assert not begun.exists()


def test_it_fails_by_its_exit_code_and_the_last_of_what_it_printed_is_kept():
    assert calls.call("echo 503 >&2; exit 7", {}, seconds=60) == calls.Answer(False, "503\nexit code 7")
    told = calls.call("seq 100000", {}, seconds=60).told
    assert told.endswith("99999\n100000")
    assert len(told) == calls.OUTPUT_MAX


@pytest.mark.parametrize(
    "command", ["{}", "{} db1 | grep -q yes", " {};true", "({} &)", "VAR=1 {}", "curl http://db/x"]
)
def test_what_can_be_called_is_not_complained_of_nor_what_only_the_shell_understands(tmp_path, command):
    gate = tmp_path / "gate"
    gate.touch(mode=0o755)
    assert calls.why_not_callable(command.format(gate)) == ""


def test_what_cannot_be_called_from_here_is_told_before_it_is_needed(tmp_path):
    gate = tmp_path / "gate"
    assert calls.why_not_callable(f"{gate} db1") == f"{gate} is not here"
    gate.touch(mode=0o644)
    assert calls.why_not_callable(f"{gate} db1 && true") == f"{gate} may not be run: chmod +x {gate}"
