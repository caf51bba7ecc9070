"""README's example is the file in examples/. Its picture and transcripts are what the commands give."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
TRANSCRIPTS = "".join(re.findall(r"^```console\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
COMMANDS = [entry.split("\n", 1) for entry in re.split(r"^\$ ", TRANSCRIPTS, flags=re.MULTILINE)[1:]]


@pytest.fixture
def terminal(tmp_path):
    """Runs a command as a newcomer's terminal would, in a folder with the examples."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(command: str) -> str:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=tmp_path,
            env={**os.environ, "PATH": path, "COLUMNS": "120"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    return run


def test_its_ten_lines_are_the_example():
    (lines,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    _, _, example = (ROOT / "examples" / "hello.py").read_text(encoding="utf-8").partition('"""\n\n')
    assert lines == example


def test_its_picture_is_what_graph_draws(terminal, tmp_path):
    terminal("python examples/hello.py graph --format svg -o hello.svg")
    assert "](docs/hello.svg)" in TEXT
    assert (tmp_path / "hello.svg").read_bytes() == (ROOT / "docs" / "hello.svg").read_bytes()


def test_its_transcripts_are_what_the_commands_print(terminal):
    assert len(COMMANDS) >= 4
    for command, printed in COMMANDS:
        said = terminal(command)
        pattern = ".*".join(
            re.escape(part.strip("\n")) for part in re.split(r"^…$", printed, flags=re.MULTILINE)
        )
        assert re.fullmatch(rf"\s*{pattern}\s*", said, re.DOTALL), f"$ {command}\n{said}"
