"""Plan, apply and destroy as a user meets them: what they print, what they ask, how they end."""

import json

import pytest
from attrs import evolve

from portinfra import lease, workflow
from portinfra.render.console import terminal
from portinfra.testing.fake.errors import FakeError


def test_plan_says_what_would_be_created_and_changes_nothing(world):
    result = world.run("plan")
    assert result.exit_code == 0
    assert "shop/demo on fake:us-east-1, account 111122223333" in result.stdout
    assert "2 instances (web1, web2)" in result.stdout
    assert "Plan: 18 to create." in result.stdout
    assert world.cloud.ground_truth() == []


def test_the_same_command_line_works_with_options_before_and_after_the_environment(world):
    assert (
        world.run("plan", "--only", "web", "demo").stdout == world.run("plan", "demo", "--only", "web").stdout
    )


def test_detailed_exitcode_tells_changes_from_none(world):
    assert world.run("plan", "--detailed-exitcode").exit_code == 2
    assert world.run("apply", "--yes").exit_code == 0
    assert world.run("plan", "--detailed-exitcode").exit_code == 0


def test_apply_shows_the_plan_does_it_and_says_so(world):
    result = world.run("apply", "--yes")
    assert "Plan: 18 to create." in result.stdout
    assert "Verified: shop/demo matches the declaration." in result.stdout
    assert "[18/18]" in result.stderr
    assert "Nothing to do" in world.run("apply").stdout


def test_without_a_terminal_nothing_is_applied_unless_agreed_to_beforehand(world):
    result = world.run("apply")
    assert result.exit_code == 3
    assert "nothing was changed" in result.stderr
    assert "python shop.py apply --yes" in result.stderr
    assert world.cloud.ground_truth() == []


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("YES", 0), ("n", 3), ("", 3)])
def test_apply_asks_at_a_terminal(world, monkeypatch, answer, code):
    monkeypatch.setattr(terminal, "interactive", lambda: True)
    result = world.run("apply", answer=f"{answer}\n")
    assert "Apply these changes? [y/N]" in result.stderr
    assert result.exit_code == code
    assert bool(world.cloud.ground_truth()) == (code == 0)


def test_an_apply_that_fails_lists_what_failed_and_how_to_resume(world):
    world.cloud.set_capacity("us-east-1a", "f1.small", 0)
    result = world.run("apply", "--yes")
    assert result.exit_code == 1
    assert "failed   instance.web1" in result.stderr
    assert "blocked  " in result.stderr
    assert "of 18 steps done" in result.stderr
    assert result.stderr.rstrip().endswith("python shop.py apply --yes")


def refuse_hosts(world):
    def refuse(action, given):
        if action == "CreateInstance":
            raise FakeError("QuotaExceeded", "the account may have no more vCPUs")

    world.cloud.before_request = refuse


def test_one_cause_of_several_failures_is_one_message(world):
    refuse_hosts(world)
    result = world.changing("web", count=40).run("apply", "--yes")
    assert result.exit_code == 1
    assert result.stderr.count("the account may have no more vCPUs") == 2, "on the way, and at the end"
    assert result.stderr.count("Ask for a higher quota") == 1
    assert "The same for 40 more: instance." in result.stderr
    assert "not tried)" in result.stderr


def test_one_cause_is_counted_in_the_document_of_the_outcome(world):
    refuse_hosts(world)
    result = world.changing("web", count=40).run("apply", "--yes", "--json")
    document = json.loads(result.stdout)
    assert document["message"].startswith("41 of ")
    (cause,) = document["outcome"]["causes"]
    assert cause["count"] == 41
    assert cause["not_tried"] > 0
    assert "the account may have no more vCPUs" in cause["error"]


def test_an_interrupted_apply_says_how_to_resume(world, monkeypatch):
    def interrupted(*arguments, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(workflow, "apply", interrupted)
    result = world.run("apply", "--yes")
    assert result.exit_code == 130
    assert "the calls in progress have ended" in result.stderr
    assert "python shop.py apply --yes" in result.stderr


def test_the_command_that_an_interrupt_prints_goes_on_where_the_volume_is_deleted(applied, monkeypatch):
    without = applied.changing("db", count=0)
    interrupted = ["apply", "--yes", "--allow-data-loss", "volume.db1-data"]

    def interrupt(progress):
        if not any(item["kind"] == "volume" for item in applied.cloud.ground_truth()):
            raise KeyboardInterrupt

    apply = workflow.apply
    monkeypatch.setattr(workflow, "apply", lambda plan, listen: apply(plan, listen=interrupt, seed=0))
    result = without.run(*interrupted)
    monkeypatch.setattr(workflow, "apply", apply)
    assert result.exit_code == 130
    assert f"python shop.py {' '.join(interrupted)}" in result.stderr
    again = without.run(*interrupted)
    assert again.exit_code == 0
    assert "Nothing is lost by it." in again.stdout


def test_destroy_wants_the_scope_typed(applied, monkeypatch):
    monkeypatch.setattr(terminal, "interactive", lambda: True)
    assert applied.run("destroy", answer="yes\n").exit_code == 3
    result = applied.run("destroy", answer="shop/demo\n")
    assert result.exit_code == 0
    assert {item["kind"] for item in applied.cloud.ground_truth()} == {"volume", "claim"}


def test_destroy_keeps_volumes_until_their_loss_is_allowed(applied):
    kept = applied.run("destroy", "--yes").stdout
    assert "volume.db1-data  it holds data" in kept
    assert "--allow-data-loss" in kept
    lost = applied.run("destroy", "--yes", "--allow-data-loss", "volume.db1-data").stdout
    assert "all its data is lost" in lost
    assert "Nothing of shop/demo is left." in lost
    assert applied.cloud.ground_truth() == []


def test_output_has_the_addresses_that_scripts_want(applied):
    hosts = json.loads(applied.run("output", "--json").stdout)["hosts"]
    assert list(hosts) == ["db1", "web1", "web2"]
    assert hosts["web1"]["private_address"] == "10.0.0.4"
    assert hosts["web1"]["public_address"].startswith("198.")
    assert hosts["db1"]["public_address"] is None


def test_a_claim_is_released_only_when_agreed_to(applied, monkeypatch):
    held = evolve(lease.list_leases(*applied.selection)[-1], released=False)
    released = []
    monkeypatch.setattr(lease, "list_leases", lambda *_: [evolve(held, released=bool(released))])
    monkeypatch.setattr(lease, "release", lambda *_: released.append(True))
    assert "held by" in applied.run("lease").stdout
    assert applied.run("lease", "--release").exit_code == 3
    assert not released
    assert "free" in applied.run("lease", "--release", "--yes").stdout
    assert released


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("--replace", "instance.wbe1"),
        ("--allow-data-loss", "db1-dta"),
        ("--without-zone", "us-east-1x"),
        ("--only", "wbe"),
    ],
)
def test_an_option_that_names_what_is_not_there_is_bad_usage(applied, option, name):
    result = applied.run("plan", option, name)
    assert result.exit_code == 2
    assert f"{option} {name}: nothing has that name" in result.stderr
    assert "Did you mean" in result.stderr
