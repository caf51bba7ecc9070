"""Which data comes back: of the points that a turn began with, never of what another turn has left there."""

import pytest
from attrs import evolve
from turning import HOW, LOST, before, dies_after, dies_at, passed_later, rules, said, silent, unpassed
from worlds import ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra.errors import PolicyError, PortinfraError
from portinfra.execution.connection import Connection
from portinfra.model.recovery import DataPolicy, Wave
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.points.snapshot_store import SnapshotStore
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.testing.call_wrapper import wrap_calls

# Which points.


def test_it_sticks_to_the_points_that_it_began_with(ready):
    answers = [False]
    plan = recovery(waves=[Wave(["db"], gates=lambda inventory: answers[0], limit="1m"), ["web"]])
    began = failover(plan, HOW)
    replicate(recovery(), now=True, stopped=True, run_options=ONE)
    answers[0] = True
    assert failover(plan, HOW).points == began.points


def test_one_that_died_before_the_source_was_stopped_can_still_carry_a_last_point(ready):
    dies_after("fencing")
    passed_later(ready, 40 * 60)
    write(ready, PRODUCTION, "newer")
    evidence = failover(recovery(), evolve(HOW, planned=True))
    assert set(written(ready, RECOVERY).values()) == said("newer")
    assert evidence.rpo_measured == 0.0


def test_data_is_as_old_as_it_was_when_the_source_was_stopped(ready):
    dies_after("fencing")
    passed_later(ready, 40 * 60)
    evidence = failover(recovery(rpo="10m"), HOW)
    assert evidence.rpo_measured > 40 * 60
    assert evidence.result == "failed"
    assert "rpo" in evidence.reasons[0]


def test_retention_takes_nothing_from_one_that_has_begun(ready):
    plan = recovery(data=[DataPolicy("db", keep=1)], rto="9h")
    dies_after("fencing", plan)
    passed_later(ready, 3 * 3600)
    with pytest.raises(PolicyError) as error:
        replicate(plan, run_options=ONE)
    assert rules(error) == ["recovery/failover-under-way"]
    assert failover(plan, HOW).result == "passed"

    failback(plan, HOW)
    older = evolve(LOST, from_points=True)
    dies_after("wave 1", plan, older)  # the points are agreed upon, and nothing has come of it
    with pytest.raises(PolicyError) as error:
        replicate(plan, now=True, run_options=ONE)
    assert rules(error) == ["recovery/failover-under-way"]
    assert failover(plan, older).result == "passed"


def test_a_point_that_is_left_aside_is_not_used(ready):
    write(ready, PRODUCTION, "damaged")
    passed_later(ready, 60)
    made = replicate(recovery(), now=True, run_options=ONE)
    evidence = failover(recovery(), evolve(LOST, without=(made.groups[0].point,)))
    assert [point.id for point in evidence.points] != [made.groups[0].point]
    assert set(written(ready, RECOVERY).values()) == said("ledger")


def test_one_that_was_planned_stays_so_however_it_is_gone_on_with(ready):
    write(ready, PRODUCTION, "last words")
    dies_at("CreateSnapshot", lambda: failover(recovery(), evolve(HOW, planned=True)))
    evidence = failover(recovery(), HOW)
    assert set(written(ready, RECOVERY).values()) == said("last words")
    assert evidence.rpo_measured == 0.0


def test_one_that_was_planned_goes_on_without_a_last_point_where_the_source_is_lost_meanwhile(ready):
    dies_after("fencing", options=evolve(HOW, planned=True))
    asked = []

    def hand(provider, call):
        asked.append(provider.account)
        return provider.perform(call)

    with wrap_calls("fake", hand):
        assert failover(recovery(), LOST).result == "passed"
    assert set(asked) == {RECOVERY.account}
    assert set(written(ready, RECOVERY).values()) == said("ledger")


# What was written in an earlier turn is not taken for what a point holds.


def test_what_an_abandoned_turn_wrote_does_not_come_back_with_the_next(ready):
    assert failover(unpassed("failover"), HOW).result == "failed"
    write(ready, RECOVERY, "of the abandoned turn")
    abandon(recovery(), HOW)
    assert failover(recovery(), HOW).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("ledger")


def test_a_target_that_stood_before_gets_the_data_of_the_point_once_more(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "of its first turn")
    assert failback(recovery(), HOW).result == "passed"
    write(ready, PRODUCTION, "newer")
    assert replicate(recovery(), now=True, run_options=ONE).succeeded
    assert failover(recovery(), LOST).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("newer")


def test_a_point_that_arrives_before_it_has_the_lease_is_used(ready):
    write(ready, PRODUCTION, "later")

    def arrives():
        assert replicate(recovery(), now=True, stopped=True, run_options=ONE).succeeded

    assert failover(recovery(), before(Step.FETCH, arrives)).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("later")


# What is gone, or not seen, is not taken for brought back.


def remove_all_points():
    """Another operator removes every point."""
    about = recovery()
    with Connection.to(RECOVERY) as target, target.start_run(about.points, ONE) as run:
        store = SnapshotStore(target, run, about.points, target.catalogue(), ONE.listen)
        store.change(dict.fromkeys(store.snapshots()))


def test_a_point_that_is_removed_meanwhile_brings_up_nothing_blank(ready):
    evidence = drill(
        recovery(),
        run_options=ONE,
        say=lambda line: remove_all_points() if line.startswith("drill ") else None,
    )
    assert (evidence.result, "others deleted it" in evidence.reasons[0]) == ("failed", True)
    assert replicate(recovery(), now=True, run_options=ONE).succeeded
    with pytest.raises(PortinfraError, match="others deleted it"):
        failover(recovery(), before(Step.FETCH, remove_all_points, LOST))
    assert set(written(ready, RECOVERY)) == set()


def test_what_is_not_seen_is_not_taken_for_brought_back(ready):
    assert failover(unpassed("failover"), HOW).result == "failed"
    write(ready, RECOVERY, "of the abandoned turn")
    abandon(recovery(), HOW)
    dies_at("StopInstance", lambda: failover(recovery(), HOW))  # else it is refused before it begins
    passed_later(ready, 700)
    with silent(ready, "eu-west-1a", "eu-west-1b", "eu-west-1c"):
        evidence = failover(recovery(), HOW)
    assert evidence.result == "failed"
    assert "not answer" in evidence.reasons[0]
    assert failover(recovery(), HOW).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("ledger")
