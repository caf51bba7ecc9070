"""A drill brings everything up apart from all else, measures it, and is torn down, whatever becomes of it."""

import getpass
import platform
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from turning import HOW, LOST, dies_at, stuck
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, there, write, written

from portinfra import workflow
from portinfra.errors import PolicyError, Unavailable, ValidationError
from portinfra.model.recovery import Action, DataPolicy, Probe, Wave
from portinfra.model.resources import Instance, Volume
from portinfra.recovery.drills.drill import drill, place_drill
from portinfra.recovery.drills.history import list_runs
from portinfra.recovery.drills.sweep import sweep
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.status import status
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.faults import Crash


def test_it_comes_up_from_the_newest_points_and_leaves_nothing(ready):
    before, points = ready.ground_truth(PRODUCTION.account), there(ready)
    read = []

    def last_row(inventory):
        volumes = {v["name"]: v["id"] for host in inventory["hosts"] for v in host["volumes"]}
        read.extend(ready.read(volumes[name]).decode() for name in sorted(volumes))
        return f"{len(read)} rows"

    evidence = drill(recovery(probes=[Probe("last row", last_row, reads="db")]), run_options=ONE)
    assert evidence.result == "passed", evidence.reasons
    assert read == ["ledger of volume.db1-data", "ledger of volume.db2-data"]
    assert [(probe.name, probe.passed, probe.told) for probe in evidence.probes] == [
        ("last row", True, "2 rows")
    ]
    assert [wave.roles for wave in evidence.waves] == [("db",), ("web",)]
    assert evidence.left_behind == 0
    assert there(ready) == points
    assert ready.ground_truth(PRODUCTION.account) == before


def test_its_evidence_names_accounts_who_ran_it_and_what_the_topology_was(ready):
    told = drill(recovery(), run_options=ONE)
    assert (told.source_account, told.target_account) == (PRODUCTION.account, RECOVERY.account)
    assert told.operator == f"{getpass.getuser()}@{platform.node()}"
    same = drill(recovery(), run_options=ONE)
    other = drill(recovery(topology=SHOP.with_role(evolve(SHOP.role("web"), count=2))), run_options=ONE)
    secret = drill(
        recovery(topology=SHOP.with_role(evolve(SHOP.role("web"), user_data="#!s3cret"))), run_options=ONE
    )
    assert len(told.topology_digest) == 16
    assert same.topology_digest == secret.topology_digest == told.topology_digest != other.topology_digest


def test_hosts_are_ready_before_the_gates_of_their_wave(ready):
    asked = []

    def says_ready(inventory):
        asked.append(inventory["hosts"][0]["name"])

    def gate(inventory):
        asked.append("gate")

    topology = SHOP.with_role(evolve(SHOP.role("db"), ready=says_ready))
    evidence = drill(recovery(topology=topology, waves=[Wave("db", gate), Wave("web")]), run_options=ONE)
    assert evidence.result == "passed", evidence.reasons
    assert sorted(asked[:2]) == ["db1", "db2"]
    assert asked[2] == "gate"


@pytest.mark.parametrize("sensitive", [False, True])
def test_a_host_that_is_not_ready_ends_the_drill_and_says_nothing_sensitive(ready, sensitive):
    def fails(inventory):
        raise ValueError("row 7 of ada")

    topology = SHOP.with_role(evolve(SHOP.role("db"), ready=fails, ready_limit="10s"))
    data = [DataPolicy("db", sensitive=sensitive)]
    evidence = drill(recovery(topology=topology, data=data), run_options=ONE)
    (reason,) = evidence.reasons
    assert "instance.db1 was not ready within 10s" in reason
    assert ("row 7 of ada" in reason) == (not sensitive)


def test_it_makes_no_call_to_the_source_and_none_to_the_environment_it_drills_for(ready):
    asked = set()

    def hand(provider, call):
        asked.add((provider.account, str(call.parameters.get("name", ""))))
        return provider.perform(call)

    with wrap_calls("fake", hand):
        drill(recovery(), run_options=ONE)
    assert {account for account, _ in asked} == {RECOVERY.account}
    made = {name for _, name in asked if name.startswith("shop-")}
    assert made
    assert all(name.startswith("shop-recovery-drill-") for name in made)


def test_it_has_no_way_in_or_out_and_its_hosts_end_themselves(ready):
    placed = place_drill(recovery(drill_limit="2h", drill_cidr="10.99.0.0/16"), "d1")
    kinds = {spec.kind for spec in placed.resources.values()}
    assert "public-address" not in kinds
    rules = [rule for s in placed.resources.values() if s.kind == "firewall-rules" for rule in s.ingress]
    assert rules
    assert all(rule.peer_firewall for rule in rules)
    hosts = [spec for spec in placed.resources.values() if isinstance(spec, Instance)]
    assert {host.ends_after for host in hosts} == {7200}
    assert all(host.private_address.startswith("10.99.") for host in hosts)


def test_a_gate_that_is_never_passed_fails_the_drill_and_what_came_up_is_removed(ready):
    asked = []

    def gate(inventory):
        asked.append(ready.clock.now())
        return False

    points = there(ready)
    evidence = drill(recovery(waves=[Wave(["db"], gates=gate, limit="5m"), ["web"]]), run_options=ONE)
    assert evidence.result == "failed"
    assert evidence.reasons == ("wave 1: gate 'gate' was not passed within 5m",)
    assert [wave.passed for wave in evidence.waves] == [False]
    assert evidence.rto_measured is None
    assert 200 < asked[-1] - asked[0] < 300
    assert there(ready) == points


def test_a_gate_is_asked_until_it_is_passed(ready):
    answers = iter([False, OSError("not yet"), True])

    def gate(inventory):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    evidence = drill(recovery(waves=[Wave(["db"], gates=gate), ["web"]]), run_options=ONE)
    assert evidence.result == "passed"
    assert [check.tries for check in evidence.waves[0].checks] == [3]


def test_a_wave_that_comes_late_is_told_of_and_the_rest_goes_on(ready):
    evidence = drill(recovery(waves=[Wave(["db"], limit="10s"), ["web"]]), run_options=ONE)
    assert evidence.result == "failed"
    assert [wave.passed for wave in evidence.waves] == [True, True]
    assert "of 10" in evidence.reasons[0]
    assert evidence.rto_measured is not None


def test_a_failed_probe_fails_it_and_is_named(ready):
    evidence = drill(recovery(probes=[Probe("page", "echo 503; exit 7")]), run_options=ONE)
    assert evidence.result == "failed"
    assert evidence.reasons == ("probe 'page' failed",)
    assert "503" in evidence.probes[0].told


def test_only_actions_for_a_drill_are_done_after_their_wave(ready):
    done = []
    actions = [
        Action("promote", lambda inventory: done.append(len(inventory["hosts"])), on="drill", after="db"),
        Action("announce", lambda inventory: done.append("announced")),
    ]
    assert drill(recovery(actions=actions), run_options=ONE).result == "passed"
    assert done == [2]


@pytest.mark.parametrize("changed", ["renamed", "grown"])
def test_a_volume_that_no_point_has_data_for_fails_it_before_anything_is_made(ready, changed):
    db, points = SHOP.role("db"), there(ready)
    renamed = evolve(db, volumes=[Volume("ledger", gib=10, mount="/srv")])
    role, lacking = {
        "renamed": (renamed, "volume.db1-ledger, volume.db2-ledger"),
        "grown": (evolve(db, count=3), "volume.db3-data"),
    }[changed]
    evidence = drill(recovery(topology=SHOP.with_role(role)), run_options=ONE)
    assert evidence.result == "failed"
    assert evidence.reasons == (
        f"no point of db has data for {lacking}: make one with `portinfra dr replicate shop --now`",
    )
    assert there(ready) == points


def test_a_host_that_was_removed_since_the_point_is_no_loss(ready):
    fewer = SHOP.with_role(evolve(SHOP.role("db"), count=1))
    assert drill(recovery(topology=fewer), run_options=ONE).result == "passed"


def test_a_newer_point_without_some_volume_does_not_hide_an_older_one_with_all(ready):
    fewer = SHOP.with_role(evolve(SHOP.role("db"), count=1))
    whole = status(recovery()).points[0].id
    assert replicate(recovery(topology=fewer), now=True, run_options=ONE).succeeded
    evidence = drill(recovery(), run_options=ONE)
    assert evidence.result == "passed"
    assert [point.id for point in evidence.points] == [whole]


def test_a_drill_that_waits_for_the_vault_is_not_swept(ready, monkeypatch):
    points, swept = there(ready), []
    monkeypatch.setattr(
        "portinfra.recovery.drills.drill.receive",
        lambda *about, **more: swept.extend(sweep(recovery(), run_options=ONE)),
    )

    def dies(inventory):
        raise Crash

    with pytest.raises(Crash):
        drill(recovery(probes=[Probe("dies", dies)]), run_options=ONE)
    assert [each.fate for each in swept] == ["still running"]
    assert len(there(ready)) > len(points)
    assert [each.fate for each in sweep(recovery(), run_options=ONE)] == ["removed"]
    assert there(ready) == points


def test_without_a_point_it_fails_before_anything_is_made(cloud):
    evidence = drill(recovery(), run_options=ONE)
    assert evidence.result == "failed"
    assert evidence.reasons == (
        "no point of db can be restored: make one with `portinfra dr replicate shop --now`",
    )
    assert there(cloud) == []


def test_data_that_is_older_than_the_rpo_fails_it(ready):
    ready.clock.sleep_until(ready.clock.now() + 5 * 3600)
    evidence = drill(recovery(), run_options=ONE)
    assert evidence.result == "failed"
    assert "rpo" in evidence.reasons[0]
    assert evidence.rpo_measured > 4 * 3600


def test_what_probes_print_of_sensitive_data_is_in_no_evidence(ready):
    probe = Probe("cards", "printf '%s%s' 41 11111111111111")
    evidence = drill(recovery(probes=[probe], data=[DataPolicy("db", sensitive=True)]), run_options=ONE)
    assert "4111" not in repr(evidence)


def test_a_dead_drill_is_swept_and_nothing_else(ready):
    points = there(ready)
    workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[recovery()]), seed=0)
    standby = there(ready)
    dies_at("AttachVolume", lambda: drill(recovery(), run_options=ONE))
    assert len(there(ready)) > len(standby)
    assert len(status(recovery()).drills) == 1
    assert status(recovery()).last_drill is None
    (swept,) = sweep(recovery(), run_options=ONE)
    assert swept.fate == "removed"
    assert status(recovery()).last_drill.result == "swept"
    assert swept.resources > 0
    assert there(ready) == standby
    assert sweep(recovery(), run_options=ONE) == []
    assert points != standby


def test_hosts_of_a_dead_drill_end_themselves(ready):
    dies_at("AttachVolume", lambda: drill(recovery(drill_limit="1h"), run_options=ONE))
    hosts = [r for r in ready.ground_truth(RECOVERY.account) if r["kind"] == "instance"]
    assert {host["state"] for host in hosts} <= {"running", "pending"}
    ready.clock.sleep_until(ready.clock.now() + 3700)
    hosts = [r for r in ready.ground_truth(RECOVERY.account) if r["kind"] == "instance"]
    assert {host["state"] for host in hosts} == {"stopped"}


def test_interrupted_it_is_torn_down_and_says_so(ready):
    points = there(ready)

    def interrupted(inventory):
        raise KeyboardInterrupt

    evidence = drill(recovery(waves=[Wave(["db"], gates=interrupted), ["web"]]), run_options=ONE)
    assert (evidence.result, evidence.reasons) == ("failed", ("interrupted",))
    assert there(ready) == points


def test_it_says_that_it_lives_while_gates_actions_and_probes_are_at_work(ready, living):
    """Or a sweep from another machine would remove it."""
    seen = []

    def hook(inventory):
        seen.extend(living)

    waves = [Wave(["db"], gates=hook), ["web"]]
    about = recovery(
        waves=waves, actions=[Action("a", hook, on="drill")], probes=[Probe("p", hook, reads="db")]
    )
    evidence = drill(about, run_options=ONE)
    assert evidence.result == "passed"
    assert seen == [f"recovery+drill-{evidence.id}"] * 3
    assert living == []


def test_what_a_drill_took_is_what_the_plan_estimates(ready):
    assert make_forecast(recovery()).measured is None
    evidence = drill(recovery(), run_options=ONE)
    found = make_forecast(recovery())
    assert (found.measured, found.measured_in) == (evidence.rto_measured, evidence.id)
    assert found.estimate == evidence.rto_measured
    assert found.findings == ()


def test_the_last_drill_is_told_and_the_estimate_is_of_the_last_that_came_up(ready):
    assert status(recovery()).last_drill is None
    good = drill(recovery(), run_options=ONE)
    bad = drill(recovery(waves=[Wave(["db"], gates="false", limit="5s"), ["web"]]), run_options=ONE)
    last = status(recovery()).last_drill
    assert (last.id, last.began, last.result) == (bad.id, bad.started, "failed")
    assert status(recovery()).level == "ok"
    found = make_forecast(recovery())
    assert (found.measured, found.measured_in) == (good.rto_measured, good.id)
    assert [(f.rule, f.message) for f in found.findings] == [
        ("recovery/drill-failed", f"the last drill ({bad.id}) failed")
    ]
    again = drill(recovery(), run_options=ONE)
    assert status(recovery()).last_drill.id == again.id
    assert make_forecast(recovery()).findings == ()


def test_the_plan_tells_of_hooks_that_cannot_be_called_from_here(ready):
    waves = [Wave(["db"], gates="./nothing-of-the-kind db1"), ["web"]]
    told = [f for f in make_forecast(recovery(waves=waves)).findings if f.rule == "recovery/hook-unready"]
    assert [f.message for f in told] == [
        "'./nothing-of-the-kind db1' cannot be called from here: nothing-of-the-kind is not here"
    ]


def test_protected_volumes_do_not_keep_a_drill_from_ending(cloud):
    kept = evolve(SHOP, roles=[evolve(role, deletion_protection=True) for role in SHOP.roles])
    replicate(recovery(), run_options=ONE)
    points = there(cloud)
    assert drill(recovery(topology=kept), run_options=ONE).result == "passed"
    assert there(cloud) == points


def test_a_drill_sees_the_point_and_not_what_was_written_since(ready):
    write(ready, PRODUCTION, "later")
    read = []
    probe = Probe("read", lambda inventory: read.extend(_contents(ready, inventory)))
    drill(recovery(probes=[probe]), run_options=ONE)
    assert set(read) == {"ledger of volume.db1-data", "ledger of volume.db2-data"}
    assert set(written(ready, PRODUCTION).values()) == {
        "later of volume.db1-data",
        "later of volume.db2-data",
    }


def _contents(cloud, inventory):
    return [cloud.read(v["id"]).decode() for host in inventory["hosts"] for v in host["volumes"]]


def test_all_of_its_calls_are_counted(ready):
    made = []

    def hand(provider, call):
        made.append(call)
        return provider.perform(call)

    with wrap_calls("fake", hand):
        evidence = drill(recovery(), run_options=ONE)
    assert abs(len(made) - evidence.calls) <= 12, "but those of the ledger's last words"


def test_evidence_is_had_where_the_ledger_cannot_be_written_any_more(ready):
    asked = []

    def gone(provider, call):
        asked.append(call.action)
        if "DeleteNetwork" in asked and call.action == "WriteClaim":
            raise Unavailable("the service is down")
        return provider.perform(call)

    with wrap_calls("fake", gone):
        evidence = drill(recovery(), run_options=ONE)
    assert [wave.passed for wave in evidence.waves] == [True, True]


def test_functions_that_hear_of_a_drill_and_raise_do_not_end_it(ready):
    def fail(heard):
        raise LookupError("no such channel")

    with pytest.warns(RuntimeWarning, match="the listener fail .*no such channel"):
        evidence = drill(recovery(), run_options=evolve(ONE, listen=fail), say=fail)
    assert evidence.result == "passed"


@pytest.mark.parametrize("end", ["a takeover that goes on", "a takeover that is complete"])
def test_a_drill_that_sees_a_takeover_is_torn_down_at_its_next_wave(ready, end):
    def begins(inventory):
        if end == "a takeover that goes on":
            stuck(options=LOST)
        else:
            failover(recovery(), LOST)
        return True

    evidence = drill(recovery(waves=[Wave(["db"], gates=begins, limit="2h"), ["web"]]), run_options=ONE)
    assert "recovery takes over, so the drill ends" in evidence.reasons[0]
    assert (evidence.result, evidence.left_behind) == ("failed", 0)


def test_what_a_drill_made_last_is_removed_though_lists_do_not_show_it_at_once(ready):
    def fail(action, given):
        if action in ("CreateVolume", "CreateInstance"):
            raise FakeError("AccessDenied", "the key is disabled")

    before, ready.before_request = there(ready), fail
    evidence = drill(recovery(), run_options=ONE)
    ready.before_request = None
    assert (evidence.result, evidence.left_behind) == ("failed", 0)
    assert there(ready) == before


@pytest.mark.parametrize(
    ("named", "rule"),
    [
        (lambda now: {"as_of": now + timedelta(days=1)}, "recovery/future-moment"),
        (lambda now: {"as_of": now - timedelta(days=1)}, "recovery/no-point"),
        (lambda now: {"blank": ["volume.db1-data"]}, "recovery/not-blank"),
        (lambda now: {"blank": ["volume.db9-data"]}, "recovery/unknown-volume"),
    ],
    ids=["a moment to come", "a moment before all points", "a volume with data", "no such volume"],
)
def test_a_drill_is_refused_for_what_was_named_and_leaves_no_record(ready, named, rule):
    now = datetime.fromtimestamp(ready.clock.now(), UTC)
    with pytest.raises(PolicyError) as error:
        drill(recovery(), run_options=ONE, **named(now))
    assert rule in [finding.rule for finding in error.value.findings]
    assert list_runs(recovery(), []) == []


def test_a_drill_that_lacks_data_leaves_evidence(cloud):
    evidence = drill(recovery(), run_options=ONE)
    assert (evidence.result, evidence.left_behind) == ("failed", 0)
    assert "no point of db can be restored" in evidence.reasons[0]
    assert [run.kind for run in list_runs(recovery(), [])] == ["drill"]


def test_hosts_whose_files_have_no_room_fail_a_drill_and_refuse_a_takeover(ready):
    full = evolve(SHOP.role("web"), user_data="#!/bin/sh\n" + "#" * 16_000)
    about = recovery(topology=evolve(SHOP.with_role(full), delivery="files"))
    evidence = drill(about, run_options=ONE)
    assert evidence.result == "failed"
    assert "web1 cannot be created" in evidence.reasons[0]
    assert "hosts/no-room" in [each.rule for each in make_forecast(about).findings]
    with pytest.raises(ValidationError, match="web1 cannot be created"):
        failover(about, HOW)
