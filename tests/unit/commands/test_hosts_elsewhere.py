"""Hosts that kept volumes hold elsewhere than declared: each command says so, and none misplaces them."""

import json
import re

import pytest
import typer
from attrs import evolve
from begun import begun
from typer.testing import CliRunner

from portinfra import Environment, Role, Topology, Volume, apply, plan
from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.declaration.declared import Declared

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
DB = Role("db", count=4, volumes=[Volume("data", gib=1)])
SHOP = Topology("shop", roles=[DB], delivery="files")
DEMO = Environment("demo", on="fake:us-east-1", account="111122223333", zones=ZONES)

NOBODYS = "10.0.1.5"
"""The address of db4 where only two zones are declared: the host keeps another one."""

READS = {
    ("plan",): [(), ("--full",), ("--json",), ("--destroy",)],
    ("status",): [(), ("--json",)],
    ("check",): [
        *[(), ("--observed",), ("--json",), ("--observed", "--json")],
        *[("--observed", "--format", each) for each in ("sarif", "junit")],
    ],
    ("render",): [(), ("--json",)],
    ("graph",): [("--format", each) for each in ("svg", "mermaid", "dot")],
    ("inventory",): [("--format", each) for each in ("table", "json", "ansible", "hosts", "ssh")],
    ("output",): [(), ("--json",)],
    ("hosts", "files"): [(), ("--json",), ("db1",)],
    ("hosts", "status"): [(), ("--json",)],
    ("hosts", "puppet"): [("--into", "control"), ("--into", "control", "--json")],
    ("hosts", "ansible"): [("--into", "playbook"), ("--into", "playbook", "--json")],
    ("lease",): [(), ("--json",)],
    ("lockin",): [()],
    ("move",): [("--to", "fake:eu-west-1"), ("--to", "fake:eu-west-1", "--json")],
}
"""The commands that read, with the calls of each."""

CHANGES = {("apply",), ("destroy",), ("image",), ("providers",), ("claim",)}
"""Commands that change something, or that are about no environment."""

TRUST = {("trust", name) for name in ("init", "bundle", "revoke", "reopen")}
"""Commands that know hosts by name only: they print and write no address."""


def create_shop(cloud):
    apply(plan(SHOP, DEMO))


@pytest.fixture(scope="module")
def created():
    with begun(create_shop) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def run(created):
    """Runs a command after the third zone is removed from the declaration."""

    def run(*arguments, zones=ZONES[:2], topology=SHOP):
        declared = Declared((topology,), (evolve(DEMO, zones=zones),))
        session = Session("python shop.py", arguments, declared)
        return CliRunner().invoke(app(session), list(arguments))

    return run


def text_of(result):
    return " ".join((result.stdout + result.stderr).split())


def paths(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from paths(command, (*path, name))
        else:
            yield (*path, name)


def test_each_command_is_covered():
    every = {path for path in paths(typer.main.get_command(app(Session()))) if path[0] != "dr"}
    assert every == READS.keys() | CHANGES | TRUST


@pytest.mark.parametrize("arguments", [("plan", "demo"), ("status", "demo"), ("check", "demo", "--observed")])
def test_each_says_once_which_hosts_which_volume_and_how_to_mend_it(run, arguments):
    text = text_of(run(*arguments))
    assert text.count("hosts stay elsewhere than declared") == 1
    assert "db3 has 10.0.2.4 in us-east-1c, and is declared with 10.0.0.5 in us-east-1a" in text
    assert f"db4 has 10.0.0.5 in us-east-1a, and is declared with {NOBODYS} in us-east-1b" in text
    assert "volume.db3-data, volume.db4-data hold data there" in text
    assert 'zones=["us-east-1a", "us-east-1b", "us-east-1c"]' in text
    assert "--allow-data-loss volume.db3-data --allow-data-loss volume.db4-data" in text


@pytest.mark.parametrize("arguments", [("plan", "demo"), ("status", "demo"), ("check", "demo", "--observed")])
def test_the_printed_zones_mend_it(run, arguments):
    assert "stay elsewhere" not in text_of(run(*arguments, zones=ZONES))


def test_a_positive_sentence_excepts_these_hosts(run):
    assert "the zones and addresses of 2 hosts" in text_of(run("plan", "demo"))


@pytest.mark.parametrize("arguments", [("plan", "demo"), ("status", "demo"), ("check", "demo", "--observed")])
def test_zones_in_another_order_are_said_once_too(run, arguments):
    text = text_of(run(*arguments, zones=(ZONES[1], ZONES[0], ZONES[2])))
    assert text.count("3 hosts are in other zones than declared") == 1


@pytest.mark.parametrize("zones", [ZONES[1:], ZONES[:1], (*ZONES, "us-east-1d")])
@pytest.mark.parametrize("arguments", [("plan", "demo"), ("status", "demo"), ("check", "demo", "--observed")])
def test_each_change_of_zones_has_one_and_the_same_mend(run, arguments, zones):
    text = text_of(run(*arguments, zones=zones))
    assert "elsewhere than declared" in text
    assert set(re.findall(r"zones=\[[^]]*\]", text)) == {'zones=["us-east-1a", "us-east-1b", "us-east-1c"]'}


def test_a_host_that_the_plan_creates_anew_is_not_called_held(run):
    assert "stay elsewhere" not in text_of(run("plan", "demo", "--allow-data-loss", "all"))


def test_a_role_that_ignores_places_has_no_host_elsewhere(run):
    ignoring = SHOP.with_role(evolve(DB, ignore=["zone", "private_address"]))
    assert "stay elsewhere" not in text_of(
        run("check", "demo", "--observed", topology=evolve(ignoring, delivery=""))
    )


@pytest.mark.parametrize(("path", "options"), [(path, each) for path, some in READS.items() for each in some])
def test_no_output_gives_a_host_an_address_that_it_does_not_have(run, path, options):
    result = run(*path, "demo", *options)
    assert result.exit_code in (0, 2), result.stderr
    text = text_of(result)
    assert NOBODYS not in text or re.search(
        r'of the declaration|from the declaration|is declared with|"placement": "declared"', text
    )


def test_what_is_observed_is_printed_as_it_is(run):
    assert json.loads(run("output", "demo", "--json").stdout)["hosts"]["db3"]["private_address"] == "10.0.2.4"
