"""An end that is lost in the middle of a turn, or between two: the other one stands with the newest data that
there is, and whoever comes back is stopped first.
"""

import pytest
from attrs import evolve
from rich.console import Console
from turning import (
    HOW,
    LOST,
    dies_after,
    dies_at,
    dies_between,
    giving_up_dies_before_the_target_is_fenced,
    giving_up_dies_between,
    lost,
    passed_later,
    powers,
    refused,
    rules,
    said,
    silent,
    stuck,
    takes,
)
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, write, written

from portinfra import workflow
from portinfra.errors import PolicyError
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status
from portinfra.render.console.recovery import show_status

# The source is lost.


def test_where_the_source_dies_on_the_way_back_the_target_stands_again_with_the_newest_data(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    stuck("failback", failback)
    with lost(PRODUCTION):
        assert failover(recovery(), LOST).result == "passed"
    assert powers(ready, RECOVERY) == {"running"}
    assert set(written(ready, RECOVERY).values()) == said("a day of orders")
    assert fence(recovery(), run_options=ONE) == 3  # on its return
    assert failback(recovery(rto="9h"), HOW).result == "passed"
    assert set(written(ready, PRODUCTION).values()) == said("a day of orders")


def test_where_the_source_stays_lost_status_names_the_way_to_points_again(ready, capsys):
    about = recovery(source=RECOVERY, target=evolve(PRODUCTION, name="third", account="333333333333"))
    with lost(PRODUCTION, untouched=False):
        assert failover(recovery(), LOST).result == "passed"
        show_status(status(recovery()), Console(width=200))
        assert "If it stays lost, the target stays active." in capsys.readouterr().out
        assert status(about).next_step == "Stop it first: `portinfra dr fence shop`."
        fence(about, run_options=ONE)
        assert replicate(about, now=True, run_options=ONE).succeeded
        assert (status(about).level, status(about).next_step) == ("ok", "")


def test_it_dies_after_giving_up_had_begun_and_the_failover_goes_on(ready):
    write(ready, PRODUCTION, "newer than the point")
    stuck()
    giving_up_dies_before_the_target_is_fenced()
    with lost(PRODUCTION):
        assert failover(recovery(), LOST).result == "passed"
    assert powers(ready, RECOVERY) == {"running"}
    assert len(written(ready, RECOVERY)) == 2


def test_a_failover_that_is_refused_has_changed_nothing_of_one_that_is_being_given_up(ready):
    stuck()
    giving_up_dies_between()
    every = tuple(point.id for point in status(recovery()).points)
    assert refused(failover, recovery(), evolve(LOST, without=every)) == ["recovery/no-point"]
    abandon(recovery(), HOW)
    assert powers(ready, PRODUCTION) == {"running"}


def test_the_downtime_does_not_contain_the_time_that_the_target_stood(ready):
    failover(recovery(), HOW)
    dies_between(verb=failback)
    with lost(PRODUCTION):
        failover(recovery(), LOST)
    passed_later(ready, 7 * 24 * 3600)
    fence(recovery(), run_options=ONE)
    assert failback(recovery(), HOW).rto_measured < 3600


# The target is lost.


def test_where_the_target_dies_the_source_stands_again_and_a_target_that_returns_is_stopped(ready):
    stuck()
    with lost(RECOVERY):
        assert failback(recovery(), LOST).source_fenced is False
    assert powers(ready, PRODUCTION) == {"running"}
    plan = workflow.plan(SHOP, RECOVERY, guards=[recovery()])
    assert [finding.rule for finding in plan.errors] == ["recovery/superseded"]
    assert fence(recovery(), run_options=ONE) == 2
    assert powers(ready, RECOVERY) == {"stopped"}
    assert workflow.plan(SHOP, PRODUCTION, guards=[recovery()]).errors == ()
    found = status(recovery())
    assert (found.turn, found.active_since) == (None, 0)
    assert replicate(recovery(), now=True, run_options=ONE).succeeded
    assert status(recovery()).level == "ok"
    assert failover(recovery(rto="9h"), HOW).result == "passed"


def test_it_dies_on_the_way_back_and_the_source_comes_up_from_what_was_carried(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    dies_after("wave 1", verb=failback)
    with lost(RECOVERY):
        assert failback(recovery(), LOST).result == "passed"
    assert powers(ready, PRODUCTION) == {"running"}
    assert set(written(ready, PRODUCTION).values()) == said("a day of orders")
    assert fence(recovery(), run_options=ONE) == 3
    assert powers(ready, RECOVERY) == {"stopped"}


def test_a_turn_that_was_overtaken_while_its_target_was_lost_is_never_gone_on_with(ready):
    dies_between()  # the source is fenced, and the target has not heard of it
    with lost(RECOVERY):
        failback(recovery(), LOST)
    passed_later(ready, 24 * 3600)
    write(ready, PRODUCTION, "newer")
    with pytest.raises(PolicyError) as error:  # not before the target was told
        replicate(recovery(), now=True, run_options=ONE)
    assert rules(error) == ["recovery/not-fenced"]
    assert fence(recovery(), run_options=ONE) == 0
    assert replicate(recovery(), now=True, run_options=ONE).succeeded
    with lost(PRODUCTION):
        evidence = failover(recovery(), LOST)
    assert (evidence.result, evidence.source_fenced) == ("passed", False)
    assert set(written(ready, RECOVERY).values()) == said("newer")
    told = workflow.plan(SHOP, PRODUCTION, guards=[recovery()]).errors
    assert [finding.rule for finding in told] == ["recovery/superseded"]
    fence(recovery(), run_options=ONE)
    assert powers(ready, PRODUCTION) == {"stopped"}
    assert powers(ready, RECOVERY) == {"running"}


def test_a_target_that_was_not_told_is_stopped_before_anything_else(ready):
    failover(recovery(), HOW)
    with lost(RECOVERY):
        failback(recovery(), LOST)
    for verb in (failback, failover):
        with pytest.raises(PolicyError) as error:
            verb(recovery(), HOW)
        assert "dr fence" in error.value.findings[0].fix
    assert fence(recovery(), run_options=ONE) == 3


def test_it_dies_after_it_took_over_without_the_source_which_stands_above_it_then(ready):
    failover(recovery(), LOST)
    with lost(RECOVERY):
        failback(recovery(), LOST)
    passed_later(ready, 60)
    write(ready, PRODUCTION, "since, in production")
    assert fence(recovery(), run_options=ONE) == 3
    assert powers(ready, PRODUCTION) == {"running"}
    assert powers(ready, RECOVERY) == {"stopped"}


# Who decides last stands.


def test_a_failover_that_is_gone_on_with_is_later_than_who_was_let_in_alone_meanwhile(ready):
    stuck(options=LOST)
    with lost(RECOVERY):
        failback(recovery(), LOST)
    passed_later(ready, 24 * 3600)
    with lost(PRODUCTION):
        assert failover(recovery(rto="99h"), LOST).result == "passed"
    told = workflow.plan(SHOP, PRODUCTION, guards=[recovery()]).errors
    assert [finding.rule for finding in told] == ["recovery/superseded"]
    fence(recovery(), run_options=ONE)
    assert powers(ready, RECOVERY) == {"running"}


def test_who_was_stopped_once_and_is_lost_since_is_not_said_to_be_fenced(ready):
    dies_between()
    with lost(RECOVERY):
        failback(recovery(), LOST)
    passed_later(ready, 24 * 3600)
    with lost(PRODUCTION):
        evidence = failover(recovery(rto="99h"), LOST)
    assert powers(ready, PRODUCTION) == {"running"}
    assert evidence.source_fenced is False
    assert evidence.rpo_measured > 24 * 3600


def test_a_way_back_that_began_without_who_is_left_is_abandoned_for_what_was_written_since(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    dies_at(takes(recovery().source_scope), lambda: failback(recovery(), HOW))
    write(ready, RECOVERY, "a second day")
    with lost(RECOVERY):
        stuck("failback", failback, LOST)
    abandon(recovery().reversed, HOW)
    assert failback(recovery(rto="9h"), HOW).result == "passed"
    assert set(written(ready, PRODUCTION).values()) == said("a second day")


def test_a_target_that_was_given_up_half_way_is_fenced_once_the_source_has_decided_later(ready):
    stuck()
    giving_up_dies_before_the_target_is_fenced()
    with lost(RECOVERY):
        failback(recovery(), LOST)
    passed_later(ready, 60)
    assert fence(recovery(), run_options=ONE) == 2
    assert powers(ready, PRODUCTION) == {"running"}
    assert powers(ready, RECOVERY) == {"stopped"}


def test_a_takeover_that_goes_on_without_the_lost_end_keeps_what_only_that_end_may_have(ready):
    about = recovery(rto="99h", rpo="99h")
    failover(about, evolve(HOW, planned=True))
    write(ready, RECOVERY, "a day of orders")
    failback(about, HOW)

    def die(step):
        if step is Step.FENCE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        failover(about, FailoverOptions(run_options=ONE, from_points=True, at=die))
    with lost(PRODUCTION):
        evidence = failover(about, evolve(LOST, from_points=True))
    assert {ready.read(each.snapshot).decode() for each in evidence.left_aside} == said("a day of orders")


@pytest.mark.parametrize("fenced_before", [False, True], ids=["goes on", "is fenced, then goes on"])
def test_own_data_is_as_old_as_the_decision_that_made_the_other_end_active_meanwhile(ready, fenced_before):
    failover(recovery(), HOW)
    with lost(RECOVERY):
        failback(recovery(), LOST)
    passed_later(ready, 3 * 3600)
    write(ready, PRODUCTION, "three hours of orders")
    with lost(PRODUCTION):
        stuck(options=LOST)  # it does not know that production was active
    if fenced_before:
        fence(recovery(), run_options=ONE)
    evidence = failover(recovery(), HOW)
    assert evidence.source_fenced
    assert evidence.rpo_measured >= 3 * 3600
    assert evidence.both_ran.seconds >= 3 * 3600


def test_both_ends_ran_since_the_first_of_two_takeovers_that_did_not_stop_the_other_end(ready):
    with lost(PRODUCTION):
        failover(recovery(), LOST)
        passed_later(ready, 3 * 3600)
        stuck(options=LOST)
    evidence = failover(recovery(), HOW)
    assert evidence.source_fenced
    assert evidence.both_ran.seconds >= 3 * 3600


def test_own_data_is_as_old_as_the_first_of_two_decisions_that_left_its_end(ready):
    failover(recovery(), HOW)
    passed_later(ready, 3 * 3600)
    with lost(PRODUCTION):
        failover(recovery(), LOST)
    for _ in range(2):
        with lost(PRODUCTION):
            failover(recovery(), LOST)
        fence(recovery(), run_options=ONE)
        passed_later(ready, 3600)
    with lost(RECOVERY):
        evidence = failback(recovery(), LOST)
    assert evidence.rpo_measured >= 5 * 3600


def go_on_without_an_end_that_was_active_since_it_was_stopped(ready):
    stuck()
    with lost(RECOVERY):
        failback(recovery(), LOST)
    with lost(PRODUCTION):
        evidence = stuck(options=LOST)
    passed_later(ready, 3600)
    return evidence


def test_an_end_that_was_active_since_it_was_stopped_is_not_said_to_be_stopped(ready):
    go_on_without_an_end_that_was_active_since_it_was_stopped(ready)
    with silent(ready, "us-east-1a"):
        evidence = failover(recovery(), evolve(HOW, insist=True))
    assert evidence.source_fenced is False


@pytest.mark.parametrize("fenced_before", [False, True], ids=["by the takeover", "by a fence"])
def test_both_ends_ran_until_an_end_that_was_active_since_is_stopped_again(ready, fenced_before):
    evidence = go_on_without_an_end_that_was_active_since_it_was_stopped(ready)
    assert evidence.both_ran is None  # it does not know of that
    if fenced_before:
        fence(recovery(), run_options=ONE)
    assert failover(recovery(), HOW).both_ran.seconds >= 3600
