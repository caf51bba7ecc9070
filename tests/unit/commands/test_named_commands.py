"""A command line builds the command that it names, and no other: typer takes long to build them all."""

import pytest
import typer

from portinfra.commands import app as whole
from portinfra.commands.dr import app as recovery
from portinfra.commands.session import Session

ALL = {command.__name__ for command in whole.COMMANDS} | set(whole.FORMER_NAMES) | set(whole.GROUPS)
ALL_DR = {command.__name__ for command in recovery.COMMANDS}


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


def test_the_same_is_true_of_the_commands_of_recovery():
    (group,) = built("dr", "plan", "demo").values()
    assert (group.name, set(group.commands)) == ("dr", {"plan"})
    assert set(built("dr", "plam")["dr"].commands) == ALL_DR
