"""The user data of a prober, run by a real shell that prints to a file instead of a console."""

import os
import subprocess
from email import message_from_string

import pytest

from portinfra.model.receipts import ProberSummary, find_newest, find_summary
from portinfra.rollout.prober_script import PRINTED_BYTES, Prober, ProberCheck

WORD = "0123456789abcdef"
HOSTS = {"hosts": [{"name": "db1", "private_address": "10.0.0.4"}]}


@pytest.fixture
def run(tmp_path):
    """Run a prober's user data for some rounds; return the newest receipt on its console."""

    def run(user_data, checks, rounds=1):
        console, script = tmp_path / "console", tmp_path / "script"
        console.write_text("[    0.000000] Linux version 6.1\nweb1 login: ")
        script.write_text(user_data)
        own = {"PORTINFRA_CONSOLE": str(console), "PORTINFRA_ROUNDS": str(rounds), "TMPDIR": str(tmp_path)}
        subprocess.run(["bash", script], env={**os.environ, **own}, check=True, timeout=30)
        return find_newest(console.read_text(), WORD, checks)

    return run


def prober(*commands, **more):
    return Prober(WORD, tuple(map(ProberCheck, commands)), HOSTS, **more).user_data()


def test_a_receipt_says_of_each_check_how_it_ended(run):
    receipt = run(prober("echo 21 rows", "echo 'no \"answer\"' >&2; exit 3"), 2)
    assert [(each.passed, each.tries, each.printed) for each in receipt.answers] == [
        (True, 1, b"21 rows\n"),
        (False, 1, b'no "answer"\n'),
    ]


def test_a_check_is_repeated_until_it_has_passed(run):
    count = "echo x >> tries; [ $(wc -l < tries) -ge 2 ]"
    receipt = run(prober(count, "false"), 2, rounds=3)
    assert [(each.passed, each.tries) for each in receipt.answers] == [(True, 2), (False, 3)]


def test_checks_find_the_inventory_and_their_files(run):
    files = {"checks/rows": b"#!/bin/sh\ncat names\n", "names": b"ada\n"}
    receipt = run(prober("./checks/rows", 'grep -o 10.0.0.4 "$PORTINFRA_INVENTORY"', files=files), 2)
    assert [each.printed for each in receipt.answers] == [b"ada\n", b"10.0.0.4\n"]


def test_the_script_of_the_role_runs_first_whatever_comes_of_it(run, tmp_path):
    role = f"#!/bin/sh\necho ready > {tmp_path}/made\nexit 7\n"
    receipt = run(prober(f"cat {tmp_path}/made", role_user_data=role), 1)
    assert receipt.answers[0].printed == b"ready\n"


def test_user_data_of_another_kind_stays_a_part_beside_the_script():
    message = message_from_string(prober("true", role_user_data="#cloud-config\npackages: [curl]\n"))
    assert [part.get_content_type() for part in message.walk()][1:] == [
        "text/cloud-config",
        "text/x-shellscript",
    ]


def test_of_what_a_check_prints_the_last_bytes_are_kept(run):
    receipt = run(prober("head -c 5000 /dev/zero | tr '\\0' x; echo end"), 1)
    assert receipt.answers[0].printed == b"x" * (PRINTED_BYTES - 4) + b"end\n"


def test_of_sensitive_data_no_receipt_has_what_a_check_printed(run):
    user_data = prober("echo secret", quiet=True)
    assert run(user_data, 1).answers[0] == run(user_data, 1).answers[0]
    assert run(user_data, 1).answers[0].printed == b""


def test_the_same_checks_make_the_same_user_data():
    assert prober("true") == prober("true")


def test_its_user_data_says_what_its_checks_read():
    checks = (ProberCheck("true", ("vol-1", "vol-2")), ProberCheck("true"))
    user_data = Prober(WORD, checks, HOSTS, role_user_data="#cloud-config\n").user_data()
    assert find_summary(user_data) == ProberSummary(WORD, (("vol-1", "vol-2"), ()))
    assert find_summary("#!/bin/sh\n") is None
