"""`portinfra dr` as a user calls it: exit codes, questions, and what stands where."""

import json
import re
from datetime import datetime

import pytest
from attrs import evolve

from portinfra import (
    Action,
    DataPolicy,
    Probe,
    Wave,
)
from portinfra.execution.journal import home
from portinfra.present.console import terminal
from portinfra.testing.wrapped import wrapped


def test_status_ends_as_monitors_expect(run):
    assert run("dr", "status").exit_code == 2
    assert run("dr", "replicate").exit_code == 0
    result = run("dr", "status", "--prometheus")
    assert result.exit_code == 0
    assert 'portinfra_recovery_level{recovery="shop"} 0' in result.stdout


def test_status_tells_of_the_last_drill(run):
    run("dr", "replicate")
    assert "No drill yet.\n" in run("dr", "status").stdout
    assert "last_drill" not in run("dr", "status", "--prometheus").stdout
    assert json.loads(run("dr", "status", "--json").stdout)["last_drill"] is None
    for about, result in ((None, "passed"), (run.plan(probes=[Probe("page", "false")]), "failed")):
        drilled = json.loads(run("dr", "drill", "--json", about=about).stdout)
        began = datetime.fromisoformat(drilled["started"])
        assert (
            f"Last drill: {drilled['id']}, {began:%Y-%m-%d %H:%M:%S} UTC, {result}.\n"
            in run("dr", "status").stdout
        )
        assert json.loads(run("dr", "status", "--json").stdout)["last_drill"] == {
            "id": drilled["id"],
            "began": drilled["started"],
            "result": result,
            "rto_measured": drilled["rto_measured"],
        }
        lines = run("dr", "status", "--prometheus").stdout.splitlines()
        labels = '{recovery="shop"}'
        assert f"portinfra_recovery_last_drill_timestamp_seconds{labels} {began.timestamp():.0f}" in lines
        assert f"portinfra_recovery_last_drill_passed{labels} {int(result == 'passed')}" in lines


def test_status_ends_with_three_where_nobody_could_look(run):
    lost = evolve(run.there, credentials={"account": "3"})
    result = run("dr", "status", about=evolve(run.plan(), target=lost), environments=(run.here, lost))
    assert result.exit_code == 3
    assert "3" in result.stderr


def test_evidence_of_a_failover_that_is_gone_on_with_replaces_none(run):
    run("dr", "replicate")
    unpassed = run.unpassed()
    assert run("dr", "failover", "--yes", about=unpassed).exit_code == 1
    assert run("dr", "failover", "--yes").exit_code == 0
    results = [
        json.loads(file.read_text())["result"] for file in sorted(home().glob("evidence/failover-*.json"))
    ]
    assert sorted(results) == ["failed", "passed"]


def test_a_point_is_left_aside_by_its_id(run):
    run("dr", "replicate")
    known = json.loads(run("dr", "status", "--json").stdout)["points"]
    result = run("dr", "failover", "--yes", "--without-point", known[0]["id"])
    assert result.exit_code == 3
    assert "no point of db" in result.stderr


def test_plan_is_refused_while_data_has_no_point(run):
    result = run("dr", "plan")
    assert result.exit_code == 3
    assert "no point of db can be restored" in result.stderr + result.stdout
    run("dr", "replicate")
    assert run("dr", "plan").exit_code == 0


def test_a_drill_that_fails_ends_with_one_and_says_why_first(run):
    run("dr", "replicate")
    result = run("dr", "drill", about=run.plan(probes=[Probe("page", "echo 503; false")]))
    assert result.exit_code == 1
    assert result.stdout.strip().splitlines()[1].strip() == "probe 'page' failed"


def test_what_a_check_said_stands_under_it(run):
    run("dr", "replicate")
    probe = Probe("six hosts", "echo wanted 6 hosts; echo saw 2; exit 3")
    told = run("dr", "drill", about=run.plan(probes=[probe])).stdout
    assert "\nsix hosts: failed\n  wanted 6 hosts\n  saw 2\n  exit code 3\n" in told
    closed = Wave(["db"], gates="echo starting up; false", limit="5s")
    told = run("dr", "drill", about=run.plan(waves=[closed, ["web"]])).stdout
    assert "\necho starting up; false: failed\n  starting up\n  exit code 1\n" in told


def test_a_replication_says_where_it_is_at_work_and_what_it_removed(run):
    kept = run.plan(data=[DataPolicy("db", retention=1)])
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


@pytest.mark.parametrize("command", ["dr plan", "dr status", "dr replicate", "dr drill", "output production"])
def test_no_row_of_a_table_ends_in_blanks_where_nobody_sees_them(run, command):
    lines = run(*command.split()).stdout.splitlines()
    assert lines
    assert [line for line in lines if line != line.rstrip()] == []


def test_evidence_is_verified_and_what_was_altered_is_found(run, tmp_path):
    run("dr", "replicate")
    printed = json.loads(run("dr", "drill", "--json").stdout)
    file = tmp_path / "evidence.json"
    file.write_text(json.dumps(printed))
    result = run("dr", "verify", str(file))
    began = f"{datetime.fromisoformat(printed['started']):%Y-%m-%d %H:%M:%S} UTC"
    assert result.exit_code == 0
    assert result.stdout.startswith(
        f"Good: drill {printed['id']} of shop, begun {began}, passed. It is as it was"
    )
    assert run("dr", "report", str(file)).stdout.strip() == str(tmp_path / "evidence.html")
    file.write_text(json.dumps({**printed, "rto_measured": 1.0}))
    result = run("dr", "verify", str(file))
    assert (result.exit_code, result.stdout.startswith("ALTERED")) == (1, True)
    result = run("dr", "report", str(file))
    assert (result.exit_code, "ALTERED" in result.stderr) == (1, True)
    assert "Do not believe it" in (tmp_path / "evidence.html").read_text()
    file.write_text("nonsense")
    assert run("dr", "verify", str(file)).exit_code == 1


def test_nothing_is_taken_over_unless_its_name_is_typed(run):
    run("dr", "replicate")
    result = run("dr", "failover")
    assert result.exit_code == 3, result.output
    assert "nothing was changed" in result.stderr
    for arguments in (("dr", "failback"), ("dr", "fence"), ("dr", "failover", "--abandon")):
        result = run(*arguments)
        assert result.exit_code == 3, result.output
        assert "agree" not in result.stderr, "it is refused before anybody is asked"
    assert run("dr", "failover", "--planned", "--source-is-lost").exit_code == 2
    assert run("dr", "failover", "--yes").exit_code == 0
    assert "Fenced: another environment stands in for it." in run("status", "production").stdout
    assert run("dr", "failover", "--yes").exit_code == 3
    result = run("dr", "failback")
    assert (result.exit_code, "nothing was changed" in result.stderr) == (3, True)


def test_a_failover_that_cannot_be_finished_is_given_up(run):
    run("dr", "replicate")
    never = run.unpassed()
    assert run("dr", "failover", "--yes", about=never).exit_code == 1
    assert "--abandon" in run("dr", "status").stdout
    assert "failover-under-way" in run("dr", "plan", "--json").stdout
    assert "--abandon" in run("dr", "failback", "--yes").stderr
    assert run("dr", "failover", "--abandon", "--planned").exit_code == 2
    asked = run("dr", "failover", "--abandon")
    assert (asked.exit_code, "stays on its volumes" in asked.stderr) == (3, True)
    given_up = json.loads(run("dr", "failover", "--abandon", "--yes", "--json").stdout)
    assert given_up.pop("epoch") > 0
    assert given_up == {
        "schema": "portinfra.abandoned/1",
        "stands": "shop/production",
        "fenced": "shop/recovery",
        "stopped": 1,
        "running": 2,
    }
    assert run("plan", "production").stdout.count("Nothing to do") == 1


def test_who_took_over_is_told_of_on_every_page(run):
    run("dr", "replicate")
    assert run("dr", "failover", "--yes", "--source-is-lost").exit_code == 0
    assert "has taken over" in run("status", "production").stderr + run("status", "production").stdout
    assert "carried nowhere before dr failback" in run("dr", "status").stdout
    assert 'portinfra_recovery_target_stands{recovery="shop"} 1' in run("dr", "status", "--prometheus").stdout
    assert run("dr", "plan").exit_code == 3
    assert "recovery stands since" in run("destroy", "recovery").stdout


def test_what_is_made_in_the_target_before_its_turn_is_told_to_be_blank(run):
    def rules(*arguments, **more):
        findings = json.loads(run(*arguments, "--json", **more).stdout)["findings"]
        return [(finding["rule"], finding["severity"]) for finding in findings]

    turn = ("recovery/not-its-turn", "warning")
    assert turn in rules("plan", "recovery")
    assert "the target of recovery plan shop, and has not taken over" in run("plan", "recovery").stdout
    assert turn in rules("plan", "recovery", "--without-peer")
    assert turn not in rules("plan", "production", "--replace", "instance.web1")
    assert turn not in rules("plan", "recovery", "--on", "fake:eu-north-1")
    assert run("apply", "recovery", "--yes").exit_code == 0, "it may be meant"
    assert turn not in rules("plan", "recovery"), "nothing is made"
    run("dr", "replicate")
    run("dr", "failover", "--yes")
    bigger = evolve(run.there, roles={"web": {"count": 2}})
    assert turn not in rules("plan", "recovery", environments=(run.here, bigger)), "it stands"
    run("dr", "failback", "--yes")
    told = rules("plan", "recovery", environments=(run.here, bigger))
    assert [rule for rule, _ in told] == ["recovery/fenced"]


def test_it_is_one_form_or_the_other(run):
    assert run("dr", "status", "--prometheus", "--json").exit_code == 2


@pytest.mark.parametrize("spoil", ["key", "folder"])
def test_where_evidence_cannot_be_kept_nothing_is_begun(run, spoil):
    run("dr", "replicate")
    place = home() / {"key": "evidence-key.pem", "folder": "evidence"}[spoil]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("in the way")
    place.chmod(0o600)
    for arguments in (("dr", "drill"), ("dr", "failover", "--yes")):
        result = run(*arguments)
        assert result.exit_code == 1, result.output
        assert str(place) in result.stderr
    assert run("dr", "status").exit_code == 0
    assert json.loads(run("dr", "status", "--json").stdout)["drills_to_sweep"] == []


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


def test_a_failover_that_did_not_pass_says_where_things_stand(run):
    run("dr", "replicate")
    unpassed = run.unpassed()
    told = run("dr", "failover", "--yes", about=unpassed).stderr
    assert "recovery has not taken over yet" in told
    assert "dr failover shop --abandon" in told
    result = run("dr", "failover", "--yes", about=run.plan(probes=[Probe("page", "false")]))
    assert result.exit_code == 1
    assert "recovery has taken over and stands" in result.stderr
    again = run("dr", "failover", "--yes")
    assert (again.exit_code, "recovery has taken over already" in again.stderr) == (3, True)


def test_what_it_says_when_it_stops_is_what_the_runbook_quotes(run):
    about = run.unpassed(actions=[Action("tell", "false", after="web")])
    quoted = re.findall("^- `(.+?)`", run("dr", "runbook", about=about).stdout, re.MULTILINE)
    failing = run.plan(actions=about.actions)
    told = [run("dr", "failover", "--yes").stderr]
    run("dr", "replicate")
    told += [run("dr", "failover", "--yes", about=each).stdout for each in (about, failing, run.plan())]
    told += [run("dr", "failover", "--yes").stderr]
    found = [[quote for quote in quoted if quote in each] for each in told]
    assert found == [
        ["no point of db can be restored"],
        ["wave 1: gate 'false' was not passed within 5s"],
        ["action 'tell' failed"],
        [],
        ["recovery has taken over already"],
    ]


def test_an_interrupted_failover_does_not_say_that_nothing_was_changed(run):
    def interrupted(inventory):
        raise KeyboardInterrupt

    run("dr", "replicate")
    about = run.plan(waves=[Wave(["db"], gates=interrupted), ["web"]])
    result = run("dr", "failover", "--yes", about=about)
    assert result.exit_code == 130
    assert (
        "interrupted; whatever was done stays\n  Run it again: python shop.py dr failover --yes"
        in result.stderr
    )


def test_a_point_that_nobody_knows_is_bad_usage(run):
    run("dr", "replicate")
    result = run("dr", "failover", "--yes", "--without-point", "nonsense")
    assert (result.exit_code, "there is no point nonsense" in result.stderr) == (2, True)


def test_what_a_function_prints_stands_in_no_document(run):
    run("dr", "replicate")
    chatty = run.plan(probes=[Probe("page", lambda inventory: print("asked"))])
    assert json.loads(run("dr", "drill", "--json", about=chatty).stdout)["probes"][0]["told"] == "asked"


def test_evidence_is_verified_against_the_key_that_it_was_signed_with(run, monkeypatch):
    run("dr", "replicate")
    monkeypatch.setattr(terminal, "WIDE", 30)  # as on a narrow terminal
    told = run("dr", "drill").stdout
    (line,) = [line for line in told.splitlines() if line.startswith("Verify:")]
    assert line.endswith(f"--key {home() / 'evidence-key.pub'}")
    verified = run(*line.removeprefix("Verify:   python shop.py ").split())
    assert verified.exit_code == 0, "a command that is pasted is whole"
    as_json = run("dr", "drill", "--json")
    assert "Verify:" in as_json.stderr
    assert json.loads(as_json.stdout)["kind"] == "drill"
    assert (home() / "evidence-key.pub").is_file()


@pytest.fixture
def asked(run):
    """The actions that an end, the source, is asked for while a command runs."""

    def of(work, account=run.here.account):
        actions = []

        def hand(provider, call):
            if provider.account == account:
                actions.append(call.action)
            return provider.perform(call)

        with wrapped("fake", hand):
            work()
        return actions

    return of


def test_a_source_that_is_lost_is_not_called_before_the_question_either(run, asked):
    run("dr", "replicate")
    assert asked(lambda: run("dr", "failover", "--source-is-lost", answer="shop\n")) == []


def test_nor_to_find_a_point_that_is_to_be_left_aside(run, asked):
    older = json.loads(run("dr", "replicate", "--json").stdout)["groups"][0]["point"]
    run("dr", "replicate", "--now")
    call = ("dr", "failover", "--source-is-lost", "--yes", "--without-point", older)
    assert asked(lambda: run(*call)) == []


def test_a_point_that_is_none_is_misuse_whatever_is_under_way(run):
    run("dr", "replicate")
    never = run.unpassed()
    run("dr", "failover", "--yes", about=never)
    result = run("dr", "failover", "--yes", "--without-point", "nonsense")
    assert (result.exit_code, "no point nonsense" in result.stderr) == (2, True)


def test_who_is_lost_is_not_said_to_be_fenced(run):
    run("dr", "replicate")
    never = run.unpassed()
    run("dr", "failover", "--yes", about=never)
    told = json.loads(run("dr", "failover", "--yes", "--abandon", "--target-is-lost", "--json").stdout)
    assert (told["stands"], told["fenced"], told["stopped"]) == ("shop/production", None, None)
    assert "first of all: dr fence" in run("dr", "failover", "--yes", "--abandon", "--target-is-lost").stdout


def test_the_way_back_goes_on_without_who_is_lost(run, asked):
    run("dr", "replicate")
    run("dr", "failover", "--yes")
    never = run.unpassed()
    assert run("dr", "failback", "--yes", about=never).exit_code == 1
    ended = []
    call = ("dr", "failback", "--source-is-lost", "--yes")
    assert asked(lambda: ended.append(run(*call)), run.there.account) == []
    assert ended[0].exit_code == 0
