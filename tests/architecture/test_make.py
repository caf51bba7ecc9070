"""`make` finds a Python that runs, whatever else bears its name, and does what the pages say."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(target):
    """Everything that make would run for a target in a clone that has nothing yet."""
    ran = subprocess.run(
        ["make", "--dry-run", "--always-make", "-C", str(ROOT), target],
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_target_that_a_page_names_is_there(page):
    targets = re.search(r"\.PHONY: (.*)", (ROOT / "Makefile").read_text())[1].split()
    named = re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(), re.MULTILINE)
    assert set(named) <= set(targets)


def test_a_quick_run_needs_the_virtual_environment_and_no_programs_of_the_system():
    assert "tools/setup .venv" in commands("quick")
    assert "setup-libvirt" not in commands("quick")
    assert "setup-libvirt" in commands("test")


def test_a_quick_run_is_of_the_tests_and_of_the_providers_unit_tests():
    (line,) = [line for line in commands("quick").splitlines() if "pytest" in line]
    folders = {word for word in line.split() if (ROOT / word).is_dir()}
    units = {str(path.relative_to(ROOT)) for path in (ROOT / "providers").glob("*/tests/unit")}
    assert folders == {"tests", *units}
    assert "--quick" in line


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
