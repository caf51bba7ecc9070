"""Whoever decides later stands above all that was, and a turn that was overtaken is not gone on with."""

import pytest
from attrs import evolve
from turning import HOW, LATER, LOST, before, dies_after, passed_later, powers, rules, said, stuck, unpassed
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, write, written

from portinfra import workflow
from portinfra.errors import PolicyError
from portinfra.execution.connection import Connection
from portinfra.model.plan import PlanOptions
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.takeovers import list_takeovers
from portinfra.recovery.ledger.takeovers import record_takeover as noted
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status

# Epochs only rise.


def test_a_target_that_was_destroyed_in_between_stands_above_all_that_was(ready):
    failover(recovery(), HOW)
    assert failback(unpassed("failback"), HOW).result == "failed"
    abandon(recovery().reversed, HOW)
    failback(recovery(), HOW)
    lose_all = PlanOptions(allow_data_loss=frozenset({"all"}))
    workflow.apply(workflow.destroy(SHOP, RECOVERY, lose_all, guards=[recovery()]), seed=0)
    passed_later(ready, 9000)
    assert replicate(recovery(), run_options=ONE).succeeded
    assert failover(recovery(), LOST).result == "passed"
    plan = workflow.plan(SHOP, PRODUCTION, guards=[recovery()])
    assert [finding.rule for finding in plan.errors] == ["recovery/superseded"]
    assert fence(recovery(), run_options=ONE) == 3


def test_one_that_began_without_the_source_rises_above_it_when_it_is_there_after_all(ready):
    dies_after("production is lost", options=LOST)
    assert failback(recovery(), LOST).rpo_measured is None  # recovery may have been active
    fence(recovery(), run_options=ONE)  # recovery does not know yet that production decided later
    assert failover(recovery(), HOW).result == "passed"
    now = read_facts(recovery())
    assert (now.active, now.is_calm) == ("target", True)
    assert powers(ready, PRODUCTION) == {"stopped"}


# What passes between.


def test_a_failover_that_the_turn_has_passed_by_is_not_resumed(ready):
    first = stuck()
    assert failback(recovery(), LOST).result == "passed"
    fence(recovery(), run_options=ONE)
    assert replicate(evolve(recovery()), now=True, stopped=True, run_options=ONE).succeeded
    evidence = failover(recovery(), HOW)
    assert evidence.result == "passed"
    assert evidence.id != first.id
    assert evidence.points != first.points


def test_a_way_back_that_another_turn_has_overtaken_begins_anew(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "day one")
    assert failback(unpassed("failback", rto="9h"), HOW).result == "failed"
    failover(recovery(), LOST)
    write(ready, RECOVERY, "day two")
    assert status(recovery()).turn is None
    with pytest.raises(PolicyError):  # its hosts run since the way back that failed
        failback(recovery(), HOW)
    fence(recovery(), run_options=ONE)
    evidence = failback(recovery(rto="9h"), HOW)
    assert evidence.rpo_measured == 0.0
    assert set(written(ready, PRODUCTION).values()) == said("day two")


def test_one_that_was_given_up_while_it_waited_for_the_source_does_not_go_on(ready):
    def given_up():
        with Connection.to(RECOVERY) as target:  # as another machine would, that took this one for dead
            ledger = Ledger.after_settling(target, recovery().ledger)
            (turn,) = list_takeovers(ledger.entries())
            noted(ledger, evolve(turn, abandoned=LATER, open=False))

    with pytest.raises(PolicyError) as error:
        failover(recovery(), before(Step.RECORD_FENCE, given_up))
    assert rules(error) == ["recovery/passed-on"]
    assert powers(ready, RECOVERY) == set()


def test_a_target_that_somebody_has_fenced_meanwhile_is_not_let_in_again(ready):
    def fenced():
        with Connection.to(RECOVERY) as target, target.start_run(recovery().target_scope, ONE) as run:
            run.record_fence(epoch=LATER, fenced=True)

    with pytest.raises(PolicyError) as error:
        failover(recovery(), before(Step.FETCH, fenced))
    assert rules(error) == ["recovery/passed-on"]
    assert powers(ready, RECOVERY) == set()
