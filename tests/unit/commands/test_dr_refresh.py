"""`dr refresh` as people and timers run it."""

import json
from pathlib import Path

from portinfra import Probe


def standby(run, **more):
    probes = [Probe("rows", "true", reads="db")]
    return run.plan(standby="running", refresh_every="30d", probes=probes, **more)


def test_it_prints_its_result_and_leaves_evidence(run):
    about = standby(run)
    run("dr", "replicate", about=about)
    assert run("apply", "recovery", "--yes", about=about).exit_code == 0
    assert "A refresh of the standby is overdue: `" in run("dr", "status", about=about).stdout
    result = run("dr", "refresh", about=about)
    assert result.exit_code == 0, result.stderr
    assert "refresh " in result.stdout
    assert "Evidence: " in result.stdout
    status = run("dr", "status", about=about).stdout
    assert "Last refresh: " in status
    assert "overdue" not in status
    assert "Hosts of the target run as a standby. No flow from the internet reaches them." in status
    assert "refresh" in run("dr", "drills", about=about).stdout
    page = next(line for line in result.stdout.splitlines() if line.startswith("Report:")).split()[-1]
    text = Path(page).read_text(encoding="utf-8")
    assert "Refresh of the standby of shop passed" in text
    assert "is up as a standby. The source was not changed." in text


def test_its_json_is_signed_evidence_that_verifies(run):
    about = standby(run)
    run("dr", "replicate", about=about)
    document = json.loads(run("dr", "refresh", "--json", about=about).stdout)
    assert (document["schema"], document["result"]) == ("portinfra.refresh/1", "passed")
    assert json.loads(run("dr", "status", "--json", about=about).stdout)["last_refresh"] == {
        "id": document["id"],
        "began": document["started"],
        "result": "passed",
    }
    assert 'refresh_overdue{recovery="shop"} 0' in run("dr", "status", "--prometheus", about=about).stdout


def test_without_a_standby_it_says_what_to_declare(run):
    run("dr", "replicate")
    result = run("dr", "refresh")
    assert result.exit_code == 3
    assert 'standby="running"' in result.stderr


def test_dr_plan_says_that_a_takeover_stops_the_standby(run):
    about = standby(run)
    run("dr", "replicate", about=about)
    run("apply", "recovery", "--yes", about=about)
    printed = run("dr", "plan", about=about).stdout
    assert "Hosts of recovery run as a standby. They stop, and start with this data:" in printed
