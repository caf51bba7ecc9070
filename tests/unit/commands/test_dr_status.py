"""What stands where, as `dr status` and every other page tell it."""

import json
from datetime import datetime

from attrs import evolve

from portinfra import Probe
from portinfra.format import moment


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


def test_status_warns_of_a_failed_drill_and_says_each_thing_once(run):
    refused = run("dr", "status").stdout
    assert refused.lower().count("takeover would be refused") == 1
    assert refused.count("no point of db can be restored") == 1
    run("dr", "replicate")
    run("dr", "drill", about=run.plan(probes=[Probe("page", "false")]))
    shown = run("dr", "status")
    assert (shown.exit_code, "warning: recovery.shop: the last drill" in shown.stdout) == (0, True)
    assert "run it again: `python shop.py dr drill shop`" in shown.stdout


def test_status_ends_with_three_where_nobody_could_look(run):
    lost = evolve(run.there, credentials={"account": "3"})
    result = run("dr", "status", about=evolve(run.plan(), target=lost), environments=(run.here, lost))
    assert result.exit_code == 3
    assert "3" in result.stderr


def test_who_took_over_is_told_of_on_every_page(run):
    run("dr", "replicate")
    assert run("dr", "failover", "--yes", "--lost", "production").exit_code == 0
    assert (
        "recovery is active since" in run("status", "production").stderr + run("status", "production").stdout
    )
    assert "No data is copied from there before the source is stopped" in run("dr", "status").stdout
    assert 'portinfra_recovery_target_stands{recovery="shop"} 1' in run("dr", "status", "--prometheus").stdout
    assert run("dr", "plan").exit_code == 3
    refused = run("destroy", "recovery", "--yes")
    assert refused.exit_code == 3
    assert "recovery is active since" in refused.stdout + refused.stderr
    assert run("destroy", "recovery", "--yes", "--without-peer").exit_code == 0


def test_what_is_made_in_the_target_before_its_turn_is_told_to_be_blank(run):
    def rules(*arguments, **more):
        findings = json.loads(run(*arguments, "--json", **more).stdout)["findings"]
        return [(finding["rule"], finding["severity"]) for finding in findings]

    turn = ("recovery/not-its-turn", "warning")
    assert turn in rules("plan", "recovery")
    assert "the target of recovery plan shop, and has not taken over" in run("plan", "recovery").stdout
    assert rules("plan", "recovery", "--without-peer") == []
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


def test_a_source_that_was_not_stopped_is_told_of_until_it_is(run):
    run("dr", "replicate")
    run("dr", "failover", "--lost", "production", "--yes")
    said = run("dr", "status").stdout
    assert "has not been stopped. When it answers again, run first: `python shop.py dr fence shop`" in said
    assert 'source_may_run{recovery="shop"} 1' in run("dr", "status", "--prometheus").stdout
    assert json.loads(run("dr", "status", "--json").stdout)["source_stopped"] is False
    refused = run("dr", "replicate")
    assert (refused.exit_code, "Stop it first: `python shop.py dr fence shop`" in refused.stderr) == (3, True)
    document = json.loads(run("dr", "status", "--json").stdout)
    assert "hosts of both environments may run" in document["reasons"]
    assert f"shop: {document['level']}: {'; '.join(document['reasons'])}." in " ".join(said.split())
    run("dr", "fence", "--yes")
    assert "has not been stopped" not in run("dr", "status").stdout
    assert 'source_may_run{recovery="shop"} 0' in run("dr", "status", "--prometheus").stdout
    assert json.loads(run("dr", "status", "--json").stdout)["source_stopped"] is True
    carried = json.loads(run("dr", "replicate", "--json").stdout)
    assert (carried["from"], carried["to"]) == ("shop/recovery", "shop/production")
    assert "These are the points in shop/production, which waits" in run("dr", "status").stdout
    assert "recovery (fake:eu-west-1) → production" in run("dr", "replicate").stdout


def test_every_point_is_listed_where_that_is_wanted(run):
    for _ in range(2):
        run("dr", "replicate", "--now")
    known = json.loads(run("dr", "status", "--json").stdout)["points"]
    assert len(known) == 2
    plain, listed = run("dr", "status").stdout, run("dr", "status", "--points").stdout
    for point in known:
        (line,) = [line for line in listed.splitlines() if line.startswith(point["id"])]
        assert moment(point["taken"]) in line
        assert "the target: 1 of 1" in line
        assert line.endswith("yes")
        assert not any(line.startswith(point["id"]) for line in plain.splitlines())
