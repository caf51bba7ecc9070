"""Timers, alerts and the dashboard of docs/recovery-timer.md, on what `dr status --prometheus` prints."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from turning import LOST, passed_later
from typer.testing import CliRunner
from worlds import ONE, recovery

from portinfra import dr
from portinfra.commands.app import app
from portinfra.commands.dr.status import UNKNOWN
from portinfra.commands.session import Session
from portinfra.model.recovery import Probe
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failover
from portinfra.render.recovery_documents import level, prometheus
from portinfra.testing.faults import Crash, Faults, inject_faults

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs/recovery-timer.md").read_text(encoding="utf-8")
ALERTS = PROJECT / "examples/monitoring/alerts.yml"
DASHBOARD = PROJECT / "examples/monitoring/dashboard.json"
UNITS = dict(re.findall(r"```ini\n# /etc/systemd/system/(\S+)\n(.*?)```", PAGE, re.DOTALL))
METRIC = re.compile(r"portinfra_recovery_[a-z_]+")
HOUR, DAY = 3600, 86_400


def printed(about=None):
    """What `dr status --prometheus` prints."""
    return prometheus(dr.status(about or recovery()))


def drilled():
    assert drill(recovery(), run_options=ONE).result == "passed"


def fails(inventory):
    raise RuntimeError("no rows")


# Situation → what brings it about from a fresh point, and the alerts that then fire.


def a_drill_has_passed(cloud):
    drilled()


def nothing_was_drilled(cloud):
    pass


def the_point_is_late(cloud):
    drilled()
    passed_later(cloud, 3 * HOUR)


def the_point_is_too_old(cloud):
    drilled()
    passed_later(cloud, 5 * HOUR)


def the_last_drill_failed(cloud):
    broken = recovery(probes=[Probe("rows", fails, reads=["db"])])
    assert drill(broken, run_options=ONE).result == "failed"


def no_drill_for_weeks(cloud):
    drilled()
    passed_later(cloud, 41 * DAY)
    assert replicate(recovery(), run_options=ONE).succeeded


def a_drill_died(cloud):
    drilled()
    with inject_faults("fake", Faults(at="CreateInstance", mishap="dies after")), pytest.raises(Crash):
        drill(recovery(), run_options=ONE)


def both_may_run(cloud):
    drilled()
    failover(recovery(), LOST)


def the_standby_was_never_refreshed(cloud):
    drilled()
    return recovery(standby="running", refresh_every="31d")


SITUATIONS = {
    a_drill_has_passed: set(),
    nothing_was_drilled: {"RecoveryNotDrilled"},
    the_point_is_late: {"RecoveryDataLate"},
    the_point_is_too_old: {"RecoveryDataLost"},
    the_last_drill_failed: {"RecoveryDrillFailed"},
    no_drill_for_weeks: {"RecoveryNotDrilled"},
    a_drill_died: {"RecoveryDrillLeft"},
    the_standby_was_never_refreshed: {"RecoveryNotRefreshed"},
    both_may_run: {"RecoveryTwoMayRun", "RecoveryDataLate"},
}


@pytest.mark.tools("promtool")
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.__name__)
def test_each_situation_fires_its_alerts_and_no_other(ready, tmp_path, situation):
    about = situation(ready)
    series = as_series(printed(about), ready.clock.now())
    assert_fired(tmp_path, [*series, WRITTEN_EVERY_MINUTE], SITUATIONS[situation])


@pytest.mark.tools("promtool")
def test_a_target_that_cannot_be_read_fires_an_alert(tmp_path):
    series = as_series(level("shop", UNKNOWN), 0)
    assert_fired(tmp_path, [*series, WRITTEN_EVERY_MINUTE], {"RecoveryUnknown"})


@pytest.mark.tools("promtool")
def test_metrics_that_are_missing_or_old_fire_an_alert(tmp_path):
    assert_fired(tmp_path, [], {"RecoveryNotWatched"})
    old = (WRITTEN_EVERY_MINUTE[0], "0+0x900")
    assert_fired(tmp_path, [*as_series(level("shop", 0), 0), old], {"RecoveryNotWatched"})


WRITTEN_EVERY_MINUTE = ('node_textfile_mtime_seconds{file="/metrics/portinfra.prom"}', "0+60x900")
LOOKED_AT = 12 * HOUR
"""When promtool looks which alerts fire: seconds after its time begins."""


def as_series(text, now):
    """What `dr status` printed at `now`, as if it had printed the same for hours: (metric, values)."""
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    for metric, value in lines:
        moved = float(value) - now + LOOKED_AT if "timestamp" in metric else float(value)
        yield metric, f"{moved}+0x900"


def assert_fired(folder, series, alerts):
    """Let promtool compare the alerts that fire with those."""
    expected = [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in alerts]
    firing = 'count by (alertname) (ALERTS{alertstate="firing"})'
    test = {
        "interval": "1m",
        "input_series": [{"series": metric, "values": values} for metric, values in series],
        "promql_expr_test": [{"expr": firing, "eval_time": f"{LOOKED_AT}s", "exp_samples": expected}],
    }
    path = folder / "test.json"
    path.write_text(json.dumps({"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": [test]}))
    done = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_fired_by_a_situation():
    tested = {"RecoveryUnknown", "RecoveryNotWatched"}.union(*SITUATIONS.values())
    assert tested == set(re.findall(r"alert: (\w+)", ALERTS.read_text(encoding="utf-8")))
    assert tested == set(re.findall(r"^\| `(Recovery\w+)`", PAGE, re.MULTILINE))


def test_the_page_and_the_dashboard_name_every_metric_and_no_other(ready):
    drilled()
    metrics = set(METRIC.findall(printed()))
    assert set(re.findall(r"^\| `(portinfra\w+)`", PAGE, re.MULTILINE)) == metrics
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert {name for panel in panels for name in METRIC.findall(json.dumps(panel["targets"]))} == metrics


@pytest.mark.tools("systemd-analyze")
def test_systemd_accepts_every_unit(tmp_path):
    for name, text in UNITS.items():
        (tmp_path / name).write_text(text.replace("/srv/shop/.venv/bin/portinfra", sys.executable))
    units = [tmp_path / name for name in UNITS]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "portinfra-" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


def test_every_command_of_a_unit_is_one_that_portinfra_has(tmp_path):
    commands = re.findall(r"\.venv/bin/portinfra (dr [^>;\n]*)", PAGE)
    assert len(commands) == 6
    for command in commands:
        arguments = [*shlex.split(command), "--help"]
        assert CliRunner().invoke(app(Session("portinfra", arguments)), arguments).exit_code == 0, command


@pytest.mark.tools("jq")
def test_the_message_of_an_event_is_one_line(tmp_path, monkeypatch):
    (script,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for name, text in {"notify": script, "curl": "#!/bin/sh\ncat\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o700)
    pages = (PROJECT / "docs/recovery-json.md").read_text(encoding="utf-8")
    event = next(
        text for text in re.findall(r"```json\n(.*?)```", pages, re.DOTALL) if "portinfra.event/1" in text
    )
    (tmp_path / "event.json").write_text(event)
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "PORTINFRA_EVENT": str(tmp_path / "event.json"),
        "CHAT_URL": "x",
    }
    done = subprocess.run([tmp_path / "notify"], capture_output=True, text=True, env=environment, check=True)
    assert json.loads(done.stdout) == {"text": "shop: drill ended failed probe 'orders' failed"}
