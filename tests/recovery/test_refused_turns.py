"""A turn that is refused has begun nothing, and each refusal names what works."""

import pytest
from attrs import evolve
from turning import (
    HOW,
    LOST,
    dies_at,
    dies_between,
    giving_up_dies_between,
    lost,
    passed_later,
    powers,
    refused,
    rules,
    said,
    stuck,
    takes,
)
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, TWO, WAVES, recovery, write, written

from portinfra import workflow
from portinfra.errors import PolicyError
from portinfra.model.recovery import DataPolicy, Wave
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon, stand_alone
from portinfra.recovery.takeover.failback import failback
from portinfra.recovery.takeover.failover import failover
from portinfra.recovery.takeover.fencing import fence

# It has begun nothing.


@pytest.fixture
def refused_over_newer(ready):
    """A way back has begun; production is lost, and recovery has the newest data."""
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    dies_between(verb=failback)
    with lost(PRODUCTION):
        assert refused(failover, recovery(), LOST) == ["recovery/newer-data"]
    return ready


def test_the_way_back_goes_on_once_production_answers(refused_over_newer):
    assert failback(recovery(rto="9h"), HOW).result == "passed"
    assert set(written(refused_over_newer, PRODUCTION).values()) == said("a day of orders")


def test_no_failover_passes_it_over_then(refused_over_newer):
    assert refused(failover, recovery(rto="9h"), HOW) == ["recovery/failback-under-way"]
    assert set(written(refused_over_newer, RECOVERY).values()) == said("a day of orders")


def test_the_way_back_is_given_up_and_recovery_is_active_with_the_newest_data(refused_over_newer):
    abandon(recovery(), pace=ONE)
    assert powers(refused_over_newer, PRODUCTION) == {"stopped"}
    assert powers(refused_over_newer, RECOVERY) == {"running"}
    assert set(written(refused_over_newer, RECOVERY).values()) == said("a day of orders")


def test_who_has_begun_to_get_other_data_does_not_stand_with_the_half_of_it(cloud):
    gated = [Wave(["db"], gates=lambda inventory: False, limit="10s"), ["files"], ["web"]]
    about, plain = (recovery(topology=TWO, waves=waves, rto="9h") for waves in (gated, WAVES))
    workflow.apply(workflow.plan(TWO, PRODUCTION), seed=0)
    assert replicate(plain, pace=ONE).succeeded
    failover(plain, HOW)
    write(cloud, RECOVERY, "a day of orders")
    failback(plain, HOW)
    assert failover(about, evolve(HOW, older_data=True)).result == "failed"
    with lost(PRODUCTION), pytest.raises(PolicyError) as error:
        stand_alone(about.turned, pace=ONE)
    assert rules(error) == ["recovery/half-replaced"]


# It names what works.


def test_who_stands_and_may_have_been_overtaken_is_told_how_to_stand_above_that(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    dies_at(takes(recovery().source_scope), lambda: failback(recovery(), HOW))
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


def test_who_was_not_let_in_again_yet_is_told_to_finish_the_giving_up(ready):
    stuck(how=LOST)
    giving_up_dies_between()
    (finding,) = workflow.plan(SHOP, PRODUCTION, guards=[recovery()]).errors
    assert "dr abandon shop" in finding.fix
    abandon(recovery(), pace=ONE)
    passed_later(ready, 60)
    assert workflow.plan(SHOP, PRODUCTION, guards=[recovery()]).errors == ()
