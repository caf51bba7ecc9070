"""`portinfra status` names what is not as it is declared, and what not known at."""

import re

from attrs import evolve

from portinfra import rule


def test_status_ends_with_zero_when_nothing_differs(applied):
    result = applied.run("status")
    assert result.exit_code == 0
    assert "Nothing differs" in result.stdout
    assert "last held by" in result.stdout


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
    printed = applied.run("status").stdout
    assert "power: stopped → running" in printed
    assert "Each line shows: actual → declared." in printed


def test_status_names_what_is_missing_and_what_nothing_declares(applied):
    result = applied.changing("web", count=1).run("status")
    assert re.search(r"instance\.web2\b.* not declared", result.stdout)
    result = applied.changing("web", count=3).run("status")
    assert re.search(r"instance\.web3\b.* missing", result.stdout)
    assert "Each line shows" not in result.stdout  # no line has an arrow
    assert "repairs it." in result.stdout
    result = applied.changing("web", count=9).run("status")
    assert re.search(r"web missing: 7 instances \(web3 … web9\)", result.stdout)


def test_a_zone_that_does_not_answer_is_unknown_never_empty(applied):
    applied.cloud.unreachable.add("us-east-1a")
    status = applied.run("status")
    assert status.exit_code == 2
    assert "us-east-1a did not answer" in status.stdout
    assert applied.run("plan").exit_code == 3
    accepted = applied.run("plan", "--without-zone", "us-east-1a")
    assert accepted.exit_code == 0
    assert "as declared" not in accepted.stdout


@rule("acme/no-db", "error", "Leave it out.")
def no_db(context):
    yield "db", "no databases"


def refused_by_a_rule(world):
    return evolve(world, declared=evolve(world.declared, rules=(no_db,)))


def test_status_ends_as_plan_does_when_nothing_differs_and_an_apply_is_refused(applied):
    refused = refused_by_a_rule(applied)
    status = refused.run("status")
    assert (status.exit_code, refused.run("plan").exit_code) == (3, 3)
    assert "Nothing differs from the declaration." in status.stdout
    assert "An apply is refused because of the errors above." in status.stdout


def test_a_difference_counts_more_than_a_refusal(applied):
    applied.by_hand("StopInstance", id=applied.id("instance", "web2"))
    assert refused_by_a_rule(applied).run("status").exit_code == 2


def test_a_declaration_that_makes_no_sense_counts_more_than_a_difference(applied):
    applied.by_hand("StopInstance", id=applied.id("instance", "web2"))
    wrong = applied.changing("db", size="huge")
    status = wrong.run("status")
    assert (status.exit_code, wrong.run("plan").exit_code) == (1, 1)
    assert "An apply is refused because of the errors above." in status.stdout
