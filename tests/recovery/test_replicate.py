"""Recovery points: taken where they are due, carried to the target, restorable from their manifest on."""

import json

import pytest
from attrs import evolve
from turning import silent
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, volumes, write

from portinfra import workflow
from portinfra.errors import PolicyError
from portinfra.execution.connection import Connection
from portinfra.model.plan import PlanOptions
from portinfra.model.record import Record
from portinfra.model.recovery import DataPolicy
from portinfra.records.lease import to_text
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.points import id_of, manifest
from portinfra.recovery.points.snapshot_store import SnapshotStore
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.watch.status import status
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.faults import Faults, inject_faults


def snapshots(cloud, environment):
    return [record for record in cloud.ground_truth(environment.account) if record["kind"] == "snapshot"]


def later(cloud, hours):
    cloud.clock.sleep_until(cloud.clock.now() + hours * 3600)


def fates(made):
    return {group.group: group.fate for group in made.groups}


def test_a_point_is_in_the_target_under_its_key_with_the_data(cloud):
    made = replicate(recovery(), run_options=ONE)
    assert made.succeeded, made
    copies = snapshots(cloud, RECOVERY)
    assert sorted(cloud.read(copy["id"]) for copy in copies) == [
        b"ledger of volume.db1-data",
        b"ledger of volume.db2-data",
    ]
    assert {copy["key"] for copy in copies} == {RECOVERY.key}
    assert status(recovery()).level == "ok"


def test_it_is_made_when_it_is_due_and_not_before(cloud):
    assert fates(replicate(recovery(), run_options=ONE)) == {"db": "carried"}
    assert fates(replicate(recovery(), run_options=ONE)) == {"db": "not due"}
    later(cloud, 2)
    assert fates(replicate(recovery(), run_options=ONE)) == {"db": "carried"}
    assert fates(replicate(recovery(), now=True, run_options=ONE)) == {"db": "carried"}
    assert len(status(recovery()).points) == 3


def test_as_many_points_are_kept_as_the_policy_says_and_one_of_the_snapshots_they_came_from(cloud):
    plan = recovery(data=[DataPolicy("db", keep=2)])
    for number in range(4):
        write(cloud, PRODUCTION, f"day {number}")
        made = replicate(plan, now=True, run_options=ONE)
        assert made.pruned == (1 if number >= 2 else 0)
    found = status(plan)
    assert len(found.points) == 2
    assert all(point.restorable for point in found.points)
    later(cloud, 1)
    assert {cloud.read(copy["id"])[:5] for copy in snapshots(cloud, RECOVERY)} == {b"day 2", b"day 3"}
    assert len(snapshots(cloud, PRODUCTION)) == 2


def test_hooks_stand_before_and_after_the_snapshots_and_are_told_of_whom(cloud):
    seen = []

    def hook(name):
        def called(inventory):
            volumes = set(inventory["volumes"])
            seen.append((name, volumes, len(snapshots(cloud, PRODUCTION))))

        return called

    policy = DataPolicy("db", before=hook("freeze"), after=hook("thaw"))
    assert replicate(recovery(data=[policy]), run_options=ONE).succeeded
    both = {"volume.db1-data", "volume.db2-data"}
    assert seen == [("freeze", both, 0), ("thaw", both, 2)]


def test_it_is_thawed_as_soon_as_all_snapshots_have_begun(cloud):
    pending = []

    def thaw(inventory):
        pending.extend(record["state"] for record in snapshots(cloud, PRODUCTION))

    replicate(recovery(data=[DataPolicy("db", after=thaw)]), run_options=ONE)
    assert pending == ["pending", "pending"]


def test_a_failed_hook_is_a_failed_point_and_what_was_frozen_is_thawed(cloud):
    thawed = []

    def freeze(inventory):
        raise OSError("the disk is busy")

    policy = DataPolicy("db", before=freeze, after=lambda inventory: thawed.append(True))
    made = replicate(recovery(data=[policy]), run_options=ONE)
    assert fates(made) == {"db": "failed"}
    assert "the disk is busy" in made.groups[0].problem
    assert thawed == [True]
    assert status(recovery()).level == "lost"
    assert snapshots(cloud, PRODUCTION) == snapshots(cloud, RECOVERY) == []


def test_a_thaw_that_failed_is_a_failed_point_too(cloud):
    made = replicate(recovery(data=[DataPolicy("db", after="echo no such thing; false")]), run_options=ONE)
    assert fates(made) == {"db": "failed"}
    assert "no such thing" in made.groups[0].problem
    assert snapshots(cloud, PRODUCTION) == []


def test_snapshots_that_began_after_the_freeze_thawed_are_of_no_one_moment(cloud):
    policy = DataPolicy("db", before="true", freeze_limit="1s")
    with inject_faults("fake", Faults(latency_seconds=3.0)):
        made = replicate(recovery(data=[policy]), run_options=ONE)
    assert fates(made) == {"db": "failed"}
    assert "when the freeze had to end" in made.groups[0].problem
    assert status(recovery()).level == "lost"


def test_a_freeze_is_as_old_as_the_first_of_its_hooks(cloud):
    def slow(inventory):
        cloud.clock.sleep_until(cloud.clock.now() + 120)

    made = replicate(
        recovery(data=[DataPolicy("db", before=["true", slow], freeze_limit="30s")]), run_options=ONE
    )
    assert fates(made) == {"db": "failed"}
    assert "when the freeze had to end" in made.groups[0].problem
    assert snapshots(cloud, PRODUCTION) == snapshots(cloud, RECOVERY) == []


def test_snapshots_are_taken_while_a_dead_mans_switch_still_waits(cloud, tmp_path):
    state, seen = tmp_path / "state", []
    freeze = f"echo frozen > {state}; (sleep $PORTINFRA_FREEZE_SECONDS; echo thawed > {state}) &"

    def hand(provider, call):
        if call.action == "CreateSnapshot":
            seen.append(state.read_text())
        return provider.perform(call)

    with wrap_calls("fake", hand):
        made = replicate(
            recovery(data=[DataPolicy("db", before=freeze, freeze_limit="10s")]), run_options=ONE
        )
    assert fates(made) == {"db": "carried"}
    assert seen == ["frozen\n", "frozen\n"]


@pytest.mark.parametrize("at", ["before", "after"])
def test_what_was_frozen_is_thawed_when_interrupted(at, cloud):
    called, interrupts = [], [KeyboardInterrupt]

    def hook(name):
        def call(inventory):
            called.append(name)
            if name == at and interrupts:
                raise interrupts.pop()

        return call

    before = [lambda inventory: called.append("freeze"), hook("before")]
    policy = DataPolicy("db", before=before, after=[hook("after"), lambda inventory: called.append("thaw")])
    with pytest.raises(KeyboardInterrupt):
        replicate(recovery(data=[policy]), run_options=ONE)
    again = ["after"] if at == "after" else []
    assert called == ["freeze", "before", "after", *again, "thaw"]
    assert replicate(recovery(data=[policy]), run_options=ONE).succeeded
    later(cloud, 1)
    assert len(snapshots(cloud, PRODUCTION)) == len(snapshots(cloud, RECOVERY)) == 2


def test_both_ends_say_that_they_live_while_hooks_are_at_work(cloud, living):
    seen = []
    policy = DataPolicy(
        "db",
        before=lambda inventory: seen.append(sorted(living)),
        after=lambda inventory: seen.append(sorted(living)),
    )
    assert replicate(recovery(data=[policy]), run_options=ONE).succeeded
    assert seen == [["production+taken", "recovery+points"]] * 2
    assert living == []


def test_what_hooks_print_of_sensitive_data_is_kept_to_itself(cloud):
    policy = DataPolicy("db", before="printf 41%s 11; false", sensitive=True)
    made = replicate(recovery(data=[policy]), run_options=ONE)
    assert "4111" not in made.groups[0].problem


def test_a_command_finds_the_inventory_and_how_long_a_freeze_may_last(cloud, tmp_path):
    kept = tmp_path / "kept.json"
    command = f"cp $PORTINFRA_INVENTORY {kept} && test $PORTINFRA_FREEZE_SECONDS = 30"
    assert replicate(recovery(data=[DataPolicy("db", before=command)]), run_options=ONE).succeeded
    inventory = json.loads(kept.read_text())
    assert inventory["schema"] == "portinfra.recovery-inventory/1"
    hosts = {host["name"]: host for host in inventory["hosts"]}
    assert set(hosts) == {"db1", "db2", "web1"}
    assert hosts["db1"]["volumes"] == [
        {"name": "db1-data", "device": "data", "id": volumes(PRODUCTION)["volume.db1-data"]}
    ]


def test_where_the_others_join_one_only_its_data_travels(cloud):
    plan = recovery(data=[DataPolicy("db", seed="one")])
    assert replicate(plan, run_options=ONE).succeeded
    assert [cloud.read(copy["id"]) for copy in snapshots(cloud, RECOVERY)] == [b"ledger of volume.db1-data"]
    assert [volume.volume for volume in status(plan).volumes] == ["volume.db1-data"]


def test_neither_apply_nor_destroy_of_an_environment_touches_points(cloud):
    replicate(recovery(), run_options=ONE)
    before = snapshots(cloud, RECOVERY)
    lose = PlanOptions(allow_data_loss=frozenset({"all"}))
    workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[recovery()]), seed=0)
    workflow.apply(workflow.destroy(SHOP, RECOVERY, lose, guards=[recovery()]), seed=0)
    workflow.apply(workflow.destroy(SHOP, PRODUCTION, lose, guards=[recovery()]), seed=0)
    assert snapshots(cloud, RECOVERY) == before
    assert status(recovery()).level == "ok"


def test_a_snapshot_that_somebody_removed_makes_its_point_unrestorable(cloud):
    replicate(recovery(), run_options=ONE)
    gone = snapshots(cloud, RECOVERY)[0]["id"]
    cloud.request(RECOVERY.account, "eu-west-1", "DeleteSnapshot", {"id": gone})
    later(cloud, 0.1)
    found = status(recovery())
    assert found.level == "lost"
    assert [(point.parts, point.volumes, point.restorable) for point in found.points] == [(1, 2, False)]


def test_no_volume_of_a_group_can_be_restored_while_one_is_newer_than_every_point(cloud):
    replicate(recovery(), run_options=ONE)
    db = SHOP.role("db")
    grown = SHOP.with_role(evolve(db, count=3))
    levels = {volume.volume: volume.level for volume in status(recovery(topology=grown)).volumes}
    assert levels == {"volume.db1-data": "lost", "volume.db2-data": "lost", "volume.db3-data": "lost"}


def forgetting(about, entries=lambda entry: True):
    """Somebody removes entries of the ledger."""
    with Connection.to(about.target) as target:
        ledger = Ledger(target, about.ledger)
        for entry in filter(entries, ledger.entries()):
            ledger.remove(entry)


def spoiling(about):
    """Somebody writes into every entry of the ledger what nobody can read."""
    with Connection.to(about.target) as target:
        records = target.provider.records
        for lease in target.leases(about.ledger):
            record = Record(lease.number, to_text(evolve(lease, released=True), "?"))
            target.caller.with_retries(records.write(about.ledger, record))


def writing_anew(about):
    """A newer version has written each entry in a form of its own."""
    with Connection.to(about.target) as target:
        records = target.provider.records
        for lease in target.leases(about.ledger):
            record = Record(lease.number, to_text(evolve(lease, released=True), '{"kind": "point", "v": 99}'))
            target.caller.with_retries(records.write(about.ledger, record))


def test_a_ledger_that_has_lost_all_points_costs_none_of_their_data(cloud):
    assert replicate(recovery(), run_options=ONE).succeeded
    before = snapshots(cloud, RECOVERY)
    forgetting(recovery())
    later(cloud, 1)
    with pytest.raises(PolicyError) as error:
        replicate(recovery(), run_options=ONE)
    (finding,) = error.value.findings
    assert finding.rule == "recovery/ledger-lost"
    assert "shop/recovery+points" in finding.fix
    later(cloud, 1)
    assert snapshots(cloud, RECOVERY) == before


@pytest.mark.parametrize(
    ("change", "advice"),
    [(spoiling, "Remove no data"), (writing_anew, "the version of portinfra that wrote them")],
)
def test_a_ledger_that_cannot_be_read_is_not_called_lost(cloud, change, advice):
    assert replicate(recovery(), run_options=ONE).succeeded
    before = snapshots(cloud, RECOVERY)
    change(recovery())
    later(cloud, 1)
    with pytest.raises(PolicyError) as error:
        replicate(recovery(), run_options=ONE)
    (finding,) = error.value.findings
    assert finding.rule == "recovery/ledger-unreadable"
    assert "cannot be read" in finding.message
    assert advice in finding.fix
    assert "begin anew" not in finding.fix
    later(cloud, 1)
    assert snapshots(cloud, RECOVERY) == before


def test_what_an_entry_speaks_of_that_cannot_be_read_is_not_removed(cloud):
    assert replicate(recovery(), run_options=ONE).succeeded
    before = snapshots(cloud, RECOVERY)
    spoiling(recovery())
    with Connection.to(RECOVERY) as target:  # and a point that is readable, of data that is gone
        Ledger(target, recovery().ledger).add({**manifest("1", "db", 0.0, []), "open": False})
    said = []
    assert replicate(recovery(), now=True, run_options=ONE, say=said.append).succeeded
    assert any("cannot be read" in line for line in said)
    later(cloud, 1)
    assert [copy for copy in before if copy not in snapshots(cloud, RECOVERY)] == []
    assert len(snapshots(cloud, PRODUCTION)) == 4


def test_what_no_entry_speaks_of_goes_when_something_newer_has_come(cloud):
    assert replicate(recovery(), run_options=ONE).succeeded
    old = status(recovery()).points[0].id
    assert replicate(recovery(), now=True, run_options=ONE).succeeded
    forgetting(recovery(), lambda entry: entry.said["id"] == old)
    frozen = recovery(data=[DataPolicy("db", before="false")])
    assert not replicate(frozen, now=True, run_options=ONE).succeeded
    later(cloud, 1)
    assert len(snapshots(cloud, RECOVERY)) == 4
    assert replicate(recovery(), now=True, run_options=ONE).succeeded
    later(cloud, 1)
    assert len(snapshots(cloud, RECOVERY)) == 4
    assert not [copy for copy in snapshots(cloud, RECOVERY) if old in copy["name"]]


def test_a_point_that_lacks_a_volume_is_not_taken_for_new_enough(cloud):
    assert replicate(recovery(), run_options=ONE).succeeded
    grown = SHOP.with_role(evolve(SHOP.role("db"), count=3))
    workflow.apply(workflow.plan(grown, PRODUCTION, guards=[recovery()]), seed=0)
    assert fates(replicate(recovery(topology=grown), run_options=ONE)) == {"db": "carried"}
    assert {volume.level for volume in status(recovery(topology=grown)).volumes} == {"ok"}


def test_age_is_told_against_schedule_and_rpo(cloud):
    replicate(recovery(), run_options=ONE)
    assert status(recovery()).level == "ok"
    later(cloud, 3)
    assert status(recovery()).level == "late"
    later(cloud, 2)
    assert status(recovery()).level == "lost"


def test_data_cannot_leave_an_account_unshared(cloud):
    """The simulator is as strict as a cloud: who may not see a snapshot is not told that it is there."""
    replicate(recovery(), run_options=ONE)
    (id,) = [s["id"] for s in snapshots(cloud, PRODUCTION)][:1]
    assert {s["shared_with"] for s in snapshots(cloud, PRODUCTION)} == {RECOVERY.account}
    stranger = evolve(RECOVERY, account="333333333333")
    with pytest.raises(Exception, match="may see"):
        cloud.request(
            stranger.account,
            "eu-west-1",
            "CopySnapshot",
            {"name": "x", "tags": {}, "source": f"us-east-1/{id}", "key": "k"},
        )


def test_a_volume_with_a_key_of_its_own_has_its_own_in_the_target(cloud):
    db = SHOP.role("db")
    own = SHOP.with_role(evolve(db, volumes=[evolve(db.volumes[0], key="alias/cards")]))
    target = evolve(RECOVERY, keys={"alias/cards": "alias/cards-recovery"})
    assert replicate(recovery(topology=own, target=target), run_options=ONE).succeeded
    assert {copy["key"] for copy in snapshots(cloud, RECOVERY)} == {"alias/cards-recovery"}


def test_points_that_cannot_be_restored_take_no_place_from_those_that_can(cloud):
    about = recovery(data=[DataPolicy("db", keep=2)])
    good = [replicate(about, now=True, run_options=ONE).groups[0].point for _ in range(2)]
    for _ in range(2):
        broken = replicate(about, now=True, run_options=ONE).groups[0].point
        with Connection.to(RECOVERY) as target, target.start_run(about.points, ONE) as run:
            shelf = SnapshotStore(target, run, about.points, target.catalogue(), ONE.listen)
            shelf.change({address: None for address in shelf.snapshots() if id_of(address) == broken})
        good = [point.id for point in status(about).points if point.restorable]
    assert len(good) == 1, "what went wrong is told, and one is left"
    replicate(about, now=True, run_options=ONE)
    assert good[0] in [point.id for point in status(about).points if point.restorable]


def test_of_volumes_in_a_silent_zone_nobody_says_that_they_are_not_there(ready):
    with silent(ready, "us-east-1a"):
        (group,) = replicate(recovery(), now=True, run_options=ONE).groups
    assert group.fate == "failed"
    assert "us-east-1a does not answer" in group.problem
