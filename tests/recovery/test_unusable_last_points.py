"""A last point that cannot be restored ends a planned takeover, and the error names the volumes: older data
becomes active only where an operator leaves that point aside.
"""

import re

import pytest
from attrs import evolve
from begun import begun
from turning import HOW, before, passed_later
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra import workflow
from portinfra.errors import PolicyError
from portinfra.model.topology import Role, Topology, Volume
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.faults import Crash
from portinfra.testing.simulation import apply_and_check

PLANNED = evolve(HOW, planned=True)


def shop(gib):
    return Topology("shop", [Role("db", count=1, volumes=[Volume("data", gib=gib)], waive=FEW)], [])


def about(gib=10):
    return recovery(topology=shop(gib), waves=[["db"]], rto="99h", rpo="99h")


def production_runs(cloud):
    apply_and_check(shop(10), PRODUCTION)
    write(cloud, PRODUCTION, "monday")
    assert replicate(about(), run_options=ONE).succeeded
    passed_later(cloud, 4000)


def recovery_runs(cloud):
    """Recovery has taken over, and customers write there."""
    production_runs(cloud)
    assert failover(about(), PLANNED).result == "passed"


WAYS = {
    "failover": (failover, production_runs, PRODUCTION, RECOVERY),
    "failback": (failback, recovery_runs, RECOVERY, PRODUCTION),
}


@pytest.fixture(params=WAYS)
def way(request):
    """The verb of a planned takeover, and the ends that it leaves and makes active."""
    verb, make, left, taken = WAYS[request.param]
    with begun(make) as cloud:
        yield cloud, verb, left, taken


def texts(cloud, environment):
    return {text.partition(" of ")[0] for text in written(cloud, environment).values()}


def reads_only(provider, call):
    assert call.reads, f"{call.action} before the refusal"
    return provider.perform(call)


def grow(cloud, left):
    workflow.apply(workflow.plan(shop(20), left, guards=[about(20)]), seed=0)
    write(cloud, left, "tuesday")
    passed_later(cloud, 4000)


def dies_after_its_last_point(cloud, verb, left):
    """Volumes grow, and customers write; the takeover carries a last point, and dies before it changes the
    other end.
    """
    grow(cloud, left)

    def die():
        raise Crash

    with pytest.raises(Crash):
        verb(about(20), before(Step.FETCH, die, PLANNED))
    passed_later(cloud, 4000)


def fails(verb, options=PLANNED):
    with pytest.raises(PolicyError, match=r"volume\.db1-data is too large") as error:
        verb(about(), options)
    return [each for each in error.value.findings if "too large" in each.message]


def test_volumes_that_are_larger_than_declared_refuse_it_before_anything_is_stopped(way):
    cloud, verb, left, taken = way
    grow(cloud, left)
    with wrap_calls("fake", reads_only):
        (finding,) = fails(verb)
        assert "it has 20 GiB, and 10 GiB are declared" in finding.message
        recovery_plan = about() if verb is failover else about().reversed
        assert finding.message in [each.message for each in make_forecast(recovery_plan, PLANNED).findings]
        fails(verb, evolve(PLANNED, insist=True))
    assert verb(about(20), PLANNED).result == "passed"
    assert texts(cloud, taken) == {"tuesday"}


def test_a_last_point_that_proves_too_large_ends_it_and_it_goes_on_once_that_is_corrected(way):
    cloud, verb, left, taken = way
    dies_after_its_last_point(cloud, verb, left)
    for insist in (False, True):
        (finding, *_) = fails(verb, evolve(HOW, insist=insist))
        assert "Declare these volumes as large as their data" in finding.fix
        assert texts(cloud, taken) <= {"monday"}
    assert verb(about(20), HOW).result == "passed"
    assert texts(cloud, taken) == {"tuesday"}


def test_an_operator_may_leave_the_last_point_of_a_failback_aside():
    """Then own volumes of production are used, also where the takeover carries another last point."""
    with begun(recovery_runs) as cloud:
        dies_after_its_last_point(cloud, failback, RECOVERY)
        (finding, *_) = fails(failback)
        named = re.findall(r"--without-point (\w+)", finding.fix)
        assert failback(about(), evolve(HOW, without=named)).result == "passed"
        assert texts(cloud, PRODUCTION) == {"monday"}


def test_an_unplanned_failback_is_refused_for_a_newer_point_that_cannot_be_restored():
    with begun(recovery_runs) as cloud:
        grow(cloud, RECOVERY)
        assert replicate(about(20), now=True, run_options=ONE).succeeded
        with wrap_calls("fake", reads_only):
            (finding,) = fails(failback, evolve(HOW, planned=False))
        assert finding.rule == "recovery/newer-point-lost"
