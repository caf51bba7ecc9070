"""The command line checks the other environment of a recovery plan, declared or not."""

import json

import pytest
from attrs import evolve


@pytest.fixture
def known(run):
    """Production with a recovery point, so that its claim names the other environment."""
    assert run("dr", "replicate").exit_code == 0
    return run


@pytest.mark.parametrize(
    "command",
    [
        ("apply", "production", "--replace", "instance.web1", "--yes"),
        ("destroy", "production", "--yes"),
        ("plan", "production"),
    ],
)
def test_without_the_declared_recovery_plan_it_refuses_unless_the_check_is_skipped(known, command):
    refused = known(*command, planned=False)
    assert (refused.exit_code, "--without-peer" in refused.stdout + refused.stderr) == (3, True)
    assert known(*command, "--without-peer", planned=False).exit_code == 0


def test_an_environment_placed_elsewhere_is_not_checked(known):
    planned = known("plan", "production", "--on", "fake:eu-north-1", "--json")
    assert json.loads(planned.stdout)["findings"] == []


def test_an_environment_that_on_places_at_its_own_location_says_what_to_write(known):
    """Where --on says so, no recovery plan is read: other options place both environments."""
    elsewhere = evolve(known.here, on="fake:us-west-2")
    planned = known("plan", "production", "--on", known.here.on, environments=(elsewhere, known.there))
    assert planned.exit_code == 3
    assert "write --source-on and --target-on in place of --on" in planned.stdout
    places = ("--source-on", known.here.on)
    assert known("plan", "production", *places, environments=(elsewhere, known.there)).exit_code == 0


def test_a_move_is_not_checked(known):
    moved = known("move", "production", "--to", "fake:eu-north-1", "--plan")
    assert moved.exit_code == 0, moved.stderr


def test_claim_forgets_the_peer_after_confirmation(known):
    shown = json.loads(known("lease", "production", "--json", planned=False).stdout)
    assert shown["claim"]["peer"] == "recovery"
    assert "pairs it with recovery" in known("lease", "production", planned=False).stdout
    assert known("lease", "production", "--forget-peer", planned=False).exit_code == 3, "nobody has agreed"
    forgotten = known("lease", "production", "--forget-peer", "--yes", "--json", planned=False)
    assert json.loads(forgotten.stdout)["claim"]["peer"] is None


def test_an_environment_of_a_plan_that_is_placed_elsewhere_is_checked_there(run):
    """The environments are declared where nothing is, and options say where they are."""
    declared = (evolve(run.here, on="fake:us-west-2"), evolve(run.there, on="fake:eu-north-1"))
    places = ("--source-on", run.here.on, "--target-on", run.there.on)
    assert run("dr", "replicate", *places, environments=declared).exit_code == 0
    lost = run("dr", "failover", "--lost", "production", "--yes", *places, environments=declared)
    assert lost.exit_code == 0
    refused = run(
        "apply", "production", "--replace", "instance.web1", "--yes", *places, environments=declared
    )
    assert "recovery is active since" in refused.stdout + refused.stderr
    assert f"`python shop.py dr fence shop {' '.join(places)}`" in refused.stdout + refused.stderr
    alone = run("plan", "production", "--source-on", run.here.on, environments=declared, planned=False)
    assert (alone.exit_code, "for an environment of a recovery plan" in alone.stderr) == (2, True)
