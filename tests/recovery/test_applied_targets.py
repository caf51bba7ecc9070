"""Law: whatever a first takeover replaces of a target that was applied before is named, and kept."""

import pytest
from attrs import evolve
from turning import HOW, LOST, before, lost, switch_by_hand
from worlds import PRODUCTION, RECOVERY, SHOP, recovery, write

from portinfra import workflow
from portinfra.model.plan import PlanOptions
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.testing.faults import Crash

BOTH = ["db1-data", "db2-data"]
WHY = "hosts of recovery may have written there before any takeover to it was complete"


def apply_target(options=None):
    workflow.apply(workflow.plan(SHOP, RECOVERY, options, guards=[recovery()]), seed=0)


def foreseen(options=HOW):
    found = make_forecast(recovery(), options).findings
    return [each.message for each in found if each.rule == "recovery/overwrites-data"]


def kept_texts(cloud, evidence):
    return {cloud.read(each.snapshot).decode() for each in evidence.left_aside}


@pytest.fixture
def applied(ready):
    """The target was applied, and its hosts have written."""
    apply_target()
    write(ready, RECOVERY, "a release test")
    return ready


@pytest.mark.parametrize("options", [HOW, evolve(HOW, planned=True)], ids=["unplanned", "planned"])
def test_it_names_and_keeps_what_hosts_of_the_target_wrote_before_it(applied, options):
    assert foreseen(options) == [f"{WHY}: the takeover replaces db1-data, db2-data"]
    evidence = failover(recovery(), options)
    assert evidence.result == "passed"
    assert kept_texts(applied, evidence) == {f"a release test of volume.{name}" for name in BOTH}


def test_it_keeps_them_where_their_hosts_are_off(applied):
    switch_by_hand(applied, RECOVERY, "StopInstance")
    assert [each.volume for each in failover(recovery(), HOW).left_aside] == BOTH


def test_it_keeps_them_where_the_source_is_lost(applied):
    with lost(PRODUCTION):
        assert foreseen(LOST) == [f"{WHY}: the takeover replaces db1-data, db2-data"]
        assert [each.volume for each in failover(recovery(), LOST).left_aside] == BOTH


def test_it_keeps_them_where_an_earlier_run_of_it_died(applied):
    def die():
        raise Crash

    with pytest.raises(Crash):
        failover(recovery(), before(Step.BRING_UP, die))
    assert foreseen() == [f"{WHY}: the takeover replaces db1-data, db2-data"]
    evidence = failover(recovery(), HOW)
    assert kept_texts(applied, evidence) == {f"a release test of volume.{name}" for name in BOTH}


def test_it_keeps_nothing_where_the_target_has_no_volumes_of_the_waves(ready):
    apply_target(PlanOptions(only=frozenset({"web"})))
    assert foreseen() == []
    assert failover(recovery(), HOW).left_aside == ()


def test_it_names_and_keeps_what_a_person_applied_while_an_earlier_run_of_it_was_dead(ready):
    def die():
        raise Crash

    with pytest.raises(Crash):
        failover(recovery(), before(Step.FETCH, die))
    workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[]), seed=0)  # as `--without-peer`
    write(ready, RECOVERY, "by hand")
    assert foreseen() == [f"{WHY}: the takeover replaces db1-data, db2-data"]
    assert kept_texts(ready, failover(recovery(), HOW)) == {f"by hand of volume.{name}" for name in BOTH}


def test_a_first_takeover_that_is_continued_keeps_nothing_that_it_made_itself(ready):
    def die():
        raise Crash

    with pytest.raises(Crash):
        failover(recovery(), before(Step.COMPLETE, die))
    assert failover(recovery(), HOW).left_aside == ()
