"""Each option that takes a name refuses one that nothing has, and says what the name may be."""

import re

import pytest
import typer

from portinfra.commands.app import app
from portinfra.commands.session import Session

WRONG = {
    "ENV": ("prodction",),
    "ROLE": ("wbe",),
    "ADDRESS|all": ("volume.db9-data",),
    "ADDRESS": ("volume.db9-data",),
    "ZONE": ("us-east-1x",),
    "RECOVERY": ("shpo",),
    "ENVIRONMENT": ("prodction",),
    "POINT": ("p-1",),
    "WHAT": ("failovr",),
    "HOST": ("wbe1",),
    "SOURCE TARGET": ("wbe", "db"),
}
"""By what an option takes, a name of that kind that nothing has."""

OTHERS = {
    ("--topology", "NAME"): ("shpo",),
    ("name", "NAME"): ("fakke",),
}
"""The same for options whose kind has other options that take any text."""

FREE = {"PATH", "NAME=VALUE", "LOCATION", "FILE", "FILE...", "DIR", "TIME", "URL", "DIGEST", "PACKAGE"}
"""What an option takes that is no name of something; other tests are about these."""

FREE_OPTIONS = {("move", "--account"), ("move", "--key"), ("image", "--name"), ("image", "verb")}
"""The same for single options: a text of the user's own, or one of a few words."""

ELSEWHERE = {("hosts", "files", "host"), ("dr", "verify", "--key")}
"""Names that need a declaration of their own: `test_hosts.py` and `test_evidence_commands.py` have them."""

NOT_INSTALLED = {("providers", "name")}
"""A provider that is not installed ends with 1, wherever it is named."""

BEFORE = {
    ("check", "--path"): ("production",),
    ("dr", "approve", "name"): ("failover",),
    ("move", "environment"): ("--to", "fake:eu-west-2"),
    ("move", "--topology"): ("--to", "fake:eu-west-2"),
    ("trust", "revoke", "--topology"): ("production", "web1"),
    ("trust", "revoke", "host"): ("production",),
    **{
        ("hosts", tool, place): ("--into", "repository")
        for tool in ("puppet", "ansible")
        for place in ("environment", "--topology")
    },
    **{
        (command, option): ("production",)
        for command in ("plan", "apply", "destroy")
        for option in ("--only", "--allow-data-loss", "--without-zone", "--replace")
    },
}
"""What a call needs before the name."""

AFTER = {("trust", "revoke", "environment"): ("web1",)}
"""What a call needs after the name."""


def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def parameters():
    """Each parameter of each command that takes a text, by the command and its first spelling."""
    for path, command in commands(typer.main.get_command(app(Session()))):
        for parameter in command.params:
            option = parameter.opts[0] if parameter.opts else parameter.name
            if parameter.metavar or parameter.param_type_name == "argument":
                yield (*path, option), parameter.metavar


def wrong_name(place, metavar):
    return OTHERS.get((place[-1], metavar)) or WRONG.get(metavar)


def test_each_option_takes_a_name_or_is_known_to_take_another_text():
    unknown = [
        place
        for place, metavar in parameters()
        if not wrong_name(place, metavar) and metavar not in FREE and place not in FREE_OPTIONS | ELSEWHERE
    ]
    assert unknown == []


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        pytest.param(place, wrong, id=" ".join(place))
        for place, metavar in parameters()
        if (wrong := wrong_name(place, metavar)) and place not in ELSEWHERE
    ],
)
def test_an_unknown_name_is_refused_with_what_it_may_be(run, place, wrong):
    *path, option = place
    given = (option,) if option.startswith("-") else ()
    about = run.plan(standby="running") if "refresh" in path else run.plan()
    result = run(*path, *BEFORE.get(place, ()), *given, *wrong, *AFTER.get(place, ()), about=about)
    assert result.exit_code == (1 if place in NOT_INSTALLED else 2), result.stderr
    answer = r"Did you mean|Known are|There are|There is|--lost production|See what it waits for"
    assert re.search(answer, result.stderr), result.stderr


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_host_without_its_kind_is_answered_with_its_address(run, command):
    result = run(command, "production", "--replace", "web1")
    assert result.exit_code == 2
    assert "Did you mean 'instance.web1'?" in result.stderr


@pytest.mark.parametrize("option", ["--only", "--replace", "--without-zone", "--allow-data-loss", "--on"])
def test_an_empty_value_of_an_option_is_shown_as_one(world, option):
    result = world.run("plan", option, "")
    assert result.exit_code == 2
    assert f"{option} ''" in result.stderr
