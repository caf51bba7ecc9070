"""An end that is lost in the middle of a turn, or between two: the other one stands with the newest data that
there is, and whoever comes back is stopped first.
"""

from contextlib import suppress
from unittest import mock

import pytest
from attrs import evolve
from turning import (
    HOW,
    LOST,
    Died,
    dies_before,
    giving_up_dies_between,
    lost,
    newer_data_is_kept,
    passed_later,
    powers,
    refused,
    rules,
    said,
    silent,
    stuck,
)
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, TWO, WAVES, recovery, write, written

from portinfra import workflow
from portinfra.errors import PolicyError, Unavailable
from portinfra.model.recovery import DataPolicy, Wave
from portinfra.recovery import abandon as giving_up
from portinfra.recovery import failover as failing
from portinfra.recovery.abandon import abandon, stand_alone
from portinfra.recovery.failback import failback
from portinfra.recovery.failover import failover
from portinfra.recovery.fencing import fence
from portinfra.recovery.replicate import replicate
from portinfra.recovery.shelf import Shelf
from portinfra.recovery.status import status
from portinfra.testing.conformance.sweep import Crashes
from portinfra.testing.fake import plugin
from portinfra.testing.wrapped import wrapped

# Older data never takes the place of newer data unasked.


def test_the_last_point_of_a_planned_failover_is_older_than_what_was_written_after_it(ready):
    failover(recovery(), evolve(HOW, last_point=True))
    write(ready, RECOVERY, "a day of orders")
    stuck("failback", failback)
    newer_data_is_kept(ready)


def test_so_is_a_point_that_was_carried_after_the_failover_had_begun(ready):
    dies_before("_fenced")
    passed_later(ready, 60)
    assert replicate(recovery(), now=True, pace=ONE).succeeded
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    stuck("failback", failback)
    newer_data_is_kept(ready)


def test_it_is_asked_of_a_turn_that_had_begun_while_the_source_still_answered_in_part(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    assert failback(recovery(), HOW).result == "passed"
    with silent(ready, "us-east-1b"), pytest.raises(Unavailable) as error:
        failover(recovery(), HOW)
    assert "--source-is-lost" in error.value.fix
    assert "--abandon" in error.value.fix
    newer_data_is_kept(ready)


def test_volumes_of_silent_zones_may_hold_newer_data(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    stuck("failback", failback)
    with silent(ready, "eu-west-1a", "eu-west-1b", "eu-west-1c"), lost(PRODUCTION):
        assert refused(failover, recovery(), LOST) == ["recovery/newer-data"]
    newer_data_is_kept(ready)


def test_who_insists_on_older_data_gets_it(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    stuck("failback", failback)
    newer_data_is_kept(ready)
    with lost(PRODUCTION):
        assert failover(recovery(rto="9h"), evolve(LOST, older_data=True)).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("ledger")


def test_after_a_way_back_every_group_is_due_for_none_has_a_point_of_what_came_back(cloud):
    data = [DataPolicy("db", schedule="1h"), DataPolicy("files", schedule="24h")]
    about = recovery(topology=TWO, waves=WAVES, rpo="48h", rto="9h", data=data)
    workflow.apply(workflow.plan(TWO, PRODUCTION), seed=0)
    assert replicate(about, pace=ONE).succeeded
    failover(about, HOW)
    assert failback(about, HOW).result == "passed"
    write(cloud, PRODUCTION, "newer")
    made = replicate(about, pace=ONE)
    assert [group.fate for group in made.groups] == ["carried", "carried"]
    with lost(PRODUCTION):
        assert failover(about, LOST).result == "passed"
    assert written(cloud, RECOVERY)["volume.db1-data"] == "newer of volume.db1-data"


def test_nobody_stands_with_what_it_has_while_newer_points_lie_beside_it(ready):
    failover(recovery(), HOW)
    assert failback(recovery(), HOW).result == "passed"
    passed_later(ready, 24 * 3600)
    write(ready, PRODUCTION, "newer")
    assert replicate(recovery(), now=True, pace=ONE).succeeded
    with lost(PRODUCTION):
        with pytest.raises(PolicyError) as error:
            stand_alone(recovery().turned, pace=ONE)
        assert rules(error) == ["recovery/newer-points"]
        assert failover(recovery(), LOST).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("newer")


# The source is lost.


def test_where_the_source_dies_on_the_way_back_the_target_stands_again_with_the_newest_data(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    stuck("failback", failback)
    with lost(PRODUCTION):
        with pytest.raises(PolicyError) as error:
            failover(recovery(), LOST)
        assert rules(error) == ["recovery/newer-data"]
        assert "--target-is-lost" in error.value.findings[0].fix
        given_up = stand_alone(recovery().turned, pace=ONE)
    assert given_up.running == 3
    assert powers(ready, RECOVERY) == {"running"}
    assert set(written(ready, RECOVERY).values()) == said("a day of orders")
    assert fence(recovery(), pace=ONE) == 3  # on its return
    assert failback(recovery(rto="9h"), HOW).result == "passed"
    assert set(written(ready, PRODUCTION).values()) == said("a day of orders")


def test_it_dies_after_giving_up_had_begun_and_the_failover_goes_on(ready):
    write(ready, PRODUCTION, "newer than the point")
    stuck()
    with mock.patch.object(giving_up, "switched", side_effect=Died), pytest.raises(Died):
        abandon(recovery(), pace=ONE)
    with lost(PRODUCTION):
        assert failover(recovery(), LOST).result == "passed"
    assert powers(ready, RECOVERY) == {"running"}
    assert len(written(ready, RECOVERY)) == 2


def test_a_failover_that_is_refused_has_changed_nothing_of_one_that_is_being_given_up(ready):
    failover(recovery(), HOW)
    assert failback(recovery(), HOW).result == "passed"
    assert replicate(recovery(), now=True, pace=ONE).succeeded
    stuck()
    giving_up_dies_between()
    every = tuple(point.id for point in status(recovery()).points)
    assert refused(failover, recovery(), evolve(LOST, without=every)) == ["recovery/no-point"]
    abandon(recovery(), pace=ONE)
    assert powers(ready, PRODUCTION) == {"running"}


def test_the_downtime_does_not_contain_the_time_that_the_target_stood(ready):
    failover(recovery(), HOW)
    dies_before("_chosen", verb=failback)
    with lost(PRODUCTION):
        stand_alone(recovery().turned, pace=ONE)
    passed_later(ready, 7 * 24 * 3600)
    fence(recovery(), pace=ONE)
    assert failback(recovery(), HOW).rto_measured < 3600


# The target is lost.


def test_where_the_target_dies_the_source_stands_again_and_a_target_that_returns_is_stopped(ready):
    stuck()
    with lost(RECOVERY):
        assert stand_alone(recovery(), pace=ONE).stopped is None
    assert powers(ready, PRODUCTION) == {"running"}
    plan = workflow.plan(SHOP, RECOVERY, peers=[PRODUCTION])
    assert [finding.rule for finding in plan.errors] == ["recovery/superseded"]
    assert fence(recovery(), pace=ONE) == 2
    assert powers(ready, RECOVERY) == {"stopped"}
    assert workflow.plan(SHOP, PRODUCTION, peers=[RECOVERY]).errors == ()
    found = status(recovery())
    assert (found.turn, found.stands) == (None, 0)
    assert replicate(recovery(), now=True, pace=ONE).succeeded
    assert status(recovery()).level == "ok"
    assert failover(recovery(rto="9h"), HOW).result == "passed"


def test_it_dies_on_the_way_back_and_the_source_comes_up_from_what_was_carried(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    with mock.patch.object(failing, "Ascent", side_effect=Died), pytest.raises(Died):
        failback(recovery(), HOW)
    with lost(RECOVERY):
        with pytest.raises(PolicyError) as error:
            stand_alone(recovery(), pace=ONE)
        assert rules(error) == ["recovery/newer-points"]
        assert "--source-is-lost" in error.value.findings[0].fix
        assert failback(recovery(), LOST).result == "passed"
    assert powers(ready, PRODUCTION) == {"running"}
    assert set(written(ready, PRODUCTION).values()) == said("a day of orders")
    assert fence(recovery(), pace=ONE) == 3
    assert powers(ready, RECOVERY) == {"stopped"}


def test_a_turn_that_was_overtaken_while_its_target_was_lost_is_never_gone_on_with(ready):
    dies_before("_chosen")  # the source is fenced, and the target has not heard of it
    with lost(RECOVERY):
        stand_alone(recovery(), pace=ONE)
    passed_later(ready, 24 * 3600)
    write(ready, PRODUCTION, "newer")
    with pytest.raises(PolicyError) as error:  # not before the target was told
        replicate(recovery(), now=True, pace=ONE)
    assert rules(error) == ["recovery/not-told"]
    assert fence(recovery(), pace=ONE) == 0
    assert replicate(recovery(), now=True, pace=ONE).succeeded
    with lost(PRODUCTION):
        evidence = failover(recovery(), LOST)
    assert (evidence.result, evidence.source_fenced) == ("passed", False)
    assert set(written(ready, RECOVERY).values()) == said("newer")
    told = workflow.plan(SHOP, PRODUCTION, peers=[RECOVERY]).errors
    assert [finding.rule for finding in told] == ["recovery/superseded"]
    fence(recovery(), pace=ONE)
    assert powers(ready, PRODUCTION) == {"stopped"}
    assert powers(ready, RECOVERY) == {"running"}


def test_a_target_that_was_not_told_is_stopped_before_anything_else(ready):
    failover(recovery(), HOW)
    with lost(RECOVERY):
        stand_alone(recovery(), pace=ONE)
    for verb in (failback, failover):
        with pytest.raises(PolicyError) as error:
            verb(recovery(), HOW)
        assert "dr fence" in error.value.findings[0].fix
    assert fence(recovery(), pace=ONE) == 3


def test_it_dies_after_it_took_over_without_the_source_which_stands_above_it_then(ready):
    failover(recovery(), LOST)
    with lost(RECOVERY):
        stand_alone(recovery(), pace=ONE)
    passed_later(ready, 60)
    write(ready, PRODUCTION, "since, in production")
    assert fence(recovery(), pace=ONE) == 3
    assert powers(ready, PRODUCTION) == {"running"}
    assert powers(ready, RECOVERY) == {"stopped"}


# Run again, it ends well.


def test_standing_alone_goes_on_where_a_zone_was_silent(ready):
    stuck()
    with silent(ready, "us-east-1b"), pytest.raises(Unavailable) as error:
        stand_alone(recovery(), pace=ONE)
    assert "run this again" in error.value.fix
    stand_alone(recovery(), pace=ONE)
    assert powers(ready, PRODUCTION) == {"running"}


def test_so_does_the_fence_of_a_target_that_came_back(ready):
    stuck()
    with lost(RECOVERY):
        stand_alone(recovery(), pace=ONE)
    with silent(ready, "eu-west-1b"), pytest.raises(Unavailable):
        fence(recovery(), pace=ONE)
    fence(recovery(), pace=ONE)
    assert powers(ready, RECOVERY) == {"stopped"}


def swept(verb, ends_well, stride):
    """Crash at the calls of a verb."""

    def under(hand):
        with wrapped("fake", hand):
            verb()

    def after_a_while():
        passed_later(plugin.cloud, 60)  # lists that lag would tell of the moment before
        ends_well()

    assert Crashes(lambda: None, under, after_a_while, forked=lambda: None, stride=stride).sweep()


@pytest.fixture(params=[pytest.param(1, marks=pytest.mark.soak), 5], ids=["every call", "a sample"])
def stride(request):
    return request.param


def test_a_crash_while_it_begins_to_stand_alone(ready, stride):
    stuck()

    def ends_well():
        stand_alone(recovery(), pace=ONE)
        assert powers(plugin.cloud, PRODUCTION) == {"running"}

    swept(lambda: stand_alone(recovery(), pace=ONE), ends_well, stride)


def test_a_crash_while_who_came_back_is_fenced(ready, stride):
    stuck()
    with lost(RECOVERY):
        stand_alone(recovery(), pace=ONE)

    def ends_well():
        with suppress(PolicyError):  # where it was done already
            fence(recovery(), pace=ONE)
        assert powers(plugin.cloud, RECOVERY) == {"stopped"}
        assert powers(plugin.cloud, PRODUCTION) == {"running"}

    swept(lambda: fence(recovery(), pace=ONE), ends_well, stride)


def test_giving_up_dies_at_a_call_and_then_so_does_the_source(ready, stride):
    write(ready, PRODUCTION, "newer than the point")
    stuck()

    def ends_well():
        with lost(PRODUCTION):
            assert failover(recovery(rto="9h", rpo="9h"), LOST).result == "passed"
        assert powers(plugin.cloud, RECOVERY) == {"running"}

    swept(lambda: abandon(recovery(), pace=ONE), ends_well, stride)


def test_the_way_back_dies_at_a_call_and_then_so_does_the_target(ready, stride):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")

    def ends_well():
        """The source stands with the newest that it can have; with its own data only if nothing had come."""
        with lost(RECOVERY):
            newest = said("a day of orders")
            try:
                failback(recovery(rto="9h"), LOST)
            except PolicyError as error:
                if error.findings[0].rule != "recovery/stands-already":
                    stand_alone(recovery(), pace=ONE)
                    newest = said("ledger")
        assert set(written(plugin.cloud, PRODUCTION).values()) == newest
        assert powers(plugin.cloud, PRODUCTION) == {"running"}

    swept(lambda: failback(recovery(), HOW), ends_well, stride)


# A refusal has begun nothing.


@pytest.fixture
def refused_over_newer(ready):
    """A way back has begun; production is lost, and recovery has the newest data."""
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    dies_before("_agreed", verb=failback)
    with lost(PRODUCTION):
        assert refused(failover, recovery(), LOST) == ["recovery/newer-data"]
    return ready


def test_the_way_back_goes_on_once_production_answers(refused_over_newer):
    assert failback(recovery(rto="9h"), HOW).result == "passed"
    assert set(written(refused_over_newer, PRODUCTION).values()) == said("a day of orders")


def test_no_failover_passes_it_over_then(refused_over_newer):
    assert refused(failover, recovery(rto="9h"), HOW) == ["recovery/failback-under-way"]
    assert set(written(refused_over_newer, RECOVERY).values()) == said("a day of orders")


def test_nothing_is_there_to_be_given_up_for_older_data(refused_over_newer):
    with pytest.raises(PolicyError):
        abandon(recovery(), pace=ONE)
    assert powers(refused_over_newer, PRODUCTION) == {"stopped"}


def test_points_that_were_agreed_upon_while_the_source_answered_replace_nothing_newer_either(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    assert failback(recovery(), HOW).result == "passed"
    with mock.patch.object(failing, "Ascent", side_effect=Died), pytest.raises(Died):
        failover(recovery(), HOW)
    newer_data_is_kept(ready)


def test_who_has_begun_to_get_other_data_does_not_stand_with_the_half_of_it(cloud):
    gated = [Wave(["db"], gates=lambda inventory: False, limit="10s"), ["files"], ["web"]]
    about, plain = (recovery(topology=TWO, waves=waves, rto="9h") for waves in (gated, WAVES))
    workflow.apply(workflow.plan(TWO, PRODUCTION), seed=0)
    assert replicate(plain, pace=ONE).succeeded
    failover(plain, HOW)
    write(cloud, RECOVERY, "a day of orders")
    failback(plain, HOW)
    assert failover(about, HOW).result == "failed"  # the databases are replaced, and the files are not
    with lost(PRODUCTION), pytest.raises(PolicyError) as error:
        stand_alone(about.turned, pace=ONE)
    assert rules(error) == ["recovery/half-replaced"]


# Who decides last stands.


def test_a_failover_that_is_gone_on_with_is_later_than_who_was_let_in_alone_meanwhile(ready):
    stuck(how=LOST)
    with lost(RECOVERY):
        stand_alone(recovery(), pace=ONE)
    passed_later(ready, 24 * 3600)
    with lost(PRODUCTION):
        assert failover(recovery(rto="99h"), LOST).result == "passed"
    told = workflow.plan(SHOP, PRODUCTION, peers=[RECOVERY]).errors
    assert [finding.rule for finding in told] == ["recovery/superseded"]
    fence(recovery(), pace=ONE)
    assert powers(ready, RECOVERY) == {"running"}


def test_who_was_stopped_once_and_is_lost_since_is_not_said_to_be_fenced(ready):
    dies_before("_chosen")
    with lost(RECOVERY):
        stand_alone(recovery(), pace=ONE)
    passed_later(ready, 24 * 3600)
    with lost(PRODUCTION):
        evidence = failover(recovery(rto="99h"), LOST)
    assert powers(ready, PRODUCTION) == {"running"}
    assert evidence.source_fenced is False
    assert evidence.rpo_measured > 24 * 3600


def test_a_way_back_that_began_without_who_is_left_is_told_that_it_carries_no_more(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    dies_before("_begun", verb=failback)
    write(ready, RECOVERY, "a second day")
    with lost(RECOVERY):
        stuck("failback", failback, LOST)
    assert refused(failback, recovery(rto="9h"), HOW) == ["recovery/too-late-to-plan"]
    abandon(recovery().turned, pace=ONE)
    assert failback(recovery(rto="9h"), HOW).result == "passed"
    assert set(written(ready, PRODUCTION).values()) == said("a second day")


def test_giving_up_ends_though_the_source_has_stood_alone_meanwhile(ready):
    stuck()
    with mock.patch.object(giving_up, "switched", side_effect=Died), pytest.raises(Died):
        abandon(recovery(), pace=ONE)
    with lost(RECOVERY):
        stand_alone(recovery(), pace=ONE)
    passed_later(ready, 60)
    abandon(recovery(), pace=ONE)
    assert powers(ready, PRODUCTION) == {"running"}
    assert powers(ready, RECOVERY) == {"stopped"}


# Every refusal names what works.


def test_who_stands_and_may_have_been_overtaken_is_told_how_to_stand_above_that(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    dies_before("_begun", verb=failback)
    with lost(RECOVERY):
        assert failback(recovery(), LOST).result == "passed"
    with lost(PRODUCTION):
        with pytest.raises(PolicyError) as error:
            failover(recovery(), LOST)
        assert "dr failback --abandon --target-is-lost" in error.value.findings[0].fix
        stand_alone(recovery().turned, pace=ONE)
    passed_later(ready, 60)
    assert fence(recovery(), pace=ONE) == 3
    assert powers(ready, PRODUCTION) == {"stopped"}


def test_without_any_point_who_is_left_is_told_to_stand_with_what_it_has(ready):
    failover(recovery(), HOW)
    with lost(RECOVERY):
        with pytest.raises(PolicyError) as error:
            failback(recovery(), LOST)
        assert "dr failover --abandon --target-is-lost" in error.value.findings[0].fix
        stand_alone(recovery(), pace=ONE)
    assert powers(ready, PRODUCTION) == {"running"}


def test_where_only_some_groups_have_newer_points_no_command_is_named_that_is_refused(cloud):
    fails = []
    data = [DataPolicy("db"), DataPolicy("files", before=lambda inventory: not fails)]
    about = recovery(topology=TWO, waves=WAVES, rpo="48h", rto="9h", data=data)
    workflow.apply(workflow.plan(TWO, PRODUCTION), seed=0)
    assert replicate(about, pace=ONE).succeeded
    failover(about, HOW)
    write(cloud, RECOVERY, "a day of orders")
    assert failback(about, HOW).result == "passed"
    fails.append(True)
    assert {group.fate for group in replicate(about, pace=ONE).groups} == {"carried", "failed"}
    with lost(PRODUCTION), pytest.raises(PolicyError) as error:
        failover(about, LOST)
    assert "--target-is-lost" not in error.value.findings[0].fix
    assert "files" in error.value.findings[0].message
    assert "db" not in error.value.findings[0].message


def test_a_target_that_was_overtaken_is_not_said_to_stand(ready):
    failover(recovery(), LOST)
    with lost(RECOVERY):
        stand_alone(recovery(), pace=ONE)
    passed_later(ready, 60)
    found = status(recovery())
    assert (found.stands, found.untold, found.level) == (0, True, "late")


def test_who_was_not_let_in_again_yet_is_told_to_finish_the_giving_up(ready):
    stuck(how=LOST)
    giving_up_dies_between()
    (finding,) = workflow.plan(SHOP, PRODUCTION, peers=[RECOVERY]).errors
    assert "--abandon" in finding.fix
    abandon(recovery(), pace=ONE)
    passed_later(ready, 60)
    assert workflow.plan(SHOP, PRODUCTION, peers=[RECOVERY]).errors == ()


# No clock decides what is newer.


def test_a_timer_whose_clock_is_ahead_makes_no_point_newer_than_what_was_written_after_it(ready):
    passed_later(ready, 3600)
    ahead = property(lambda self: self.connection.provider.clock.now() + 300)
    with mock.patch.object(Shelf, "now", ahead):
        assert replicate(recovery(), now=True, pace=ONE).succeeded
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    stuck("failback", failback)
    newer_data_is_kept(ready)
