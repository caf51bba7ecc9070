"""`check` as a person and a program see it, and how its errors stop an apply."""

import json
from typing import Any

import pytest
from attrs import evolve, frozen
from typer.testing import CliRunner

from portinfra import INTERNET, Environment, Role, Topology, allow, apply, check, plan, rule
from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.declaration.declared import Declared
from portinfra.errors import PolicyError
from portinfra.testing.fake import FakeCloud, plugin

WEB = Role("web", public="customers", user_data="#!/bin/sh\n# canary-4711\n")
DB = Role("db", count=1, waive={"check/fewer-than-three": "a copy is made in minutes"})
CACHE = Role("cache", count=2)
SHOP = Topology(
    "shop",
    [WEB, DB, CACHE],
    [
        allow(INTERNET, WEB, tcp=443, why="customers"),
        allow(WEB, [DB, CACHE], tcp=5432, why="orders"),
    ],
)
DEMO = Environment("demo", on="fake:us-east-1", account="111122223333")
SSH = allow(INTERNET, WEB, tcp=22, why="administration")


@frozen
class World:
    """A cloud, and the command line of a script that declares a topology in it."""

    cloud: FakeCloud
    topology: Topology
    rules: tuple[Any, ...] = ()

    def run(self, *arguments: str) -> Any:
        declared = Declared((self.topology,), (DEMO,), rules=self.rules)
        session = Session("python shop.py", arguments, declared)
        return CliRunner().invoke(app(session), list(arguments))

    def document(self, *arguments: str) -> Any:
        return json.loads(self.run("check", *arguments, "--json").stdout)

    def open_ssh(self) -> None:
        """Somebody lets ssh in from everywhere, in the console."""
        id = next(one["id"] for one in self.cloud.ground_truth() if one["name"].startswith("shop-demo-web-"))
        rule = {"protocol": "tcp", "first": 22, "last": 22, "peer": "0.0.0.0/0"}
        given = {"id": id, "direction": "ingress", "rules": [rule]}
        self.cloud.request(DEMO.account, DEMO.region, "AllowTraffic", given)
        self.cloud.clock.sleep_until(self.cloud.clock.now() + 60)


@pytest.fixture
def world(monkeypatch):
    cloud = FakeCloud()
    monkeypatch.setattr(plugin, "cloud", cloud)
    return World(cloud, SHOP)


@pytest.fixture
def unsafe(world):
    return evolve(world, topology=evolve(SHOP, flows=(*SHOP.flows, SSH)))


def test_the_report_has_findings_waivers_and_who_reaches_whom(world):
    result = world.run("check")
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    for words in (
        "shop/demo on fake:us-east-1: computed from the declaration; the cloud was not read (--observed",
        "check/fewer-than-three (R6: three of everything)",
        "role.cache: 2 hosts",
        "check/fewer-than-three by db: a copy is made in minutes",
        "internet web tcp 443 customers",
        "web db, cache tcp 5432 orders",
        "1: web 2: db, cache (by web)",
        "Check: 0 errors, 1 warning, 0 notes, 1 waived.",
    ):
        assert words in text
    assert "canary" not in text


def test_it_asks_no_cloud(world):
    world.run("check")
    assert not world.cloud.log


def test_an_error_ends_it_with_3(unsafe):
    result = unsafe.run("check")
    assert result.exit_code == 3
    assert "check/login-from-internet (R19: ssh through the bastion only)" in result.stdout
    assert f"{__file__}:{SSH.location.line}: flow internet → web: ssh to web is open to" in result.stdout


def test_what_was_done_by_hand_is_found_where_it_is(world):
    assert world.run("apply", "--yes").exit_code == 0
    assert world.run("check", "--observed").exit_code == 0
    world.open_ssh()
    result = world.run("check", "--observed")
    assert result.exit_code == 3
    there = result.stdout.partition("In the cloud, and not declared")[2]
    assert " ".join(there.split()).startswith(
        "from to traffic because internet web tcp 22 (no flow declares it) "
        "Declared, and not in the cloud nothing"
    )
    assert world.run("check").exit_code == 0


def test_before_anything_is_there_everything_is_declared_and_not_there(world):
    result = world.run("check", "--observed")
    assert result.exit_code == 0
    assert "internet" in result.stdout.partition("Declared, and not in the cloud")[2]


def test_a_path_is_told_hop_by_hop(world):
    result = world.run("check", "--path", "internet", "db")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "internet reaches db in 2 steps:"
    assert lines[2].startswith("internet web1 tcp 443 customers (")
    assert lines[3].startswith("web1 db1 tcp 5432 orders (")
    assert "cannot reach" in world.run("check", "--path", "db", "web").stdout


def test_a_script_tells_by_the_document_whether_there_is_a_way(world):
    assert world.document("--path", "internet", "db")["path"] != []
    assert world.document("--path", "db", "web")["path"] == []
    assert world.run("check", "--path", "db", "web").exit_code == 0


def test_a_path_from_nobody_is_bad_usage_with_a_suggestion(world):
    result = world.run("check", "--path", "wbe", "db")
    assert result.exit_code == 2
    assert "Did you mean 'web'?" in result.stderr


def test_a_path_from_a_host_that_the_role_does_not_have_names_those_that_it_has(world):
    result = world.run("check", "--path", "web9", "db")
    assert result.exit_code == 2
    assert "no role, host or range of addresses 'web9'" in result.stderr
    assert "There are web1" in result.stderr


@pytest.mark.parametrize("name", ["10.0.0.400", "10.0.0.0/33", "10.0"])
def test_a_path_from_addresses_that_are_none_says_how_to_write_them(world, name):
    result = world.run("check", "--path", name, "db")
    assert result.exit_code == 2
    assert f"{name!r} is not a range of IPv4 addresses" in result.stderr
    assert "Write it as 10.0.0.0/8 or 10.1.2.3" in result.stderr


def test_the_document_is_the_published_schema(world):
    document = world.document("--path", "internet", "db")
    assert list(document) == [
        *("schema", "scope", "on", "summary", "findings", "waived", "declared", "there"),
        *("definitions_only", "path"),
    ]
    assert document["summary"] == {"error": 0, "warning": 1, "note": 0, "waived": 1}
    assert document["there"] is None
    assert document["definitions_only"] is False
    assert [hop["target"] for hop in document["path"]] == ["web1", "db1"]
    edges = {(edge["source"], edge["target"]): edge for edge in document["declared"]["edges"]}
    assert edges["web", "db"]["traffic"] == [{"protocol": "tcp", "first": 5432, "last": 5432}]
    assert edges["web", "db"]["witness"]["ingress"]["peer"] == "firewall.web"
    assert edges["web", "db"]["why"] == ["orders"]


def test_observed_documents_have_both(world):
    world.run("apply", "--yes")
    document = world.document("--observed")
    assert document["there"] == document["declared"]


def test_an_apply_is_stopped_before_anything_is_done(unsafe):
    planned = unsafe.run("plan")
    assert planned.exit_code == 3
    assert "ssh to web is open to" in planned.stdout
    refused = unsafe.run("apply", "--yes")
    assert refused.exit_code == 3
    assert "ssh to web is open to" in refused.stderr
    assert unsafe.cloud.ground_truth() == []


def test_a_plan_names_the_warnings_in_one_line(world):
    result = world.run("plan")
    assert result.exit_code == 0
    line = "Check: 1 warning (check/fewer-than-three). See: python shop.py check demo"
    assert line in result.stderr
    assert "fewer-than-three" not in result.stdout


def test_a_destroy_is_stopped_by_no_rule(world, unsafe):
    assert world.run("apply", "--yes").exit_code == 0
    assert unsafe.run("destroy", "--yes").exit_code == 0
    assert "Check:" not in unsafe.run("plan", "--destroy").stderr


@rule("acme/one-cache", "error", fix="Have one.")
def one_cache(context):
    """More than one cache."""
    if len(context.hosts("cache")) > 1:
        yield context.role("cache"), "there is more than one"


def test_a_rule_of_ones_own_stops_an_apply_from_python(world):
    made = plan(SHOP, DEMO, rules=[one_cache])
    assert [finding.rule for finding in made.errors] == ["acme/one-cache"]
    with pytest.raises(PolicyError, match="there is more than one"):
        apply(made)
    assert world.cloud.ground_truth() == []
    assert [one.rule for one in check(SHOP, DEMO, rules=[one_cache]).errors] == ["acme/one-cache"]


def test_a_rule_of_a_script_stops_its_commands(world):
    ruled = evolve(world, rules=(one_cache,))
    for arguments in (["check"], ["plan"], ["apply", "--yes"]):
        result = ruled.run(*arguments)
        assert result.exit_code == 3
        assert "there is more than one" in result.stdout + result.stderr
    assert world.cloud.ground_truth() == []
