"""A turn that is cut short, raced for, or gone on with by somebody who was told otherwise: it holds."""

from unittest import mock

import pytest
from attrs import evolve
from turning import (
    HOW,
    LATER,
    LOST,
    Died,
    dies_before,
    lost,
    passed_later,
    powers,
    rules,
    said,
    silent,
    stuck,
    unpassed,
)
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, write, written

from portinfra import workflow
from portinfra.errors import ClaimedError, PolicyError, PortinfraError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.model.plan import PlanOptions
from portinfra.model.recovery import Action, DataPolicy, Wave
from portinfra.recovery import abandon as giving_up
from portinfra.recovery import drill as drilling
from portinfra.recovery import failover as failing
from portinfra.recovery.abandon import abandon, stand_alone
from portinfra.recovery.drill import choose, drill
from portinfra.recovery.failback import failback
from portinfra.recovery.failover import failover
from portinfra.recovery.fencing import fence, standing
from portinfra.recovery.ledger import Ledger
from portinfra.recovery.replicate import replicate
from portinfra.recovery.shelf import Shelf
from portinfra.recovery.status import status
from portinfra.recovery.turn import turns
from portinfra.recovery.turn import written as noted
from portinfra.testing.wrapped import wrapped

# A fence holds, or it is not said to.


def test_a_source_with_a_silent_zone_is_not_taken_for_stopped_however_often_it_is_tried(ready):
    with silent(ready, "us-east-1b"):
        for _ in range(3):
            with pytest.raises(Unavailable, match="us-east-1b") as error:
                failover(recovery(), HOW)
            assert "--source-is-lost" in error.value.fix
    assert powers(ready, RECOVERY) == set()
    hosts = {
        r["name"].split("-")[-2]: r["state"]
        for r in ready.books(PRODUCTION.account)
        if "instance" in r["kind"]
    }
    assert hosts == {"db1": "stopped", "web1": "stopped", "db2": "running"}, "what answers is stopped"
    assert failover(recovery(), HOW).source_fenced is True
    assert powers(ready, PRODUCTION) == {"stopped"}


def test_a_fence_of_a_source_that_came_back_in_part_says_what_is_missing(ready):
    failover(recovery(), LOST)
    with silent(ready, "us-east-1b"):
        for _ in range(2):
            with pytest.raises(Unavailable, match="us-east-1b"):
                fence(recovery(), pace=ONE)
    assert fence(recovery(), pace=ONE) == 3


def test_a_fenced_host_is_not_made_anew(ready):
    failover(recovery(), HOW)
    asked = PlanOptions(replace=frozenset({"instance.db1"}))
    plan = workflow.plan(SHOP, PRODUCTION, asked)
    assert [finding.rule for finding in plan.errors] == ["recovery/fenced-host"]
    other = SHOP.with_role(evolve(SHOP.role("db"), image="ubuntu-24.04"))
    plan = workflow.plan(other, PRODUCTION, PlanOptions(refresh_images=True))
    assert [finding.rule for finding in plan.findings].count("recovery/fenced-host") == 2
    assert plan.errors == ()
    workflow.apply(plan, seed=0)
    assert powers(ready, PRODUCTION, after=0) == {"stopped"}
    failback(recovery(topology=other), HOW)
    assert powers(ready, PRODUCTION) == {"running"}


# Epochs only rise.


def test_a_target_that_was_destroyed_in_between_stands_above_all_that_was(ready):
    failover(recovery(), HOW)
    assert failback(unpassed("failback"), HOW).result == "failed"
    abandon(recovery().turned, pace=ONE)
    failback(recovery(), HOW)
    lose_all = PlanOptions(allow_data_loss=frozenset({"all"}))
    workflow.apply(workflow.destroy(SHOP, RECOVERY, lose_all), seed=0)
    passed_later(ready, 9000)
    assert replicate(recovery(), pace=ONE).succeeded
    assert failover(recovery(), LOST).result == "passed"
    plan = workflow.plan(SHOP, PRODUCTION, peers=[RECOVERY])
    assert [finding.rule for finding in plan.errors] == ["recovery/superseded"]
    assert fence(recovery(), pace=ONE) == 3


def test_one_that_began_without_the_source_rises_above_it_when_it_is_there_after_all(ready):
    with Connection.to(PRODUCTION) as source, source.run(recovery().source_scope, seed=0) as run:
        run.declare(epoch=LATER, fenced=False)
    dies_before("_chosen", recovery(), LOST)
    assert failover(recovery(), HOW).result == "passed"
    with Connection.to(PRODUCTION) as source, Connection.to(RECOVERY) as target:
        here = standing(source, recovery().source_scope)
        there = standing(target, recovery().target_scope)
    assert there.has_taken_over_from(here)
    assert powers(ready, PRODUCTION) == {"stopped"}


# Two at the same time.


def test_of_two_who_begin_at_the_same_time_one_is_refused(ready):
    refused = []
    add = Ledger.add

    def meanwhile(self, entry):
        with pytest.raises(ClaimedError) as error:
            failover(recovery(), HOW)
        refused.append(error.value)
        return add(self, entry)

    with mock.patch.object(Ledger, "add", meanwhile):
        assert failover(recovery(), HOW).result == "passed"
    assert len(refused) == 2  # as it begins, and as it is up
    assert status(recovery()).turn is None


def test_a_start_that_lost_a_race_is_no_turn(ready):
    failover(recovery(), HOW)
    with Connection.to(RECOVERY) as target:
        ledger = Ledger(target, recovery().ledger)
        (done,) = turns(ledger.entries())
        noted(ledger, evolve(done, id="other", open=True, number=0))
    write(ready, RECOVERY, "a day of orders")
    assert status(recovery()).turn is None
    with pytest.raises(PolicyError) as error:
        failover(recovery(), evolve(HOW, last_point=True))
    assert rules(error) == ["recovery/stands-already"]
    assert failback(recovery(), HOW).result == "passed"
    assert set(written(ready, PRODUCTION).values()) == said("a day of orders")


# Which data comes back.


def test_one_that_died_before_the_source_was_stopped_uses_what_was_carried_since(ready):
    dies_before("_fenced", recovery())
    passed_later(ready, 40 * 60)
    write(ready, PRODUCTION, "newer")
    assert replicate(recovery(), now=True, pace=ONE).succeeded
    evidence = failover(recovery(), HOW)
    assert set(written(ready, RECOVERY).values()) == said("newer")
    assert evidence.rpo_measured < 600


def test_data_is_as_old_as_it_was_when_the_source_was_stopped(ready):
    dies_before("_fenced", recovery())
    passed_later(ready, 40 * 60)
    evidence = failover(recovery(rpo="10m"), HOW)
    assert evidence.rpo_measured > 40 * 60
    assert evidence.result == "failed"
    assert "rpo" in evidence.reasons[0]


def test_retention_takes_nothing_from_one_that_has_begun(ready):
    plan = recovery(data=[DataPolicy("db", retention=1)], rto="9h")
    dies_before("_fenced", plan)
    passed_later(ready, 3 * 3600)
    assert replicate(plan, pace=ONE).succeeded
    assert failover(plan, HOW).result == "passed"

    failback(plan, HOW)
    older = evolve(LOST, older_data=True)
    with mock.patch.object(failing, "Ascent", side_effect=Died), pytest.raises(Died):
        failover(plan, older)  # the points are agreed upon, and nothing has come of it
    with pytest.raises(PolicyError) as error:
        replicate(plan, now=True, pace=ONE)
    assert rules(error)[0] in ("recovery/failover-under-way", "recovery/source-waits")
    assert failover(plan, older).result == "passed"


def test_a_point_that_is_left_aside_is_not_used(ready):
    write(ready, PRODUCTION, "damaged")
    passed_later(ready, 60)
    made = replicate(recovery(), now=True, pace=ONE)
    evidence = failover(recovery(), evolve(LOST, without=(made.groups[0].point,)))
    assert [point.id for point in evidence.points] != [made.groups[0].point]
    assert set(written(ready, RECOVERY).values()) == said("ledger")


def test_one_that_was_planned_stays_so_however_it_is_gone_on_with(ready):
    write(ready, PRODUCTION, "last words")
    dies_before("_last_point", recovery(), evolve(HOW, last_point=True))
    evidence = failover(recovery(), HOW)
    assert set(written(ready, RECOVERY).values()) == said("last words")
    assert evidence.rpo_measured == 0.0


def test_one_that_was_planned_goes_on_without_a_last_point_where_the_source_is_lost_meanwhile(ready):
    dies_before("_fenced", recovery(), evolve(HOW, last_point=True))
    asked = []

    def hand(provider, call):
        asked.append(provider.account)
        return provider.perform(call)

    with wrapped("fake", hand):
        assert failover(recovery(), LOST).result == "passed"
    assert set(asked) == {RECOVERY.account}
    assert set(written(ready, RECOVERY).values()) == said("ledger")


# Going on.


def test_a_way_back_is_gone_on_with_whatever_hooks_would_say_of_hosts_that_are_off(ready):
    def freeze(inventory):
        return all(host["power"] == "running" for host in inventory["hosts"])

    more = {"data": [DataPolicy("db", before=freeze)], "rto": "9h"}
    failover(recovery(**more), HOW)
    write(ready, RECOVERY, "newer")
    assert failback(unpassed("failback", **more), HOW).result == "failed"
    passed_later(ready, 2 * 3600)
    assert failback(recovery(**more), HOW).result == "passed"
    assert set(written(ready, PRODUCTION).values()) == said("newer")


def test_an_action_is_done_once(ready):
    done, answers = [], [False]
    action = Action("promote", lambda inventory: done.append("promoted"), on="failover", after="db")
    waves = [["db"], Wave(["web"], gates=lambda inventory: answers[0], limit="10s")]
    plan = recovery(waves=waves, actions=action)
    assert failover(plan, HOW).result == "failed"
    answers[0] = True
    assert failover(plan, HOW).result == "passed"
    assert done == ["promoted"]


def test_names_that_could_not_be_changed_are_told_of_and_tried_again(ready):
    answers = [RuntimeError("no answer"), None]
    told = []

    def dns(hosts):
        told.append(hosts)
        if (answer := answers.pop(0)) is not None:
            raise answer

    plan = recovery(target=evolve(RECOVERY, dns=dns))
    evidence = failover(plan, HOW)
    assert evidence.result == "failed"
    assert "no answer" in evidence.reasons[0]
    assert status(plan).turn
    assert failover(plan, HOW).result == "passed"
    assert len(told) == 2
    assert status(plan).turn is None


# What was written in an earlier turn is not taken for what a point holds.


def test_what_an_abandoned_turn_wrote_does_not_come_back_with_the_next(ready):
    assert failover(unpassed("failover"), HOW).result == "failed"
    write(ready, RECOVERY, "of the abandoned turn")
    abandon(recovery(), pace=ONE)
    assert failover(recovery(), HOW).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("ledger")


def test_a_target_that_stood_before_gets_the_data_of_the_point_once_more(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "of its first turn")
    assert failback(recovery(), HOW).result == "passed"
    write(ready, PRODUCTION, "newer")
    assert replicate(recovery(), now=True, pace=ONE).succeeded
    assert failover(recovery(), LOST).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("newer")


def test_what_was_written_since_a_wave_came_up_is_kept_when_it_is_gone_on_with(ready):
    assert failover(unpassed("failover"), HOW).result == "failed"
    write(ready, RECOVERY, "since")
    assert failover(recovery(), HOW).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("since")


def test_there_is_no_way_back_to_hosts_that_run_whatever_their_claim_says(ready):
    with silent(ready, "us-east-1a", "us-east-1b"):
        with pytest.raises(Unavailable):
            failover(recovery(), HOW)  # the fence stands in the claim, and nobody has stopped
        assert failover(recovery(), LOST).source_fenced is False
        with pytest.raises(Unavailable, match="us-east-1a"):
            failback(recovery(), HOW)
    with pytest.raises(PolicyError) as error:
        failback(recovery(), HOW)
    assert rules(error) == ["recovery/not-fenced"]
    assert fence(recovery(), pace=ONE) == 3
    assert failback(recovery(), HOW).result == "passed"


def test_a_way_back_that_is_not_done_is_told_of_and_not_passed_over(ready):
    failover(recovery(), HOW)
    assert failback(unpassed("failback"), HOW).result == "failed"
    found = status(recovery())
    assert (found.level, bool(found.turn)) == ("late", True)
    with pytest.raises(PolicyError) as error:
        failover(recovery(), HOW)
    assert rules(error) == ["recovery/failback-under-way"]
    assert failback(recovery(), HOW).result == "passed"
    assert status(recovery()).level == "ok"


def test_status_is_told_though_the_source_is_silent(ready):
    with lost(PRODUCTION, untouched=False):
        assert status(recovery()).level == "ok"


def test_of_volumes_in_a_silent_zone_nobody_says_that_they_are_not_there(ready):
    with silent(ready, "us-east-1a"):
        (group,) = replicate(recovery(), now=True, pace=ONE).groups
    assert group.fate == "failed"
    assert "us-east-1a does not answer" in group.problem


# What passes between, and what is not seen.


def test_a_way_back_that_another_turn_has_overtaken_begins_anew(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "day one")
    assert failback(unpassed("failback", rto="9h"), HOW).result == "failed"
    stand_alone(recovery().turned, pace=ONE)
    write(ready, RECOVERY, "day two")
    assert status(recovery()).turn is None
    with pytest.raises(PolicyError):  # its hosts run since the way back that failed
        failback(recovery(), HOW)
    fence(recovery(), pace=ONE)
    evidence = failback(recovery(rto="9h"), HOW)
    assert evidence.rpo_measured == 0.0
    assert set(written(ready, PRODUCTION).values()) == said("day two")


def losing(looks):
    """A choice after which, at the last of so many looks, somebody else removes every point."""
    left = [looks]

    def chosen(about, target, ledger, *more):
        found = choose(about, target, ledger, *more)
        left[0] -= 1
        if not left[0]:
            with target.run(about.points, seed=0) as run:
                shelf = Shelf(target, run, about.points, target.catalogue(), ONE.listen)
                shelf.bring(dict.fromkeys(shelf.snapshots()))
        return found

    return chosen


def test_a_point_that_is_removed_meanwhile_brings_up_nothing_blank(ready):
    with mock.patch.object(drilling, "choose", losing(1)):
        evidence = drill(recovery(), pace=ONE)
    assert (evidence.result, "removed meanwhile" in evidence.reasons[0]) == ("failed", True)
    assert replicate(recovery(), now=True, pace=ONE).succeeded
    with (
        mock.patch.object(failing, "choose", losing(2)),
        pytest.raises(PortinfraError, match="removed meanwhile"),
    ):
        failover(recovery(), LOST)
    assert set(written(ready, RECOVERY)) == set()


def test_what_is_not_seen_is_not_taken_for_brought_back(ready):
    assert failover(unpassed("failover"), HOW).result == "failed"
    write(ready, RECOVERY, "of the abandoned turn")
    abandon(recovery(), pace=ONE)
    with silent(ready, "eu-west-1a", "eu-west-1b", "eu-west-1c"):
        evidence = failover(recovery(), HOW)
    assert evidence.result == "failed"
    assert "does not answer" in evidence.reasons[0]
    assert failover(recovery(), HOW).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("ledger")


def test_one_that_was_given_up_while_it_waited_for_the_source_does_not_go_on(ready):
    def given_up(*given):
        with Connection.to(RECOVERY) as target:  # as another machine would, that took this one for dead
            ledger = Ledger.settled(target, recovery().ledger)
            (turn,) = turns(ledger.entries())
            noted(ledger, evolve(turn, abandoned=LATER, open=False))
        return 0

    with mock.patch.object(failing, "switched", given_up), pytest.raises(PolicyError) as error:
        failover(recovery(), HOW)
    assert rules(error) == ["recovery/passed-on"]
    assert powers(ready, RECOVERY) == set()


def test_a_target_that_somebody_has_fenced_meanwhile_is_not_let_in_again(ready):
    def fenced(*given):
        with Connection.to(RECOVERY) as target, target.run(recovery().target_scope, seed=0) as run:
            run.declare(epoch=LATER, fenced=True)

    with mock.patch.object(failing, "receive", fenced), pytest.raises(PolicyError) as error:
        failover(recovery(), HOW)
    assert rules(error) == ["recovery/passed-on"]
    assert powers(ready, RECOVERY) == set()


def test_waves_that_were_changed_meanwhile_cost_nothing_that_was_written_since(ready):
    assert failover(unpassed("failover"), HOW).result == "failed"
    write(ready, RECOVERY, "since")
    assert failover(recovery(waves=[["web"], ["db"]]), HOW).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("since")


def test_actions_are_done_again_on_other_data(ready):
    passed_later(ready, 60)
    newest = replicate(recovery(), now=True, pace=ONE).groups[0].point
    done, answers = [], [False]
    action = Action("promote", lambda inventory: done.append("promoted"), on="failover", after="db")
    waves = [["db"], Wave(["web"], gates=lambda inventory: answers[0], limit="10s")]
    plan = recovery(waves=waves, actions=action)
    assert failover(plan, HOW).result == "failed"
    answers[0] = True
    assert failover(plan, evolve(HOW, without=(newest,))).result == "passed"
    assert done == ["promoted", "promoted"]


def test_a_fenced_environment_keeps_the_address_of_a_host_that_is_gone(ready):
    failover(recovery(), HOW)
    host = next(r for r in ready.books(PRODUCTION.account) if r["kind"] == "instance" and "web1" in r["name"])
    ready.request(PRODUCTION.account, "us-east-1", "DeleteInstance", {"id": host["id"]})
    passed_later(ready, 600)
    plan = workflow.plan(SHOP, PRODUCTION)
    assert "delete" not in {change.action for change in plan.changes}


def test_one_that_was_to_be_given_up_goes_ahead_where_the_source_is_lost_for_good(ready):
    stuck()
    with mock.patch.object(giving_up, "switched", side_effect=Died), pytest.raises(Died):
        abandon(recovery(), pace=ONE)
    with lost(PRODUCTION, untouched=False):
        with pytest.raises(PolicyError) as error:
            failover(recovery(), HOW)
        assert rules(error) == ["recovery/being-abandoned"]
        assert failover(recovery(), LOST).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("ledger")
