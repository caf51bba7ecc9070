"""A turn that cannot be finished is given up: the source stands again, with what it has."""

import pytest
from turning import (
    HOW,
    LOST,
    dies_at,
    giving_up_dies_before_the_target_is_fenced,
    lost,
    passed_later,
    powers,
    rules,
    said,
    stuck,
)
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, write, written

from portinfra import workflow
from portinfra.errors import PolicyError, Unavailable
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status
from portinfra.testing.call_wrapper import wrap_calls


@pytest.mark.parametrize("options", [HOW, LOST], ids=["stopped", "lost"])
def test_a_failover_that_cannot_be_finished_is_given_up(ready, options):
    write(ready, PRODUCTION, "newer than the point")
    stuck(options=options)
    given_up = abandon(recovery(), HOW)
    assert (given_up.running, given_up.stopped) == (3, 2)
    assert set(written(ready, PRODUCTION).values()) == said("newer than the point")
    assert powers(ready, PRODUCTION) == {"running"}
    assert powers(ready, RECOVERY) == {"stopped"}
    assert workflow.plan(SHOP, PRODUCTION, guards=[recovery()]).empty
    assert status(recovery()).turn is None
    assert replicate(recovery(), now=True, run_options=ONE).succeeded


def test_after_one_was_given_up_the_next_begins_anew(ready):
    first = stuck()
    abandon(recovery(), HOW)
    write(ready, PRODUCTION, "newer")
    assert replicate(recovery(), now=True, run_options=ONE).succeeded
    evidence = failover(recovery(), HOW)
    assert evidence.result == "passed"
    assert evidence.id != first.id
    assert set(written(ready, RECOVERY).values()) == said("newer")
    assert failback(recovery(), HOW).result == "passed"


def test_a_way_back_is_given_up_as_well(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "since")
    stuck("failback", failback)
    abandon(recovery().reversed, HOW)
    assert powers(ready, RECOVERY) == {"running"}
    assert powers(ready, PRODUCTION) == {"stopped"}
    assert set(written(ready, RECOVERY).values()) == said("since")
    assert failback(recovery(), HOW).result == "passed"


def test_an_end_that_an_operator_makes_active_with_older_data_has_the_newest_from_then_on(ready):
    about = recovery(rto="9h", rpo="99h")
    assert failover(about, HOW).result == "passed"
    write(ready, RECOVERY, "a day of orders")
    stuck(options=LOST)
    with pytest.raises(PolicyError) as error:
        abandon(about, HOW)
    assert rules(error) == ["recovery/own-data-is-newest"]
    assert "dr abandon shop --older-data" in str(error.value)
    older = written(ready, PRODUCTION)
    assert abandon(about, HOW, older_data=True).had_newest_data
    assert written(ready, PRODUCTION) == older
    assert set(written(ready, RECOVERY).values()) == said("a day of orders")

    write(ready, PRODUCTION, "newer")
    assert replicate(about, now=True, run_options=ONE).succeeded
    stuck()
    assert not abandon(about, HOW).had_newest_data, "production has it, so no option is needed"
    assert set(written(ready, PRODUCTION).values()) == said("newer")


def test_nothing_is_given_up_where_nothing_is_under_way(ready):
    with pytest.raises(PolicyError) as error:
        abandon(recovery(), HOW)
    assert rules(error) == ["recovery/nothing-under-way"]


def test_a_failover_that_is_being_given_up_is_not_gone_on_with(ready):
    stuck()

    def dies(provider, call):
        if provider.account == PRODUCTION.account and call.action == "CreateClaim":
            raise Unavailable("no route to host")
        return provider.perform(call)

    with wrap_calls("fake", dies), pytest.raises(Unavailable):
        abandon(recovery(), HOW)
    with pytest.raises(PolicyError) as error:
        failover(recovery(), HOW)
    assert rules(error) == ["recovery/being-abandoned"]
    abandon(recovery(), HOW)
    assert powers(ready, PRODUCTION) == {"running"}


def test_one_that_was_to_be_given_up_goes_ahead_where_the_source_is_lost_for_good(ready):
    stuck()
    giving_up_dies_before_the_target_is_fenced()
    with lost(PRODUCTION, untouched=False):
        with pytest.raises(Unavailable) as error:
            failover(recovery(), HOW)
        assert "dr failover shop --lost production" in error.value.fix
        assert failover(recovery(), LOST).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("ledger")


@pytest.mark.parametrize("keep", ["", "7d"], ids=["no snapshot was kept", "snapshots were kept"])
def test_what_a_run_replaced_that_died_is_named_when_its_takeover_is_given_up(ready, keep):
    about = recovery(keep_overwritten=keep)
    with lost(PRODUCTION):
        failover(about, LOST)
    write(ready, PRODUCTION, "written in a double life")
    fence(about, run_options=ONE)
    dies_at("AttachVolume", lambda: failback(about, HOW))
    named = abandon(about, HOW).left_aside
    assert [each.volume for each in named] == ["db1-data", "db2-data"]
    kept = {ready.read(each.snapshot).decode() for each in named if each.snapshot}
    assert kept == (said("written in a double life") if keep else set())


def test_own_volumes_that_have_the_data_of_a_point_are_as_old_as_that_point(ready):
    points = [each["id"] for each in ready.ground_truth(RECOVERY.account) if each["kind"] == "snapshot"]
    passed_later(ready, 3 * 3600)
    stuck()
    abandon(recovery(), HOW)
    for id in points:
        ready.request(RECOVERY.account, RECOVERY.region, "DeleteSnapshot", {"id": id})
    assert failover(recovery(), HOW).rpo_measured >= 3 * 3600
