"""The command line checks the other environment of a recovery plan, declared or not."""

import json

import pytest


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


def test_a_move_is_not_checked(known):
    moved = known("move", "production", "--to", "fake:eu-north-1", "--plan")
    assert moved.exit_code == 0, moved.stderr


def test_claim_forgets_the_peer_after_confirmation(known):
    shown = json.loads(known("claim", "production", "--json", planned=False).stdout)
    assert shown["claim"]["peer"] == "recovery"
    assert "pairs it with recovery" in known("claim", "production", planned=False).stdout
    assert known("claim", "production", "--forget-peer", planned=False).exit_code == 3, "nobody has agreed"
    forgotten = known("claim", "production", "--forget-peer", "--yes", "--json", planned=False)
    assert json.loads(forgotten.stdout)["claim"]["peer"] is None
