"""A printed command that does what the call would do carries each option of the call that it needs."""

import pytest
from attrs import evolve

DATA = ("--as-of", "2030-01-01T00:00Z", "--blank", "volume.db1-data", "--without-point", "p-1")

CALLS = {
    "a lost environment of another name": (("dr", "failover", "--lost", "prod", *DATA), DATA),
    "the same with insistence": (
        ("dr", "failover", "--lost", "prod", "--insist", *DATA),
        ("--insist", *DATA),
    ),
    "the same on the way back": (("dr", "failback", "--lost", "prod", *DATA), DATA),
    "an old spelling of a lost source": (("dr", "failover", "--source-is-lost", *DATA), DATA),
    "an old spelling of older data": (("dr", "failover", "--older-data", *DATA[:4]), DATA[:4]),
    "a plan that is saved": (
        ("plan", "production", "--without-peer", "--out", "p.json"),
        ("apply", "--plan", "p.json", "--without-peer"),
    ),
    "a file in place of an environment": (
        ("apply", "p.json", "--without-peer"),
        ("apply", "--plan", "p.json", "--without-peer"),
    ),
    "a plan that is not agreed to": (
        ("apply", "production", "--replace", "instance.web1", "--without-peer"),
        ("--replace", "instance.web1", "--without-peer", "--yes"),
    ),
}
"""By situation, a call that prints a command, and the words that the command must have."""


@pytest.mark.parametrize("situation", CALLS)
def test_a_printed_command_has_the_options_of_the_call(run, tmp_path, monkeypatch, situation):
    monkeypatch.chdir(tmp_path)
    arguments, needed = CALLS[situation]
    result = run(*arguments)
    printed = [line.split() for line in result.stderr.replace("`", "\n").splitlines() if "shop.py" in line]
    assert printed, result.stderr
    assert any(set(needed) <= set(words) for words in printed), printed


@pytest.mark.parametrize("form", ["{} {}", "{}={}"])
def test_a_failed_apply_prints_a_command_that_goes_on_without_the_data_that_is_gone(applied, form):
    options = form.format("--allow-data-loss", "volume.db1-data").split()
    gone = evolve(applied.declared.topologies[0], roles=applied.declared.topologies[0].roles[:1], flows=[])
    smaller = evolve(applied, declared=evolve(applied.declared, topologies=(gone,)))
    applied.cloud.fail_later("DeleteSubnet", times=50)
    failed = smaller.run("apply", "--yes", *options)
    assert failed.exit_code == 1
    (printed,) = [line.split() for line in failed.stderr.splitlines() if "shop.py apply" in line]
    assert "--allow-data-loss" not in printed
    applied.cloud.fail_later("DeleteSubnet", times=0)
    assert smaller.run(*printed[2:]).exit_code == 0


def test_the_command_that_makes_a_stale_plan_anew_has_the_options_of_both_calls(run, tmp_path):
    saved = str(tmp_path / "p.json")
    given = ("--only", "web", "--replace", "instance.web1", "--refresh-images", "--without-peer")
    assert run("plan", "production", *given, "--out", saved).exit_code == 0
    assert run("apply", "production", "--replace", "instance.web1", "--yes").exit_code == 0
    result = run("apply", "--plan", saved, "--without-peer")
    assert result.exit_code == 3, result.stderr
    (printed,) = [line.split() for line in result.stderr.splitlines() if "shop.py plan" in line]
    assert set(given) <= set(printed)
