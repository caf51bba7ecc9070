"""Transcripts of pages: `$ command` and what it prints. A line `…` stands for any lines."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def blocks(page, kind):
    """Return the blocks of a kind, as `console`, of a page of the repository."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(text):
    """Return the commands of transcripts, each with what it prints."""
    entries = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [tuple(entry.split("\n", 1)) for entry in entries]


class Terminal:
    """Runs commands as a newcomer's terminal would, in a folder with the examples.

    `programs` is the folder of the `python` and the `portinfra` that it runs.
    """

    def __init__(self, folder, programs=Path(sys.executable).parent):
        self.folder = folder
        shutil.copytree(ROOT / "examples", folder / "examples")
        self._path = f"{programs}{os.pathsep}{os.environ['PATH']}"

    def run(self, command):
        """Return what a command prints, errors too."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env={**os.environ, "PATH": self._path, "COLUMNS": "120"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    def assert_prints(self, command, printed):
        """Run a command and compare what it prints."""
        said = self.run(command)
        parts = re.split(r"^…$", printed, flags=re.MULTILINE)
        pattern = ".*".join(re.escape(part.strip("\n")) for part in parts)
        assert re.fullmatch(rf"\s*{pattern}\s*", said, re.DOTALL), f"$ {command}\n{said}"
