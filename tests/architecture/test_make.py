"""`make` finds a Python that runs, whatever else bears its name."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def chosen(tmp_path):
    """The Python that make would set up with, where only these are on the PATH."""

    def _chosen(**scripts: str) -> str:
        for name, text in scripts.items():
            script = tmp_path / name.replace("_", ".")
            script.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
            script.chmod(0o755)
        print_it = "--eval=print: ; @:$(info $(PYTHON))"
        made = subprocess.run(
            [shutil.which("make"), "--no-print-directory", "-C", str(ROOT), print_it, "print"],
            env={"PATH": str(tmp_path), "SHELL": "/bin/sh"},
            capture_output=True,
            text=True,
            check=True,
        )
        return made.stdout.strip().rpartition("/")[2]

    return _chosen


def test_a_shim_that_leads_nowhere_is_passed_over(chosen):
    works = f'exec {sys.executable} "$@"'
    assert chosen(python3_13="exit 127", python3_11=works) == "python3.11"


def test_a_python_that_is_too_old_is_passed_over(chosen):
    assert chosen(python3="exit 1") == ""


def test_without_any_python_the_set_up_says_what_to_do(tmp_path):
    done = subprocess.run(
        [ROOT / "tools" / "setup", tmp_path / "venv", ""], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "apt-get install python3" in done.stderr
