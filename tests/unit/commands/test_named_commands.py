"""A command line builds the command that it names, and no other: typer takes long to build them all."""

import os
import subprocess
import sys

import pytest
import typer

from portinfra.commands import app as whole
from portinfra.commands.dr import app as recovery
from portinfra.commands.session import Session

ALL = {*whole.COMMANDS, *whole.FORMER_NAMES, *whole.GROUPS}
ALL_DR = set(recovery.COMMANDS)


def built(*arguments):
    return typer.main.get_command(whole.app(Session("portinfra", arguments))).commands


@pytest.mark.parametrize("arguments", [(), ("--help",), ("--version",), ("plam",), ("-f", "plan")])
def test_a_line_that_names_no_command_has_all(arguments):
    commands = built(*arguments)
    assert set(commands) == ALL
    assert set(commands["dr"].commands) == ALL_DR


@pytest.mark.parametrize("arguments", [("plan",), ("plan", "--jsn"), ("plan", "dr")])
def test_a_line_that_names_a_command_has_that_one(arguments):
    assert set(built(*arguments)) == {"plan"}


@pytest.mark.parametrize(
    ("line", "imported"), [(("plan",), {"plan"}), (("dr", "status"), {"dr.app", "dr.status"})]
)
def test_a_line_imports_the_command_that_it_names_and_no_other(line, imported):
    code = (
        "import sys; from portinfra.commands.main import main\n"
        "try: main()\n"
        "except SystemExit: print(*sys.modules)"
    )
    known = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [sys.executable, "-c", code, *line, "--help"]
    done = subprocess.run(arguments, check=True, env=known, capture_output=True, text=True)
    commands = {
        *whole.COMMANDS,
        "dr.app",
        "hosts.app",
        *(f"dr.{module}" for module in recovery.COMMANDS.values()),
    }
    names = {f"portinfra.commands.{name}": name for name in commands}
    assert {names[name] for name in done.stdout.splitlines()[-1].split() if name in names} == imported


def test_the_same_is_true_of_the_commands_of_recovery():
    (group,) = built("dr", "plan", "demo").values()
    assert (group.name, set(group.commands)) == ("dr", {"plan"})
    assert set(built("dr", "plam")["dr"].commands) == ALL_DR
