"""`portinfra dr` as a user calls it before anything is lost: what it prints, and how misuse ends."""

import json
from datetime import datetime, timedelta

import pytest
from attrs import evolve

from portinfra import DataPolicy, dr
from portinfra.errors import PortinfraError
from portinfra.testing.call_wrapper import wrap_calls


def test_plan_is_refused_while_data_has_no_point(run):
    result = run("dr", "plan")
    assert result.exit_code == 3
    assert "no point of db can be restored" in result.stderr + result.stdout
    run("dr", "replicate")
    assert run("dr", "plan").exit_code == 0


def test_a_replication_says_where_it_is_at_work_and_what_it_removed(run):
    kept = run.plan(data=[DataPolicy("db", keep=1)])
    first = run("dr", "replicate", about=kept)
    said = [line for line in first.stderr.splitlines() if not line.startswith("[")]
    assert said[:3] == ["taking snapshots in production", "db: taken", "carrying to recovery"]
    assert said[3].startswith("db: carried, point ")
    assert "removed" not in first.stdout
    second = run("dr", "replicate", "--now", about=kept)
    assert [line for line in second.stderr.splitlines() if line.startswith("tidying")] == [
        "tidying recovery",
        "tidying production",
    ]
    assert "\n1 old point removed.\n" in second.stdout


@pytest.mark.parametrize(
    "command", ["dr plan", "dr status", "dr replicate", "dr drill", "output production", "check production"]
)
def test_no_row_of_a_table_ends_in_blanks_where_nobody_sees_them(run, command):
    lines = run(*command.split()).stdout.splitlines()
    assert lines
    assert [line for line in lines if line != line.rstrip()] == []


def test_it_is_one_form_or_the_other(run):
    assert run("dr", "status", "--prometheus", "--json").exit_code == 2


def test_a_name_that_is_none_is_misuse(run):
    result = run("dr", "status", "shpo")
    assert result.exit_code == 2
    assert "Did you mean 'shop'?" in result.stderr


def test_a_provider_that_is_none_is_told_and_nothing_that_follows_from_it(run):
    result = run("dr", "plan", "--source-on", "azure:westeurope")
    assert result.exit_code == 1
    assert "there is no provider 'azure'" in result.stderr
    assert "vault" not in result.stderr


def test_there_is_nothing_to_grant_between_simulated_accounts(run):
    result = run("dr", "plan", "--grants")
    assert result.exit_code == 1
    assert "nothing to grant" in result.stderr


def test_plan_and_drill_as_of_a_moment_use_older_points(run):
    run("dr", "replicate")
    first = json.loads(run("dr", "plan", "--json").stdout)["data"]
    later = datetime.fromisoformat(first[0]["taken"]) + timedelta(seconds=1)
    run("dr", "replicate", "--now")
    moment = later.isoformat()
    shown = json.loads(run("dr", "plan", "--json", "--as-of", moment).stdout)
    assert (shown["as_of"], shown["data"]) == (moment, [{**first[0], "age": shown["data"][0]["age"]}])
    assert f"db: {first[0]['what']}, " in run("dr", "plan", "--as-of", moment).stdout
    evidence = json.loads(run("dr", "drill", "--json", "--as-of", moment).stdout)
    assert evidence["as_of"] == moment
    refused = run("dr", "failover", "--yes", "--as-of", "2001-01-01")
    assert refused.exit_code == 3
    assert "there are:" in refused.stderr


def test_as_of_takes_a_time(run):
    wrong = run("dr", "drill", "--as-of", "yesterday")
    assert wrong.exit_code == 2
    assert "2030-01-31T14:00Z" in wrong.stderr


@pytest.mark.parametrize("moment", ["0001-01-01T00:00+14:00", "9999-06-01", "9999-12-31T23:59:59.999999"])
@pytest.mark.parametrize("verb", ["plan", "drill", "failover"])
def test_a_moment_that_the_ledger_cannot_hold_is_misuse_and_writes_nothing(run, verb, moment):
    run("dr", "replicate")
    wrong = run("dr", verb, "--as-of", moment, *(["--yes"] if verb == "failover" else []))
    assert (wrong.exit_code, "is no moment of data" in wrong.stderr) == (2, True), wrong.output
    shown = run("dr", "status").stdout
    assert ("cannot be read" in shown, "under way" in shown) == (False, False)


@pytest.mark.parametrize("moment", [datetime.min, datetime.max])
def test_python_refuses_a_moment_that_the_ledger_cannot_hold(run, moment):
    with pytest.raises(PortinfraError, match="no moment of data"):
        dr.FailoverOptions(as_of=moment)
    with pytest.raises(PortinfraError, match="no moment of data"):
        dr.drill(run.recovery(run.plan()), as_of=moment)


def test_plan_leaves_a_point_aside_as_a_failover_does(run):
    run("dr", "replicate")
    (first,) = json.loads(run("dr", "plan", "--json").stdout)["data"]
    run("dr", "replicate", "--now")
    (newest,) = json.loads(run("dr", "plan", "--json").stdout)["data"]
    id = newest["what"].removeprefix("point ")
    (left,) = json.loads(run("dr", "plan", "--json", "--without-point", id).stdout)["data"]
    assert (left["what"], newest["what"] != first["what"]) == (first["what"], True)
    assert run("dr", "plan", "--without-point", "p-1").exit_code == 2


@pytest.mark.parametrize("options", [("--failback",), ("--lost", "recovery")])
def test_plan_shows_the_way_back(run, options):
    run("dr", "replicate")
    assert run("dr", "failover", "--yes").exit_code == 0
    shown = run("dr", "plan", *options).stdout
    assert ": recovery (" in shown.splitlines()[0], "from where to where"
    assert "→ production (" in shown.splitlines()[0]


def test_plan_makes_no_call_to_what_is_lost(run):
    run("dr", "replicate")

    def hand(provider, call):
        assert provider.account != run.here.account, "a call to what is lost"
        return provider.perform(call)

    with wrap_calls("fake", hand):
        assert run("dr", "plan", "--lost", run.here.name).exit_code == 0


@pytest.mark.parametrize(
    "command", [("plan",), ("plan", "--grants"), ("failover",), ("failback",)], ids=" ".join
)
def test_a_lost_environment_that_the_plan_does_not_have_is_refused_alike(run, command):
    """Also where another plan may be about that environment."""
    spare = evolve(run.there, name="spare", cidr="10.3.0.0/16")
    answers = {
        "nosuch": "Known are production, recovery.",
        "producton": "Did you mean 'production'?",
        "spare": "Known are production, recovery.",
    }
    for name, fix in answers.items():
        result = run("dr", *command, "--lost", name, environments=(run.here, run.there, spare))
        assert result.exit_code == 2
        told = " ".join(result.stderr.split())
        assert f"recovery plan shop has no environment {name!r}" in told
        assert fix in told


@pytest.mark.parametrize("options", [("--failback", "--lost", "production")])
def test_plan_refuses_a_lost_environment_that_cannot_be(run, options):
    assert run("dr", "plan", *options).exit_code == 2
