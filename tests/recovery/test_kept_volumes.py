"""Law: what was written last at each end is in the end that became active, in a kept snapshot, or named in
evidence as gone.
"""

import re
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from unittest import mock

import pytest
from attrs import evolve
from begun import begun
from clocks import clock_off
from rich.console import Console
from sweeps import one_in_quick
from turning import HOW, LOST, before, dies_at, lost, passed_later, powers, switch_by_hand, takes
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra import workflow
from portinfra.errors import PermissionDenied, PortinfraError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.format import moment
from portinfra.model.plan import PlanOptions
from portinfra.model.recovery import Action, Probe
from portinfra.model.topology import Role, Topology, Volume
from portinfra.recovery.drills.sweep import sweep
from portinfra.recovery.evidence import evidence_document
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.points.kept_snapshots import KeptVolumes
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.status import status
from portinfra.render.console.recovery import left_aside_lines, show_evidence, show_status
from portinfra.render.evidence.page import report_html
from portinfra.render.recovery_documents import status_document
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.fake.drivers.base import FakeDriver
from portinfra.testing.fake.drivers.instance import InstanceDriver
from portinfra.testing.simulation import apply_and_check

TINY = Topology("shop", [Role("db", count=1, volumes=[Volume("data", gib=10)], waive=FEW)], [])
PLANNED = evolve(HOW, planned=True)
HOUR = 3600
DAY = 24 * HOUR


def tiny(**more):
    return recovery(topology=TINY, **{"waves": [["db"]], "rto": "99h", "rpo": "99h", **more})


def tiny_has_a_point(cloud):
    """Bring one host up in production, with a point of its first rows."""
    apply_and_check(TINY, PRODUCTION)
    write(cloud, PRODUCTION, "first rows")
    assert replicate(tiny(), run_options=ONE).succeeded


@pytest.fixture
def tiny_world():
    with begun(tiny_has_a_point) as cloud:
        yield cloud


def content(cloud, evidence):
    """What the kept snapshots of an evidence have, without the name of the volume."""
    ids = [each.snapshot for each in evidence.left_aside if each.snapshot]
    return {cloud.read(id).decode().partition(" of volume.")[0] for id in ids}


def snapshots(cloud):
    return {record["id"] for record in cloud.ground_truth() if record["kind"] == "snapshot"}


def double_life(cloud, about):
    """Recovery takes over without production, which goes on for an hour, and is fenced then."""
    with lost(PRODUCTION):
        assert failover(about, LOST).result == "passed"
    write(cloud, RECOVERY, "rows of recovery")
    passed_later(cloud, 3600)
    write(cloud, PRODUCTION, "rows of production")
    fence(about, run_options=ONE)


def test_a_way_back_after_a_double_life_keeps_what_production_wrote(tiny_world):
    double_life(tiny_world, tiny())
    findings = make_forecast(tiny().reversed).findings
    assert "recovery/overwrites-data" in [each.rule for each in findings]
    evidence = failback(tiny(), HOW)
    assert evidence.result == "passed"
    assert set(written(tiny_world, PRODUCTION).values()) == {"rows of recovery of volume.db1-data"}
    assert content(tiny_world, evidence) == {"rows of production"}
    assert 3600 <= evidence.both_ran.seconds < 2 * 3600
    (kept,) = status(tiny()).kept
    (aside,) = evidence.left_aside
    assert (kept.environment, kept.volume, kept.snapshot) == ("production", "db1-data", aside.snapshot)
    assert kept.until == aside.kept_until
    took = datetime.fromisoformat(kept.until) - datetime.fromisoformat(evidence.ended)
    assert timedelta(days=6, hours=12) < took <= timedelta(days=7)


def test_what_a_planned_takeover_left_behind_is_in_its_last_point_and_is_not_kept(tiny_world):
    assert failover(tiny(), PLANNED).left_aside == ()
    write(tiny_world, RECOVERY, "rows of recovery")
    evidence = failback(tiny(), HOW)
    assert evidence.left_aside == ()
    assert evidence.both_ran is None
    assert failover(tiny(), PLANNED).left_aside == ()


@pytest.mark.parametrize("stops_them", ["dr fence", "the same person"])
def test_what_hosts_that_a_person_started_have_written_is_kept(tiny_world, stops_them):
    assert failover(tiny(), PLANNED).result == "passed"
    switch_by_hand(tiny_world, PRODUCTION, "StartInstance")
    write(tiny_world, PRODUCTION, "rows by hand")
    if stops_them == "dr fence":
        fence(tiny(), run_options=ONE)
    else:
        switch_by_hand(tiny_world, PRODUCTION, "StopInstance")
    assert "recovery/overwrites-data" in [each.rule for each in make_forecast(tiny().reversed).findings]
    assert content(tiny_world, failback(tiny(), HOW)) == {"rows by hand"}


def test_what_they_have_written_after_the_way_back_began_is_kept(tiny_world):
    assert failover(tiny(), PLANNED).result == "passed"

    def by_hand():
        switch_by_hand(tiny_world, PRODUCTION, "StartInstance")
        write(tiny_world, PRODUCTION, "rows by hand")
        switch_by_hand(tiny_world, PRODUCTION, "StopInstance")

    assert content(tiny_world, failback(tiny(), before(Step.FENCE, by_hand))) == {"rows by hand"}


def write_on_a_host_of_their_own(cloud, text):
    """A person attaches the volume of production to another host in its subnet, which writes to it."""

    def call(action, **given):
        made = cloud.request(PRODUCTION.account, PRODUCTION.region, action, given)
        passed_later(cloud, 600)
        return made["record"]["id"]

    mine = [record for record in cloud.ground_truth(PRODUCTION.account) if record["kind"] == "instance"]
    given = {
        name: mine[0][name]
        for name in ("subnet", "firewall", "zone", "machine_type", "image_id", "disk_gib", "key")
    }
    address = mine[0]["private_address"].rpartition(".")[0] + ".77"
    more = {"private_address": address, "native": {}, "ssh_keys": [], "user_data": ""}
    theirs = call("CreateInstance", name="theirs", **given, **more)
    (volume,) = [
        record["id"] for record in cloud.ground_truth(PRODUCTION.account) if record["kind"] == "volume"
    ]
    call("DetachVolume", id=volume, instance=mine[0]["id"])
    call("AttachVolume", id=volume, instance=theirs, device="data")
    write(cloud, PRODUCTION, text)
    return lambda: call("DetachVolume", id=volume, instance=theirs)


@pytest.mark.parametrize("is_detached", [False, True], ids=["attached", "detached again"])
def test_what_a_host_of_others_wrote_on_a_volume_that_a_person_attached_to_it_is_kept(
    tiny_world, is_detached
):
    assert failover(tiny(), PLANNED).result == "passed"
    detach = write_on_a_host_of_their_own(tiny_world, "rows on another host")
    if is_detached:
        detach()
    assert "recovery/overwrites-data" in [each.rule for each in make_forecast(tiny().reversed).findings]
    evidence = failback(tiny(), HOW)
    assert (evidence.result, content(tiny_world, evidence)) == ("passed", {"rows on another host"})


class Died(BaseException):
    """The end of a run."""


@pytest.mark.parametrize(
    "dies", one_in_quick(Step.STAND_DOWN, Step.BRING_UP, None), ids=["agreed", "ready", "lives"]
)
def test_what_hosts_wrote_that_a_person_started_once_the_data_was_agreed_is_kept(tiny_world, dies):
    assert failover(tiny(), PLANNED).result == "passed"

    def by_hand():
        switch_by_hand(tiny_world, PRODUCTION, "StartInstance")
        write(tiny_world, PRODUCTION, "rows by hand")

    def die():
        raise Died

    if dies:
        with pytest.raises(Died):
            failback(tiny(), before(dies, die))
        passed_later(tiny_world, 3600)
        by_hand()
        evidence = failback(tiny(), HOW)
    else:
        evidence = failback(tiny(), before(Step.BRING_UP, by_hand))
    assert evidence.result == "passed"
    assert content(tiny_world, evidence) == {"rows by hand"}


def test_a_way_back_that_is_continued_keeps_no_snapshot_where_no_host_has_started(tiny_world):
    assert failover(tiny(), PLANNED).result == "passed"

    def die():
        raise Died

    with pytest.raises(Died):
        failback(tiny(), before(Step.BRING_UP, die))
    assert failback(tiny(), HOW).left_aside == ()


def test_where_the_provider_tells_no_start_the_way_back_keeps_what_is_there(tiny_world):
    with mock.patch.object(InstanceDriver, "to_observed", FakeDriver.to_observed):
        failover(tiny(), PLANNED)
        assert content(tiny_world, failback(tiny(), HOW)) == {"first rows"}


def test_what_was_written_between_the_last_point_and_the_fence_is_kept(tiny_world):
    write(tiny_world, PRODUCTION, "rows after the point")
    assert failover(tiny(), HOW).result == "passed"
    assert content(tiny_world, failback(tiny(), HOW)) == {"rows after the point"}


def test_data_of_a_takeover_that_was_abandoned_is_kept(tiny_world):
    stopped = tiny(actions=[Action("promote", run=lambda inventory: False)])
    assert failover(stopped, HOW).result == "failed"
    write(tiny_world, RECOVERY, "rows of an hour")
    abandon(stopped, HOW)
    assert content(tiny_world, failover(tiny(), HOW)) == {"rows of an hour"}


def test_a_damaged_point_is_replaced_and_what_was_written_on_its_data_is_kept(tiny_world):
    assert replicate(tiny(), now=True, run_options=ONE).succeeded
    stopped = tiny(actions=[Action("promote", run=lambda inventory: False)])
    (damaged,) = failover(stopped, HOW).points
    write(tiny_world, RECOVERY, "rows on a damaged point")
    evidence = failover(tiny(), evolve(HOW, without=[damaged.id]))
    assert evidence.result == "passed"
    assert content(tiny_world, evidence) == {"rows on a damaged point"}


@pytest.mark.parametrize("verb", ["replicate", "sweep"])
def test_retention_removes_kept_snapshots_when_their_time_is_over_and_never_before(tiny_world, verb):
    double_life(tiny_world, tiny())
    (aside,) = failback(tiny(), HOW).left_aside

    def retain():
        if verb == "replicate":
            assert replicate(tiny(), now=True, run_options=ONE).succeeded
        else:
            sweep(tiny(), run_options=ONE)

    passed_later(tiny_world, 6 * DAY)
    retain()
    assert aside.snapshot in snapshots(tiny_world)
    passed_later(tiny_world, DAY)
    retain()
    assert aside.snapshot not in snapshots(tiny_world)
    assert status(tiny()).kept == ()


def test_retention_removes_no_snapshot_that_a_takeover_renewed_before_retention_had_the_lease(tiny_world):
    double_life(tiny_world, tiny())
    kept = []

    def is_after_snapshot(provider, call):
        if provider.account == PRODUCTION.account and call.action == "CreateSnapshot":
            kept.append(call)
        return bool(kept) and call.action == "DeleteVolume"

    dies_at(is_after_snapshot, lambda: failback(tiny(), HOW))
    before_renewal = snapshots(tiny_world)
    passed_later(tiny_world, 8 * DAY)
    evidence = []

    def hand(provider, call):
        if is_lease(provider, call) and not evidence:
            evidence.append(None)
            evidence[0] = failback(tiny(), HOW)
        return provider.perform(call)

    is_lease = takes(tiny().reversed.kept_scope)
    with wrap_calls("fake", hand), Connection.to(PRODUCTION) as there:
        ledger = Ledger.after_settling(there, tiny().reversed.ledger)
        assert KeptVolumes(tiny().reversed, there, ledger, ONE).remove_outlived() == 0
    assert set(written(tiny_world, PRODUCTION).values()) == {"rows of recovery of volume.db1-data"}
    assert snapshots(tiny_world) >= before_renewal
    assert content(tiny_world, evidence[0]) == {"rows of production"}


@pytest.mark.parametrize("verb", one_in_quick("replicate", "sweep"))
@pytest.mark.parametrize("tells_time", [True, False], ids=["told", "not told"])
def test_a_machine_whose_clock_is_ahead_removes_no_kept_snapshot(tiny_world, verb, tells_time):
    double_life(tiny_world, tiny())
    (aside,) = failback(tiny(), HOW).left_aside
    with clock_off(8 * DAY, tells_time=tells_time):
        for _ in range(3):
            if verb == "replicate":
                assert replicate(tiny(), now=True, insist=True, run_options=ONE).succeeded
            else:
                sweep(tiny(), run_options=ONE)
            passed_later(tiny_world, 3600)
    assert aside.snapshot in snapshots(tiny_world)


@pytest.mark.parametrize("pause", [2 * HOUR, 26 * HOUR], ids=["often", "seldom"])
def test_where_no_provider_tells_the_time_a_person_ends_a_kept_snapshot_and_status_says_so(tiny_world, pause):
    double_life(tiny_world, tiny())
    with clock_off(0):
        (aside,) = failback(tiny(), HOW).left_aside
    for ahead in (0, 20 * HOUR, 40 * HOUR, 8 * DAY):
        with clock_off(ahead):
            passed_later(tiny_world, pause)
            sweep(tiny(), run_options=ONE)
            (kept,) = status(tiny()).kept
            assert (kept.snapshot, kept.ends_by_time) == (aside.snapshot, False)
    with clock_off(0):
        text = text_of(show_status, status(tiny()))
    assert f"in snapshot {aside.snapshot}, kept until a person deletes it" in text


@pytest.mark.parametrize("tells_time", [True, False])
def test_each_text_about_a_kept_snapshot_says_who_ends_it(tiny_world, tells_time):
    double_life(tiny_world, tiny())
    progress = []
    with clock_off(0, tells_time=tells_time):
        findings = make_forecast(tiny().reversed).findings
        (planned,) = (each.fix for each in findings if each.rule == "recovery/overwrites-data")
        stopped = tiny(actions=[Action("promote", run=lambda inventory: False)])
        evidence = failback(stopped, HOW, say=progress.append)
        seen = status(tiny())
        abandoned = abandon(tiny(), HOW)
    texts = {
        "plan": planned,
        "progress": next(line for line in progress if line.startswith("keeping a snapshot")),
        "evidence": text_of(show_evidence, evidence),
        "page": report_html(evidence_document(evidence)),
        "status": text_of(show_status, seen),
        "abandon": "\n".join(left_aside_lines(abandoned.left_aside)),
    }
    (kept,), by_a_person = seen.kept, "until a person deletes it"
    by_time = re.compile(f"until {moment(kept.until)}|for 7d")
    said = {name: (bool(by_time.search(text)), by_a_person in text) for name, text in texts.items()}
    assert said == dict.fromkeys(texts, (tells_time, not tells_time))


def text_of(show, value):
    """Return what is printed of a value."""
    console = Console(record=True, width=400)
    show(value, console)
    return console.export_text()


def test_the_ledger_forgets_kept_snapshots_that_a_person_has_deleted(tiny_world):
    double_life(tiny_world, tiny())
    with clock_off(0):
        (aside,) = failback(tiny(), HOW).left_aside
        tiny_world.request(PRODUCTION.account, PRODUCTION.region, "DeleteSnapshot", {"id": aside.snapshot})
        passed_later(tiny_world, 8 * DAY)
        sweep(tiny(), run_options=ONE)
        assert read_facts(tiny()).facts("source").kept == ()


def test_status_says_that_kept_snapshots_cannot_be_read_and_does_not_end(tiny_world):
    double_life(tiny_world, tiny())
    failback(tiny(), HOW)
    refused_calls = []

    def hand(provider, call):
        if call.action == "ListSnapshots" and provider.account == PRODUCTION.account and is_kept(call):
            refused_calls.append(call)
            raise PermissionDenied("ListSnapshots is not allowed")
        return provider.perform(call)

    def is_kept(call):
        return str(tiny().reversed.kept_scope) in call.parameters["tag"]

    with wrap_calls("fake", hand):
        found = status(tiny())
    assert refused_calls
    assert found.kept == ()
    (line,) = found.kept_unseen
    assert line.startswith("the kept snapshots of production cannot be read")
    console = Console(record=True, width=200)
    show_status(found, console)
    assert "kept snapshots of production" in console.export_text()
    assert status_document(found)["kept_unseen"] == [line]


def test_evidence_does_not_call_a_snapshot_gone_that_a_silent_zone_hides(tiny_world):
    double_life(tiny_world, tiny())
    hidden = []

    def hides(inventory):
        hidden.append(True)

    def hand(provider, call):
        answer = provider.perform(call)
        if not (hidden and provider.account == PRODUCTION.account and call.action == "ListSnapshots"):
            return answer
        return {"records": [], "unreachable": ["us-east-1a"]}

    with wrap_calls("fake", hand):
        evidence = failback(tiny(probes=[Probe("up", hides)]), HOW)
    (aside,) = evidence.left_aside
    (kept,) = status(tiny()).kept
    assert (aside.volume, aside.snapshot, aside.kept_until) == ("db1-data", "", kept.until)
    console = Console(record=True, width=200)
    show_evidence(evidence, console)
    assert "GONE" not in console.export_text()


@pytest.mark.parametrize("error", [PermissionDenied("not allowed"), Unavailable("no route to host")])
def test_a_clean_up_that_fails_hides_no_result_and_is_said(tiny_world, error):
    double_life(tiny_world, tiny())
    (aside,) = failback(tiny(), HOW).left_aside
    passed_later(tiny_world, 7 * DAY)
    said = []

    def hand(provider, call):
        if call.action == "DeleteSnapshot" and provider.account == PRODUCTION.account and deletes_kept(call):
            raise error
        return provider.perform(call)

    def deletes_kept(call):
        return aside.snapshot in map(str, call.parameters.values())

    with wrap_calls("fake", hand):
        assert replicate(tiny(), now=True, run_options=ONE, say=said.append).succeeded
        assert sweep(tiny(), run_options=ONE, say=said.append) == []
    lines = [line for line in said if "whose time is over are left in production" in line]
    assert len(lines) == 2
    assert aside.snapshot in snapshots(tiny_world)
    assert replicate(tiny(), now=True, run_options=ONE).succeeded
    assert aside.snapshot not in snapshots(tiny_world)


def test_without_a_time_evidence_names_what_is_gone(tiny_world):
    about = tiny(keep_overwritten="")
    double_life(tiny_world, about)
    (aside,) = failback(about, HOW).left_aside
    assert (aside.volume, aside.snapshot, aside.kept_until) == ("db1-data", "", "")


@pytest.mark.parametrize(
    "call", one_in_quick("CreateSnapshot", "DeleteVolume", "CreateVolume", "StartInstance")
)
def test_a_way_back_that_is_killed_keeps_what_production_wrote(tiny_world, call):
    double_life(tiny_world, tiny())
    began = []

    def replaces(provider, each):
        """The call, in production, after the takeover began to keep snapshots there."""
        return bool(began) and provider.account == PRODUCTION.account and each.action == call

    def listen(line):
        began.extend([line] if line.startswith("keeping a snapshot") else [])

    dies_at(replaces, lambda: failback(tiny(), HOW, say=listen))
    evidence = failback(tiny(), HOW)
    assert evidence.result == "passed"
    assert content(tiny_world, evidence) == {"rows of production"}


def test_what_hosts_wrote_between_a_kept_snapshot_and_the_next_run_is_kept_too(tiny_world):
    double_life(tiny_world, tiny())
    kept = []

    def is_next_call(provider, call):
        if provider.account == PRODUCTION.account and call.action == "CreateSnapshot":
            kept.append(call)
        return bool(kept) and call.action == "DeleteVolume"

    dies_at(is_next_call, lambda: failback(tiny(), HOW))
    passed_later(tiny_world, 3600)
    switch_by_hand(tiny_world, PRODUCTION, "StartInstance")
    write(tiny_world, PRODUCTION, "rows by hand")
    evidence = failback(tiny(), HOW)
    assert evidence.result == "passed"
    assert content(tiny_world, evidence) == {"rows of production", "rows by hand"}


def test_no_destroy_of_the_environment_removes_them(tiny_world):
    double_life(tiny_world, tiny())
    (aside,) = failback(tiny(), HOW).left_aside
    everything = PlanOptions(allow_data_loss={"all"})
    workflow.apply(workflow.destroy(TINY, PRODUCTION, everything, guards=()), seed=0)
    assert aside.snapshot in snapshots(tiny_world)


class History:
    """A random history of both ends, with what was written last at each, kept outside the product."""

    def __init__(self, cloud, seed):
        self.cloud, self.random = cloud, Random(seed)
        self.last = {PRODUCTION.name: "first rows", RECOVERY.name: ""}
        self.kept, self.takeovers = [], 0
        self.stopped = tiny(actions=[Action("promote", run=lambda inventory: False)])

    def step(self, number):
        verbs = [self.write_at_an_end, self.point, self.planned, self.over, self.back, self.lost_over]
        verbs += [self.lost_back, self.failing, lambda n: fence(tiny(), run_options=ONE)]
        verbs += [lambda n: abandon(tiny(), HOW), self.write_at_an_end, self.write_by_hand]
        passed_later(self.cloud, 600)
        with suppress(PortinfraError):
            self.random.choice(verbs)(number)

    def write_at_an_end(self, number):
        end = self.random.choice([PRODUCTION, RECOVERY])
        if "running" in powers(self.cloud, end, after=60):
            self.last[end.name] = f"rows {number}"
            write(self.cloud, end, f"rows {number}")

    def write_by_hand(self, number):
        """A person starts the hosts of an end, which write, and stops them again where they were off."""
        end = self.random.choice([PRODUCTION, RECOVERY])
        was_off = powers(self.cloud, end, after=60) == {"stopped"}
        if was_off:
            switch_by_hand(self.cloud, end, "StartInstance")
            self.last[end.name] = f"rows {number} by hand"
            write(self.cloud, end, f"rows {number} by hand")
        if was_off and self.random.choice([True, False]):
            switch_by_hand(self.cloud, end, "StopInstance")

    def point(self, number):
        replicate(tiny(), now=True, run_options=ONE)

    def planned(self, number):
        self.ended(failover(tiny(), PLANNED))

    def over(self, number):
        self.ended(failover(tiny(), HOW))

    def back(self, number):
        self.ended(failback(tiny(), HOW))

    def failing(self, number):
        self.ended(self.random.choice([failover, failback])(self.stopped, HOW))

    def lost_over(self, number):
        with lost(PRODUCTION):
            self.ended(failover(tiny(), LOST))

    def lost_back(self, number):
        with lost(RECOVERY):
            self.ended(failback(tiny(), LOST))

    def ended(self, evidence):
        self.takeovers += evidence.result == "passed"
        self.kept += [each.snapshot for each in evidence.left_aside]
        assert all(self.kept)

    def missing(self):
        """The ends whose last write is on no volume and in no kept snapshot."""
        there = {self.cloud.read(id).decode() for id in self.kept}
        for end in (PRODUCTION, RECOVERY):
            there |= set(written(self.cloud, end).values())
        found = {text.partition(" of volume.")[0] for text in there}
        return [name for name, text in self.last.items() if text and text not in found]


@pytest.mark.parametrize(
    ("seed", "steps"),
    [
        (0, 12),
        pytest.param(1, 40, marks=pytest.mark.slow),
        *(pytest.param(seed, 40, marks=pytest.mark.soak) for seed in (0, *range(2, 30))),
    ],
)
def test_no_history_of_takeovers_loses_what_was_written_last_at_an_end(tiny_world, seed, steps):
    history = History(tiny_world, seed)
    for number in range(steps):
        history.step(number)
        assert history.missing() == [], number
    assert history.takeovers


def test_a_takeover_reads_what_its_end_offers_once_for_its_check_and_once_for_itself(tiny_world):
    stopped = tiny(actions=[Action("promote", run=lambda inventory: False)])
    assert failover(stopped, HOW).result == "failed"
    abandon(stopped, HOW)
    reads = []

    def hand(provider, call):
        if provider.account == RECOVERY.account and call.action == "ListImages":
            reads.append(call)
        return provider.perform(call)

    with wrap_calls("fake", hand):
        evidence = failover(tiny(), HOW)
    assert (evidence.result, len(evidence.left_aside)) == ("passed", 1)
    assert len(reads) == 2
