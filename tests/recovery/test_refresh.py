"""A refresh gives a running standby the newest points. No end becomes active; the source stays as it is."""

from datetime import UTC, datetime

import pytest
from attrs import evolve
from clocks import clock_off
from sweeps import one_in_quick
from turning import HOW, LOST, before, lost, passed_later, powers, refused, rules, said, silent
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, TWO, recovery, volumes, write, written

from portinfra import workflow
from portinfra.errors import PermissionDenied, PolicyError, ProviderError
from portinfra.model.internet import lets_internet_in
from portinfra.model.recovery import Action, Probe, Wave
from portinfra.model.resources import Volume as VolumeSpec
from portinfra.model.topology import Topology, Volume
from portinfra.recovery.drills.history import compare_to_ledger, list_runs
from portinfra.recovery.evidence import evidence_document
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.refresh import refresh
from portinfra.recovery.takeover.steps import RefreshStep
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.faults import Crash, Faults, inject_faults
from portinfra.testing.simulation import apply_and_check
from portinfra.validation.recovery import recovery_findings

RUNNING = recovery(standby="running", rto="9h", rpo="9h")


@pytest.fixture
def standby(ready):
    """The target runs as a standby, with what a test wrote; production has written since the last point."""
    workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[RUNNING]), seed=0)
    write(ready, RECOVERY, "a test")
    write(ready, PRODUCTION, "later")
    return ready


@pytest.fixture
def was_active(ready):
    """The target was active, and has returned; its hosts are off, with the rules of an active end."""
    failover(RUNNING, HOW)
    write(ready, RECOVERY, "orders")
    assert failback(RUNNING, HOW).result == "passed"
    assert replicate(RUNNING, run_options=ONE).succeeded
    return ready


def is_a_running_standby(cloud, content):
    assert set(written(cloud, RECOVERY).values()) == said(content)
    assert powers(cloud, RECOVERY, after=60) == {"running"}
    assert not lets_internet_in(workflow.observe(SHOP, RECOVERY))
    assert read_facts(RUNNING).active == "source"
    assert powers(cloud, PRODUCTION, after=0) == {"running"}
    return True


def test_it_replaces_the_data_of_the_standby_by_the_newest_points(standby):
    known = read_facts(RUNNING), volumes(PRODUCTION)
    evidence = refresh(RUNNING, HOW)
    assert (evidence.kind, evidence.result, evidence.source_fenced) == ("refresh", "passed", None)
    assert is_a_running_standby(standby, "ledger")
    assert (read_facts(RUNNING), volumes(PRODUCTION)) == known
    replicate(RUNNING, now=True, run_options=ONE)
    assert refresh(RUNNING, HOW).result == "passed"
    assert is_a_running_standby(standby, "later")


def test_it_makes_no_call_that_changes_the_source(standby):
    changed = []

    def hand(provider, call):
        if provider.account == PRODUCTION.account and not call.reads:
            changed.append(call.action)
        return provider.perform(call)

    with wrap_calls("fake", hand):
        refresh(RUNNING, HOW)
    assert changed == []


def test_older_points_are_restored_on_request(standby):
    passed_later(standby, 60)
    between = standby.clock.now()
    passed_later(standby, 60)
    replicate(RUNNING, now=True, run_options=ONE)
    evidence = refresh(RUNNING, evolve(HOW, as_of=datetime.fromtimestamp(between, UTC)))
    assert evidence.as_of is not None
    assert is_a_running_standby(standby, "ledger")


def test_gates_actions_and_probes_are_called(standby):
    called = []

    def note(name):
        return lambda inventory: called.append((name, inventory["occasion"]))

    about = evolve(
        RUNNING,
        plan=evolve(
            RUNNING.plan,
            waves=[Wave(["db"], gates=note("gate")), Wave(["web"])],
            actions=[Action("mask", note("mask"), on="refresh", after="db"), Action("tell", note("tell"))],
            probes=[Probe("rows", note("probe"), reads="db")],
        ),
    )
    evidence = refresh(about, HOW)
    assert called == [("gate", "refresh"), ("mask", "refresh"), ("probe", "refresh")]
    assert [each.looked for each in evidence.looked] == ["data"]
    failing = evolve(about, plan=evolve(about.plan, probes=[Probe("rows", lambda inventory: False)]))
    assert refresh(failing, HOW).result == "failed"


def test_without_a_declared_standby_it_is_refused(standby):
    with pytest.raises(PolicyError) as error:
        refresh(recovery(), HOW)
    assert rules(error) == ["recovery/no-standby"]


def test_it_is_refused_while_the_target_is_active_or_takes_over(standby):
    failover(RUNNING, HOW)
    with pytest.raises(PolicyError) as error:
        refresh(RUNNING, HOW)
    assert rules(error) == ["recovery/refresh-active-end"]
    assert "dr failback shop" in error.value.findings[0].fix
    never = Wave(["db"], gates=lambda inventory: inventory["occasion"] != "failback", limit="10s")
    assert (
        failback(evolve(RUNNING, plan=evolve(RUNNING.plan, waves=[never, Wave(["web"])])), HOW).result
        == "failed"
    )
    with pytest.raises(PolicyError) as error:
        refresh(RUNNING, HOW)
    assert rules(error) == ["recovery/failback-under-way"]


def test_it_is_refused_where_own_volumes_of_the_target_are_newer(standby):
    failover(RUNNING, HOW)
    write(standby, RECOVERY, "orders")
    failback(RUNNING, HOW)
    with pytest.raises(PolicyError) as error:
        refresh(RUNNING, HOW)
    assert rules(error) == ["recovery/own-data-is-newest"]
    assert set(written(standby, RECOVERY).values()) == said("orders")
    replicate(RUNNING, run_options=ONE)
    assert refresh(RUNNING, HOW).result == "passed"
    assert is_a_running_standby(standby, "orders")


def test_what_no_other_end_has_is_kept_before_it_is_replaced(standby):
    failover(RUNNING, HOW)
    write(standby, RECOVERY, "orders that production never got")
    with lost(RECOVERY):
        assert failback(RUNNING, LOST).result == "passed"
    fence(RUNNING, run_options=ONE)
    replicate(RUNNING, run_options=ONE)
    waits = workflow.plan(SHOP, RECOVERY, guards=[RUNNING])
    (finding,) = [each for each in waits.findings if each.rule == "recovery/standby-waits"]
    assert "data that production never got" in finding.message
    assert "dr refresh shop" in finding.fix
    assert not waits.standby
    kept = refresh(RUNNING, HOW).left_aside
    assert {standby.read(each.snapshot).decode() for each in kept} == said("orders that production never got")
    replicate(RUNNING, now=True, run_options=ONE)
    assert refresh(RUNNING, HOW).left_aside == (), "what the first one brought is in a point"


def test_a_silent_zone_of_the_source_does_not_refuse_it(standby):
    with silent(standby, "us-east-1a"):
        assert refresh(RUNNING, HOW).result == "passed"
    assert is_a_running_standby(standby, "ledger")


def test_a_wrong_clock_is_said_and_does_not_refuse_it(standby):
    said = []
    with clock_off(7200, tells_time=True):
        assert refresh(RUNNING, HOW, say=said.append).result == "passed"
    assert [line for line in said if "clock of this machine" in line]


@pytest.mark.parametrize(("on", "refused_for"), [("failover", []), ("refresh", ["recovery/hook-unready"])])
def test_it_judges_the_hooks_of_its_own_actions(standby, on, refused_for):
    actions = [Action("mask", "./no-such-hook", on=on, after="db")]
    about = evolve(RUNNING, plan=evolve(RUNNING.plan, actions=actions))
    if refused_for:
        assert refused(refresh, about, HOW) == refused_for
    else:
        assert refresh(about, HOW).result == "passed"


def test_a_refresh_that_failed_early_leaves_the_rest_to_be_kept(cloud):
    gate = {"passes": True}
    waves = [Wave(["db"], gates=lambda inventory: gate["passes"], limit="5m"), ["files"], ["web"]]
    about = recovery(topology=TWO, waves=waves, standby="running", rto="9h", rpo="9h")
    apply_and_check(TWO, PRODUCTION)
    _only_the_target_has(cloud, about, "orders that production never got")
    gate["passes"] = False
    first = refresh(about, HOW)
    gate["passes"] = True
    second = refresh(about, HOW)
    assert (first.result, second.result) == ("failed", "passed")
    assert {each.volume for each in first.left_aside} == {"db1-data", "db2-data", "files1-data"}
    files = [each for each in second.left_aside if each.volume == "files1-data"]
    assert [cloud.read(each.snapshot).decode() for each in files] == [
        "orders that production never got of volume.files1-data"
    ]
    replicate(about, now=True, run_options=ONE)
    assert refresh(about, HOW).left_aside == ()


def test_a_refresh_that_could_keep_nothing_leaves_all_to_be_kept(standby):
    _only_the_target_has(standby, RUNNING, "orders that production never got")

    def refuses(provider, call):
        if provider.account == RECOVERY.account and call.action == "CreateSnapshot":
            raise ProviderError("no more snapshots today")
        return provider.perform(call)

    with wrap_calls("fake", refuses):
        first = refresh(RUNNING, HOW)
    assert (first.result, first.left_aside) == ("failed", ())
    kept = refresh(RUNNING, HOW).left_aside
    assert {standby.read(each.snapshot).decode() for each in kept} == said("orders that production never got")


def _only_the_target_has(cloud, about, text):
    """Let the target have data that no other end has, while the source is active."""
    replicate(about, now=True, run_options=ONE)
    failover(about, HOW)
    write(cloud, RECOVERY, text)
    with lost(RECOVERY):
        assert failback(about, LOST).result == "passed"
    fence(about, run_options=ONE)
    replicate(about, now=True, run_options=ONE)


@pytest.mark.parametrize("step", one_in_quick(*RefreshStep), ids=lambda step: step.name)
def test_one_that_ends_at_a_step_is_run_again_and_a_takeover_is_possible(standby, step):
    def dies(reached):
        if reached is step:
            raise KeyboardInterrupt

    for after in (refresh, failover):
        with pytest.raises(KeyboardInterrupt):
            refresh(RUNNING, FailoverOptions(run_options=ONE, at=dies))
        assert after(RUNNING, HOW).result == "passed"
        assert set(written(standby, RECOVERY).values()) == said("ledger")


@pytest.mark.parametrize(
    "action", one_in_quick("StopInstance", "DetachVolume", "CreateVolume", "StartInstance")
)
def test_one_that_dies_at_a_call_is_run_again(standby, action):
    with inject_faults("fake", Faults(at=action, mishap="dies before")), pytest.raises(Crash):
        refresh(RUNNING, HOW)
    passed_later(standby, 120)
    assert refresh(RUNNING, HOW).result == "passed"
    assert is_a_running_standby(standby, "ledger")


@pytest.mark.slow
@pytest.mark.parametrize("step", one_in_quick(*RefreshStep), ids=lambda step: step.name)
def test_one_that_ends_at_a_step_blocks_no_other_verb(was_active, step):
    """The hosts of the end have the rules of an active end until the refresh closes them."""

    def dies():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        refresh(RUNNING, before(step, dies))
    assert read_facts(RUNNING).is_calm
    assert replicate(RUNNING, now=True, run_options=ONE).succeeded
    assert refresh(RUNNING, HOW).result == "passed"
    assert is_a_running_standby(was_active, "orders")


def test_one_whose_first_wave_fails_blocks_no_other_verb(was_active):
    never = Wave(["db"], gates=lambda inventory: False, limit="10s")
    about = evolve(RUNNING, plan=evolve(RUNNING.plan, waves=[never, Wave(["web"])]))
    assert refresh(about, HOW).result == "failed"
    assert powers(was_active, RECOVERY) == {"running", "stopped"}
    assert read_facts(RUNNING).is_calm
    assert replicate(RUNNING, now=True, run_options=ONE).succeeded
    assert refresh(RUNNING, HOW).result == "passed"


def test_a_point_that_arrives_before_it_has_the_lease_is_used(standby):
    def arrives():
        assert replicate(RUNNING, now=True, run_options=ONE).succeeded

    assert refresh(RUNNING, before(RefreshStep.FETCH, arrives)).result == "passed"
    assert is_a_running_standby(standby, "later")


def test_own_data_that_comes_before_it_has_the_lease_refuses_it(standby):
    def takes_over_and_returns():
        failover(RUNNING, HOW)
        write(standby, RECOVERY, "orders")
        failback(RUNNING, HOW)

    overtaken = before(RefreshStep.FETCH, takes_over_and_returns)
    assert refused(refresh, RUNNING, overtaken) == ["recovery/own-data-is-newest"]
    assert set(written(standby, RECOVERY).values()) == said("orders")


def test_its_evidence_is_in_the_chain(standby):
    first, second = refresh(RUNNING, HOW), refresh(RUNNING, HOW)
    assert (first.number, second.number, second.previous_number) == (1, 2, 1)
    document = evidence_document(second)
    assert document["schema"] == "portinfra.refresh/1"
    assert compare_to_ledger(RUNNING, second, document) == ""
    runs = list_runs(RUNNING, [("refresh.json", document)])
    assert [(run.kind, run.result, run.evidence) for run in runs] == [
        ("refresh", "passed", "elsewhere"),
        ("refresh", "passed", "here"),
    ]


def test_status_names_one_that_is_overdue(standby):
    monthly = evolve(RUNNING, plan=evolve(RUNNING.plan, refresh_every="30d"))
    assert status(monthly).refresh_overdue
    assert status(RUNNING).refresh_overdue is False
    refresh(monthly, HOW)
    found = status(monthly)
    assert (found.refresh_overdue, found.last_refresh.result) == (False, "passed")
    passed_later(standby, 31 * 86_400)
    assert status(monthly).refresh_overdue


@pytest.mark.parametrize(
    ("more", "attribute"),
    [
        ({"refresh_every": "30d"}, "refresh_every"),
        ({"standby": "running", "refresh_every": "a month"}, "refresh_every"),
    ],
)
def test_a_schedule_needs_a_standby_and_a_length_of_time(more, attribute):
    found = recovery_findings(recovery(**more).plan, [SHOP], [PRODUCTION, RECOVERY])
    wrong = [each.subject for each in found if each.severity.value == "error"]
    assert wrong == [f"recovery.shop.{attribute}"]


def test_what_one_that_died_has_left_never_passes_for_the_newest_data(standby):
    failover(RUNNING, HOW)
    write(standby, RECOVERY, "orders")
    failback(RUNNING, HOW)
    replicate(RUNNING, run_options=ONE)
    newest = status(RUNNING).points[0].id
    with inject_faults("fake", Faults(at="StartInstance", mishap="dies before")), pytest.raises(Crash):
        refresh(RUNNING, HOW)
    passed_later(standby, 120)
    with lost(PRODUCTION):
        evidence = failover(RUNNING, FailoverOptions(lost=True, without=[newest], run_options=ONE))
    assert [point.id for point in evidence.points] != [newest]
    assert set(written(standby, RECOVERY).values()) == said("ledger"), "of the point before"


LOGS = Volume("logs", gib=10, mount="/logs")
WITH_LOGS = Topology(
    "shop", [SHOP.roles[0], evolve(SHOP.roles[1], volumes=[*SHOP.roles[1].volumes, LOGS])], SHOP.flows
)


def test_a_volume_that_begins_blank_has_nothing_of_what_a_test_wrote(ready):
    about = recovery(topology=WITH_LOGS, standby="running", rto="9h", rpo="9h")
    workflow.apply(workflow.plan(WITH_LOGS, RECOVERY, guards=[about]), seed=0)
    for seen in workflow.observe(WITH_LOGS, RECOVERY).of(VolumeSpec).values():
        ready.write(seen.id, "a test")
    blank = ["volume.db1-logs", "volume.db2-logs"]
    evidence = refresh(about, evolve(HOW, blank=blank))
    there = workflow.observe(WITH_LOGS, RECOVERY).of(VolumeSpec)
    assert (evidence.result, sorted(evidence.blank)) == ("passed", blank)
    assert {ready.read(seen.id) for address, seen in there.items() if address in blank} == {b""}


def test_a_volume_that_does_not_exist_is_not_accepted_as_blank(standby):
    with pytest.raises(PolicyError) as error:
        refresh(RUNNING, evolve(HOW, blank=["volume.db9-data"]))
    assert rules(error) == ["recovery/unknown-volume"]


@pytest.mark.parametrize(
    ("world", "refused", "reason"),
    [
        ("standby", "StopInstance", "hosts of recovery cannot be stopped: "),
        ("was_active", "RevokeTraffic", "recovery cannot be closed to the internet: "),
    ],
)
def test_one_that_cannot_make_the_end_ready_leaves_evidence_of_why(request, world, refused, reason):
    request.getfixturevalue(world)

    def refuse(provider, call):
        if call.action == refused and provider.account == RECOVERY.account:
            raise PermissionDenied(f"{refused} is not allowed")
        return provider.perform(call)

    with wrap_calls("fake", refuse):
        evidence = refresh(RUNNING, HOW)
    assert evidence.result == "failed"
    assert evidence.reasons[0].startswith(reason)
    assert f"{refused} is not allowed" in evidence.reasons[0]
    assert read_facts(RUNNING).facts("target").open_runs == ()
    assert refresh(RUNNING, HOW).result == "passed"
