"""`portinfra move --plan` shows what it would mean to be elsewhere, and changes nothing."""

import json

import pytest
from attrs import evolve

from portinfra import Environment, workflow
from portinfra.model.location import Location


def test_a_move_shows_what_it_would_mean_and_changes_nothing(world):
    before = world.cloud.ground_truth()
    shown = world.run("move", "--to", "fake:eu-west-1", "--plan").stdout
    assert world.cloud.ground_truth() == before
    assert "shop/demo from fake:us-east-1 to fake:eu-west-1" in shown
    assert "3 hosts of 2 roles, each with its private address" in shown
    assert "1 volume of 10 GiB, new and empty" in shown
    for words in (
        ["environment.demo.account", "111122223333"],
        ["role.db.size", "f1.small"],
        ["web", "2", "small", "f1.small", "1 vCPU, 2 GiB", "debian-12"],
    ):
        assert any(all(word in line for word in words) for line in shown.splitlines()), words
    calls = workflow.plan(*world.selection).budget.calls
    assert f"at least {calls} API calls" in shown


def test_a_move_takes_account_and_key_of_what_is_declared_there(world):
    there = Environment("elsewhere", on="fake:eu-west-1", account="444455556666", key="alias/there")
    both = evolve(
        world, declared=evolve(world.declared, environments=(world.declared.environments[0], there))
    )
    found = json.loads(both.run("move", "demo", "--to", there.on, "--plan", "--json").stdout)
    assert (found["account"], found["scope"]) == ("444455556666", "shop/demo")
    told = both.run("move", "demo", "--to", there.on, "--plan", "--account", "777788889999", "--json").stdout
    assert json.loads(told)["account"] == "777788889999"


def test_what_cannot_be_had_at_the_other_place_is_said_and_refuses_the_move(world):
    refused = world.changing("web", image="ubuntu-99.04").run("move", "--to", "fake:eu-west-1", "--plan")
    assert refused.exit_code == 1
    assert "ubuntu-99.04" in refused.stderr + refused.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [((), "--to"), (("--to", "mars", "--plan"), "--to mars"), (("--to", "fake:eu-west-1"), "--plan")],
)
def test_a_move_wants_a_place_and_does_nothing_by_itself(world, arguments, told):
    result = world.run("move", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert not world.cloud.ground_truth()


def test_a_refused_plan_of_a_move_counts_no_calls(world):
    refused = world.changing("web", image="ubuntu-99.04").run("move", "--to", "fake:eu-west-1", "--plan")
    assert "To build it there: " in refused.stdout
    assert "at least" not in refused.stdout


def test_a_move_prints_itself_with_all_of_its_options(world):
    result = world.run("move", "demo", "--to", "fake:eu-west-1", "--account", "777788889999", "--key", "k")
    again = "python shop.py move demo --to fake:eu-west-1 --account 777788889999 --key k --plan"
    assert again in " ".join(result.stderr.split())


def test_a_move_to_another_account_prints_what_to_declare_and_no_apply_without_it(world):
    result = world.run("move", "demo", "--to", "fake:eu-west-1", "--account", "777788889999", "--key", "k")
    assert 'on="fake:eu-west-1", account="777788889999", key="k"' in result.stderr
    assert "apply demo" not in result.stderr


def test_a_move_within_the_account_prints_the_apply(world):
    result = world.run("move", "demo", "--to", "fake:eu-west-1", "--account", "111122223333")
    assert "`python shop.py apply demo --on fake:eu-west-1`" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("plan", "--on", "mars:olympus"), "--on mars:olympus"),
        (("check", "--on", "mars:olympus"), "--on mars:olympus"),
        (("move", "--to", "mars:olympus", "--plan"), "--to mars:olympus"),
    ],
)
def test_an_error_about_a_place_of_an_option_names_the_option_and_no_line(world, arguments, option):
    line = Location("shop.hcl", 3, source='on = "fake:us-east-1"')
    written = Location("shop.hcl", 1, attributes={"on": line})
    demo = evolve(world.declared.environments[0], location=written)
    result = evolve(world, declared=evolve(world.declared, environments=(demo,))).run(*arguments)
    assert f"{option}: error: environment.demo.on: there is no provider 'mars'" in result.stderr
    assert "shop.hcl" not in result.stderr


def test_an_error_about_a_place_of_an_option_has_no_line_in_json(world):
    result = world.run("plan", "--on", "mars:olympus", "--json")
    assert [each["location"] for each in json.loads(result.stdout)["findings"]] == [None]
