"""A printed command that does what the call would do carries each option of the call that it needs."""

import json

import pytest
import typer
from attrs import evolve

from portinfra.commands.app import app
from portinfra.commands.session import Session

DATA = ("--as-of", "2030-01-01T00:00Z", "--blank", "volume.db1-data", "--without-point", "p-1")

CALLS = {
    "a lost environment that takes over": (
        ("dr", "failover", "--lost", "recovery", *DATA),
        ("failback", "--lost", "recovery", *DATA),
    ),
    "the same with insistence and as JSON": (
        ("dr", "failover", "--lost=recovery", "--insist", "--json", *DATA),
        ("failover", "--lost", "production", "--insist", "--json", *DATA),
    ),
    "the same on the way back": (("dr", "failback", "--lost", "production", *DATA), DATA),
    "an old spelling of a lost source": (
        ("dr", "failover", "--source-is-lost", "--json", *DATA),
        ("--lost", "production", "--json", *DATA),
    ),
    "an old spelling of a lost target": (
        ("dr", "failover", "--abandon", "--target-is-lost", "--insist"),
        ("failback", "--lost", "recovery", "--insist"),
    ),
    "an old spelling of giving up": (("dr", "failover", "--abandon", "--json"), ("abandon", "--json")),
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
    lines = f"{result.stderr}\n{message_of(result)}".replace("`", "\n").splitlines()
    printed = [line.split() for line in lines if "shop.py" in line]
    assert printed, result.stderr
    assert any(set(needed) <= set(words) for words in printed), printed


GIVEN = {
    "--lost": ("recovery",),
    "--as-of": ("2030-01-01T00:00Z",),
    "--without-point": ("p-1",),
    "--blank": ("volume.db1-data",),
    "--source-on": ("fake:us-east-1",),
    "--target-on": ("fake:eu-west-1",),
}
"""Option → a value. Other options of the command take none."""

NEVER = {
    "-h": "it shows the help",
    "-f": "a script declares what is here",
    "--file": "the same",
    "--var": "the same",
    "--var-file": "the same",
    "--abandon": "another command takes its place",
    "--target-is-lost": "it goes with --abandon",
    "--source-is-lost": "--lost says it now",
    "--older-data": "--from-points says it now",
    "--planned": "it does not go with a lost environment",
}


def options_of_a_failover():
    failover = typer.main.get_command(app(Session())).commands["dr"].commands["failover"]
    spellings = {option: each.is_flag for each in failover.params for option in each.opts if option[0] == "-"}
    return {option: is_flag for option, is_flag in spellings.items() if option not in NEVER}


@pytest.mark.parametrize("option", options_of_a_failover())
def test_a_takeover_the_other_way_is_printed_with_each_option_and_without_agreement(run, option):
    given = (option, *GIVEN.get(option, ()))
    result = run("dr", "failover", "shop", "--lost", "recovery", *given)
    assert result.exit_code == 2, result.output
    agrees = option in ("-y", "--yes")
    for way in ("dr failover shop --lost production", "dr failback shop --lost recovery"):
        words = f"`python shop.py {way}"
        rest = () if agrees or option == "--lost" else given
        assert f"{' '.join([words, *rest])}`" in " ".join(message_of(result).split())


def message_of(result):
    """Return the text of an error, which `--json` prints as a document."""
    return json.loads(result.stdout)["fix"] if result.stdout.startswith("{") else result.stderr


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
