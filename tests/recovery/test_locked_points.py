"""A locked point stays for its time, whatever `keep` says: the cloud refuses every deletion."""

from types import SimpleNamespace

import pytest
from attrs import evolve
from begun import begun
from turning import HOW, LOST, dies_at, passed_later
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery, shop_runs, write

from portinfra import dr
from portinfra.errors import PermissionDenied, ValidationError
from portinfra.execution.connection import Connection
from portinfra.format import iso
from portinfra.model.finding import Severity
from portinfra.model.recovery import DataPolicy, RecoveryPlan
from portinfra.model.resources import Snapshot
from portinfra.model.topology import Role, Topology, Volume
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.points import id_of
from portinfra.recovery.points.listing import VaultListing
from portinfra.recovery.points.locks import lock_findings
from portinfra.recovery.replication import retention
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.status import status
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.fake import plugin
from portinfra.testing.faults import Crash, Faults, inject_faults
from portinfra.testing.simulation import apply_and_check, simulate

TINY = Topology("shop", [Role("db", count=1, volumes=[Volume("data", gib=10)], waive=FEW)], [])
DAY = 24 * 3600


def tiny(**more):
    given = {"waves": [["db"]], "rto": "9h", "lock": "7d", "data": [DataPolicy("db", keep=1)]}
    return recovery(topology=TINY, **{**given, **more})


@pytest.fixture
def cloud():
    with simulate() as cloud:
        apply_and_check(TINY, PRODUCTION)
        write(cloud, PRODUCTION, "rows")
        yield cloud


def points_of(about):
    return [point.id for point in status(about).points]


def failing(action):
    """The cloud refuses one action, for want of a permission."""

    def hand(provider, call):
        if call.action == action:
            raise PermissionDenied(f"{action} is not allowed")
        return provider.perform(call)

    return wrap_calls("fake", hand)


def test_a_point_is_locked_when_it_has_arrived_and_status_says_until_when(cloud):
    assert replicate(tiny(), run_options=ONE).succeeded
    (point,) = status(tiny()).points
    snapshots = [record for record in cloud.ground_truth(RECOVERY.account) if record["kind"] == "snapshot"]
    assert [point.locked_until] == [iso(record["locked_until"]) for record in snapshots]
    assert 7 * DAY - 600 < snapshots[0]["locked_until"] - cloud.clock.now() <= 7 * DAY


def test_retention_removes_a_point_when_its_lock_is_over_and_not_before(cloud):
    replicate(tiny(), run_options=ONE)
    (first,) = points_of(tiny())
    passed_later(cloud, 6 * DAY)
    assert replicate(tiny(), now=True, run_options=ONE).succeeded
    assert first in points_of(tiny())
    passed_later(cloud, DAY)
    assert replicate(tiny(), now=True, run_options=ONE).succeeded
    assert first not in points_of(tiny())


def test_a_lock_outlives_its_line_in_the_plan(cloud):
    replicate(tiny(), run_options=ONE)
    (first,) = points_of(tiny())
    assert replicate(tiny(lock=""), now=True, run_options=ONE).succeeded
    assert first in points_of(tiny(lock=""))


def test_a_point_that_cannot_be_locked_fails_its_group_and_the_next_run_locks_it(cloud):
    with failing("LockSnapshot"):
        (group,) = replicate(tiny(), run_options=ONE).groups
    assert (group.fate, "is not locked" in group.problem) == ("failed", True)
    assert status(tiny()).points[0].locked_until is None
    assert replicate(tiny(), run_options=ONE).succeeded
    assert status(tiny()).points[0].locked_until is not None


def keeping_one_without_a_lock():
    return tiny(lock="", data=[DataPolicy("db", keep={"last": 1})])


@pytest.mark.parametrize("mishap", ["dies before", "dies after"])
def test_a_run_that_dies_while_it_locks_leaves_a_point_whose_lock_the_status_knows(cloud, mishap):
    with inject_faults("fake", Faults(at="LockSnapshot", mishap=mishap)), pytest.raises(Crash):
        replicate(tiny(), run_options=ONE)
    passed_later(cloud, 3600)
    later = keeping_one_without_a_lock()
    (point,) = status(later).points
    assert (point.locked_until is not None) is (mishap == "dies after")


def lock_by_hand(cloud):
    """A person locks every snapshot of the waiting end, by the means of the cloud."""
    with Connection.to(RECOVERY) as place:
        for seen in place.observe(tiny().points).resources.values():
            place.caller.with_retries(plugin.lock_call(seen, 7))


@pytest.mark.parametrize("cause", ["a run died while it locked", "others locked it"])
def test_a_point_that_the_cloud_locks_stays_whole_and_fails_no_replication(cloud, cause):
    later = keeping_one_without_a_lock()
    if cause == "others locked it":
        assert replicate(later, run_options=ONE).succeeded
        lock_by_hand(cloud)
    else:
        with inject_faults("fake", Faults(at="LockSnapshot", mishap="dies after")), pytest.raises(Crash):
            replicate(tiny(), run_options=ONE)
    (first,) = points_of(later)
    for _ in range(2):
        passed_later(cloud, 3600)
        assert replicate(later, now=True, run_options=ONE).succeeded
    found = {point.id: point for point in status(later).points}
    assert (found[first].parts, found[first].locked_until is not None) == (1, True)
    assert len(found) == 2, "the newest, and the locked one"
    passed_later(cloud, 8 * DAY)
    assert replicate(later, now=True, run_options=ONE).succeeded
    assert first not in points_of(later)


def test_a_plan_without_locks_removes_points_where_it_may_not_read_locks(cloud):
    later = keeping_one_without_a_lock()
    replicate(later, run_options=ONE)
    passed_later(cloud, 3600)
    with failing("ListLocks"):
        assert replicate(later, now=True, run_options=ONE).pruned == 1


def test_no_point_is_removed_while_locks_cannot_be_read(cloud):
    replicate(tiny(), run_options=ONE)
    passed_later(cloud, 8 * DAY)
    said = []
    with failing("ListLocks"):
        replicate(tiny(), now=True, run_options=ONE, say=said.append)
    assert any("locks of snapshots cannot be read" in line for line in said)
    assert len(points_of(tiny())) == 2


@pytest.mark.parametrize(
    ("all_told", "why"),
    [(True, "the locks of snapshots cannot be read"), (False, "entries of the ledger cannot be read")],
)
def test_the_reason_why_a_vault_is_not_pruned_is_the_true_one(monkeypatch, all_told, why):
    def refuses(place):
        raise PermissionDenied("ListLocks is not allowed")

    monkeypatch.setattr(retention, "has_locks", lambda recovery, known: all_told)
    monkeypatch.setattr(retention, "read_locks", refuses)
    monkeypatch.setattr(retention, "clear", lambda recovery, place, run_options: None)
    end = SimpleNamespace(connection=None, say=lambda line: None)
    about = SimpleNamespace(plan=SimpleNamespace(vault="a vault"))
    vault = VaultListing(points=frozenset())
    tidying = retention.Retention(about, end, end, None, None, ONE, vault, all_told)
    assert tidying._locked_points([], {}, ()) == {}
    assert tidying._prune_vault() == why


def test_each_point_is_locked_once(cloud):
    replicate(tiny(), run_options=ONE)
    until = status(tiny()).points[0].locked_until
    passed_later(cloud, DAY)
    replicate(tiny(), run_options=ONE)
    assert {until} <= {point.locked_until for point in status(tiny()).points}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"target": evolve(RECOVERY, on="gcp:europe-west1")}, "gcp cannot lock snapshots"),
        ({"source": evolve(PRODUCTION, on="libvirt:site")}, "libvirt cannot lock snapshots"),
        ({"data": [DataPolicy("db", engine="age")]}, "data goes to the vault by age"),
    ],
)
def test_a_lock_that_no_cloud_keeps_is_refused_and_the_vault_is_named(more, message):
    (finding, *_) = [each for each in lock_findings(tiny(**more)) if message in each.message]
    assert "object lock" in finding.fix


def test_a_lock_lasts_whole_days():
    plan = RecoveryPlan("shop", PRODUCTION, RECOVERY, rpo="4h", rto="9h", waves=[["db"]], lock="36h")
    with pytest.raises(ValidationError) as error:
        dr.recovery(TINY, plan, [PRODUCTION, RECOVERY])
    assert "recovery/lock" in [finding.rule for finding in error.value.findings]


def test_unreadable_locks_are_a_warning_and_refuse_no_takeover(cloud):
    replicate(tiny(), run_options=ONE)
    with failing("ListLocks"):
        found = status(tiny())
        foreseen = make_forecast(tiny()).findings
        evidence = failover(tiny(rpo="99h"), HOW)
    assert [point.locked_until for point in found.points] == [None]
    (warning,) = [each for each in foreseen if each.rule == "recovery/locks-unread"]
    assert (warning.severity, "whether points are locked is not known" in warning.message) == (
        Severity.WARNING,
        True,
    )
    assert evidence.result == "passed"


def test_unreadable_locks_refuse_no_takeover_from_a_lost_end(cloud):
    replicate(tiny(), run_options=ONE)
    with failing("ListLocks"):
        assert failover(tiny(rpo="99h"), LOST).result == "passed"


def point_ids():
    """The ids of points that have a snapshot in the target, and of those that its ledger has."""
    with Connection.to(RECOVERY) as target:
        entries = Ledger(target, recovery().ledger).entries("point")
        snapshots = target.observe(recovery().points).of(Snapshot)
    return {id_of(address) for address in snapshots}, {entry.said["id"] for entry in entries}


def a_point_is_lost_half_way(cloud, about):
    """One of two snapshots has arrived, and those of the source are gone. Return the id of the point."""

    def second_copy(provider, call):
        arrived = [each for each in cloud.ground_truth(RECOVERY.account) if each["kind"] == "snapshot"]
        return call.action == "CopySnapshot" and bool(arrived)

    dies_at(second_copy, lambda: replicate(about, run_options=ONE))
    for each in cloud.ground_truth(PRODUCTION.account):
        if each["kind"] == "snapshot":
            cloud.request(PRODUCTION.account, PRODUCTION.region, "DeleteSnapshot", {"id": each["id"]})
    passed_later(cloud, 3600)
    (lost_point,) = point_ids()[0]
    return lost_point


@pytest.fixture
def shop():
    with begun(shop_runs) as cloud:
        yield cloud


def test_a_lost_point_keeps_its_snapshots_and_entry_while_locks_cannot_be_read(shop):
    about = recovery(lock="7d")
    lost_point = a_point_is_lost_half_way(shop, about)
    with failing("ListLocks"):
        assert replicate(about, now=True, run_options=ONE).succeeded
    assert all(lost_point in ids for ids in point_ids())
    assert replicate(about, now=True, run_options=ONE).succeeded
    assert not any(lost_point in ids for ids in point_ids())


def test_the_entry_of_a_lost_point_stays_as_long_as_its_locked_snapshot(shop):
    about = recovery()
    lost_point = a_point_is_lost_half_way(shop, about)
    lock_by_hand(shop)
    assert replicate(about, now=True, run_options=ONE).succeeded
    assert all(lost_point in ids for ids in point_ids())
    passed_later(shop, 8 * DAY)
    assert replicate(about, now=True, run_options=ONE).succeeded
    assert not any(lost_point in ids for ids in point_ids())
