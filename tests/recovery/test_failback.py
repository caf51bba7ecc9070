"""There is a way back: with what was written since, and never to an end that may still be at work."""

import pytest
from attrs import evolve
from turning import HOW, LOST, powers, rules, said, silent_from, stuck
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, volumes, write, written

from portinfra import workflow
from portinfra.errors import PolicyError, Unavailable
from portinfra.model.recovery import DataPolicy, Wave
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failback, failover


def test_the_way_back_carries_what_was_written_since_and_measures_the_downtime(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "since")
    evidence = failback(recovery(), HOW)
    assert evidence.kind == "failback"
    assert evidence.result == "passed"
    assert evidence.rto_measured > 0
    assert evidence.rpo_measured == 0.0
    assert set(written(ready, PRODUCTION).values()) == said("since")
    assert powers(ready, PRODUCTION) == {"running"}
    assert powers(ready, RECOVERY) == {"stopped"}
    assert workflow.plan(SHOP, PRODUCTION, guards=[recovery()]).empty
    again = failover(recovery(), evolve(HOW, planned=True))
    assert again.result == "passed"


def test_whoever_joins_the_first_host_begins_empty_on_every_turn(ready):
    about = recovery(data=[DataPolicy("db", seed="one")])
    assert replicate(about, now=True, run_options=ONE).succeeded
    places = (RECOVERY, PRODUCTION, RECOVERY)
    turns = (failover, failback, failover)
    before = "ledger"
    for turn, (place, take) in enumerate(zip(places, turns, strict=True)):
        assert take(about, HOW).result == "passed"
        assert written(ready, place) == {
            "volume.db1-data": f"{before} of volume.db1-data",
            "volume.db2-data": "",
        }
        before = f"turn {turn}"
        write(ready, place, before)
        if place is PRODUCTION:
            assert replicate(about, now=True, run_options=ONE).succeeded


def test_who_has_joined_already_stays_as_it_is_when_a_way_back_goes_on(ready):
    passes = [False]
    about = recovery(
        data=[DataPolicy("db", seed="one")],
        waves=[Wave(["db"], gates=lambda inventory: passes[0], limit="2m"), ["web"]],
    )
    assert replicate(about, now=True, run_options=ONE).succeeded
    passes[0] = True
    assert failover(about, HOW).result == "passed"
    passes[0] = False
    assert failback(about, HOW).result == "failed"
    write(ready, PRODUCTION, "joined")
    passes[0] = True
    assert failback(about, HOW).result == "passed"
    assert set(written(ready, PRODUCTION).values()) == said("joined")


def test_protected_volumes_are_given_the_newer_data_all_the_same(ready):
    kept = evolve(SHOP, roles=[evolve(role, deletion_protection=True) for role in SHOP.roles])
    workflow.apply(workflow.plan(kept, PRODUCTION, guards=[recovery()]), seed=0)
    plan = recovery(topology=kept)
    failover(plan, HOW)
    write(ready, RECOVERY, "since")
    assert failback(plan, HOW).result == "passed"
    assert set(written(ready, PRODUCTION).values()) == said("since")


def test_there_is_no_way_back_while_the_source_may_still_be_at_work(ready):
    failover(recovery(), LOST)
    with pytest.raises(PolicyError) as error:
        failback(recovery(), HOW)
    assert rules(error) == ["recovery/not-fenced"]
    assert set(volumes(PRODUCTION)) == {"volume.db1-data", "volume.db2-data"}


def test_there_is_no_way_back_to_hosts_that_run_whatever_their_claim_says(ready):
    with silent_from(ready, "fencing", "us-east-1a", "us-east-1b") as say:
        with pytest.raises(Unavailable):
            failover(recovery(), HOW, say=say)  # the fence stands in the claim, and nobody has stopped
        assert failover(recovery(), LOST).source_fenced is False
        with pytest.raises(PolicyError, match="us-east-1a"):
            failback(recovery(), HOW)
    with pytest.raises(PolicyError) as error:
        failback(recovery(), HOW)
    assert rules(error) == ["recovery/not-fenced"]
    assert fence(recovery(), run_options=ONE) == 3
    assert failback(recovery(), HOW).result == "passed"


def test_there_is_no_way_back_from_a_target_that_has_not_come_up_whole(ready):
    write(ready, PRODUCTION, "newer than the point")
    stuck()
    with pytest.raises(PolicyError) as caught:
        failback(recovery(), HOW)
    assert rules(caught) == ["recovery/failover-under-way"]
    assert "newer than the point of volume.db1-data" in written(ready, PRODUCTION).values()
    assert failover(recovery(), HOW).result == "passed"
    assert failback(recovery(), HOW).result == "passed"


def test_there_is_no_way_back_where_nothing_has_taken_over(ready):
    with pytest.raises(PolicyError) as error:
        failback(recovery(), HOW)
    assert rules(error) == ["recovery/source-stands"]
