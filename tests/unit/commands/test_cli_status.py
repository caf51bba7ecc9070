"""`portinfra status` names what is not as it is declared, and what not known at."""

import re

import pytest
from attrs import evolve

from portinfra import rule


def test_status_ends_with_zero_when_nothing_differs(applied):
    result = applied.run("status")
    assert result.exit_code == 0
    assert "Nothing differs" in result.stdout
    assert "last applied by" in result.stdout


def test_status_names_a_port_that_was_opened_by_hand_and_apply_closes_it(applied):
    rule = {"protocol": "tcp", "first": 22, "last": 22, "peer": "0.0.0.0/0"}
    applied.by_hand("AllowTraffic", id=applied.id("firewall", "web"), direction="ingress", rules=[rule])
    result = applied.run("status")
    assert result.exit_code == 2
    assert "firewall-rules.web differs" in result.stdout
    assert "open, not declared: tcp 22 from the internet" in result.stdout
    applied.run("apply", "--yes")
    assert applied.run("status").exit_code == 0


def test_status_names_a_machine_that_was_stopped(applied):
    applied.by_hand("StopInstance", id=applied.id("instance", "web2"))
    assert "power: stopped → running" in applied.run("status").stdout


def test_status_names_what_is_missing_and_what_nothing_declares(applied):
    result = applied.changing("web", count=1).run("status")
    assert re.search(r"instance\.web2\b.* not declared", result.stdout)
    result = applied.changing("web", count=3).run("status")
    assert re.search(r"instance\.web3\b.* missing", result.stdout)
    result = applied.changing("web", count=9).run("status")
    assert re.search(r"web missing: 7 instances \(web3 … web9\)", result.stdout)


def test_a_zone_that_does_not_answer_is_unknown_never_empty(applied):
    applied.cloud.unreachable.add("us-east-1a")
    status = applied.run("status")
    assert status.exit_code == 3
    assert "us-east-1a did not answer" in status.stdout
    assert applied.run("plan").exit_code == 3
    accepted = applied.run("plan", "--without-zone", "us-east-1a")
    assert accepted.exit_code == 0
    assert "as declared" not in accepted.stdout


def unexplained(world):
    """The same cloud, with a flow that has no reason: a rule of `check` forbids it."""
    topology = world.declared.topologies[0]
    flows = [evolve(flow, why="") for flow in topology.flows]
    return evolve(world, declared=evolve(world.declared, topologies=(evolve(topology, flows=flows),)))


def with_own_rule(world):
    @rule("acme/no-web", "error", fix="Serve no one.")
    def own(context):
        """No role is named web."""
        yield context.roles[0], "web"

    return evolve(world, declared=evolve(world.declared, rules=(own,)))


WRONG = {
    "a rule of check forbids it": unexplained,
    "a rule of one's own forbids it": with_own_rule,
    "no machine has this size": lambda world: world.changing("web", size="huge"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_status_of_a_declaration_that_no_apply_accepts_ends_as_plan_does(applied, wrong):
    changed = WRONG[wrong](applied)
    status, plan = changed.run("status"), changed.run("plan")
    assert status.exit_code == plan.exit_code
    assert status.exit_code in (1, 3)
    assert "An apply is refused for the errors above." in status.stdout
