"""Streams may be closed, full, of another encoding or without a reader: there is never a traceback."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SHOP = """\
topology "laeden" {
  tags = { "Kostenträger" = "Zürich 🛒" }
  role "web" {
    count  = 1
    public = "Kunden"
    waive  = { "check/fewer-than-three" = "klein — möglichst" }
  }
}
environment "demo" { on = "fake:us-east-1" }
"""
PORTINFRA = str(Path(sys.executable).with_name("portinfra"))
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Runs a line of shell in a folder with a declaration. Returns exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    for name in ("PORTINFRA_HOME", "PORTINFRA_FAKE_CLOUD"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "shop.hcl").write_text(SHOP, encoding="utf-8")

    def run(line, **variables):
        done = subprocess.run(
            ["bash", "-c", line.replace("portinfra", PORTINFRA)],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert b"Traceback" not in done.stderr
        assert b"Exception ignored" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


def test_letters_that_the_encoding_lacks_are_codes_and_json_stays_json(shell):
    code, told, _ = shell("portinfra render --json -f shop.hcl", **ASCII)
    assert (code, told.isascii()) == (0, True)
    assert json.loads(told)["resources"][0]["attributes"]["tags"] == {"Kostenträger": "Zürich 🛒"}
    code, told, _ = shell("portinfra check -f shop.hcl", **ASCII)
    assert (code, told.isascii()) == (0, True)
    assert b"klein \\u2014 m\\u00f6glichst" in told


def test_a_reader_that_goes_away_changes_neither_the_work_nor_the_exit_code(shell):
    code, _, _ = shell("portinfra apply --yes -f shop.hcl | true; exit ${PIPESTATUS[0]}")
    assert code == 0
    code, told, _ = shell("portinfra status --json -f shop.hcl")
    assert (code, json.loads(told)["differs"]) == (0, False)


def test_a_terminal_that_is_closed_is_a_reader_that_has_gone(shell):
    script = (
        "from portinfra.render.console.streams import open_streams\n"
        "open_streams(); print('begun'); input(); print('late')"
    )
    screen, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=terminal, stderr=subprocess.DEVNULL
    ) as child:
        os.close(terminal)
        assert os.read(screen, 5) == b"begun"
        os.close(screen)
        child.communicate(b"\n")
    assert child.returncode == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("portinfra plan -f shop.hcl > /dev/full", b"standard output cannot be written: No space left"),
        ("portinfra render --json -f shop.hcl > /dev/full", b"standard output cannot be written"),
        ("portinfra plan --out /dev/full -f shop.hcl", b"/dev/full cannot be written: No space left"),
    ],
)
def test_a_full_disk_is_an_error_that_says_what_to_do(shell, line, words):
    code, _, errors = shell(line)
    assert code == 1
    assert words in errors
    assert b"run the same command again" in errors


def test_closed_streams_are_as_if_nobody_reads_and_nobody_answers(shell):
    assert shell("portinfra render -f shop.hcl >&- 2>&-")[0] == 0
    code, _, errors = shell("portinfra apply -f shop.hcl <&-")
    assert code == 3
    assert b"there is no terminal for the confirmation" in errors
