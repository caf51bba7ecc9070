"""examples/zones.py: a request, a zone that is cut off, and the way home; nothing is left on the machine."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from portinfra.testing.fabric import PROGRAMS, wait_until, why_impossible

pytestmark = [pytest.mark.tools(*PROGRAMS), pytest.mark.slow]

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMAND = (sys.executable, EXAMPLES / "zones.py", EXAMPLES / "payments.hcl", "production", "web1", "payments")


@pytest.fixture(autouse=True)
def possible():
    if why := why_impossible():
        pytest.skip(why)


def start(folder):
    return subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(folder)}
    )


def programs_of(folder):
    """Return the running programs that were started with a path in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text()
        except OSError:  # it has ended
            continue
        if str(folder) in words:
            found.append(words.replace("\0", " "))
    return found


def test_the_own_zone_answers_then_others_and_then_the_own_zone_again(tmp_path):
    output, _ = start(tmp_path).communicate()
    answers = [line.partition("answered by ")[2] for line in output.splitlines()[1:]]
    own, others = "app1 6, app4 6", "app2 3, app3 3, app5 3, app6 3"
    assert answers == [own, own, others, own], output
    assert programs_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_is_killed_leaves_no_program(tmp_path):
    """Namespaces have no names: they end with the last program in them."""
    process = start(tmp_path)
    process.stdout.readline()
    assert len(programs_of(tmp_path)) >= 7, "HAProxy of each host"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait_until(lambda: programs_of(tmp_path) == [])


def test_without_root_it_says_so_in_one_line(tmp_path):
    command = ["setpriv", "--reuid", "65534", "--clear-groups", *COMMAND]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "Not shown here: network namespaces take root.\n"
