"""Law: what an operator decides about a takeover is in the ledger from its beginning, before a host stops.
A run that continues the takeover goes on with it, wherever the first run ended.
"""

import pytest
from attrs import evolve
from begun import begun
from clocks import clock_off
from turning import HOW, before, passed_later
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra.model.topology import Role, Topology, Volume
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.status import status
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.simulation import apply_and_check

ABANDONS = (Step.ABANDON, Step.STOP, Step.RETURN, Step.CLOSE_ABANDONED)
AFTER_BEGIN = [step for step in Step if step not in (Step.BEGIN, Step.LAST_POINT, *ABANDONS)]
"""The steps of a takeover that carries no last point, after the one that writes that it began."""
STEPS = [pytest.param(each, marks=[] if each is Step.AGREE else [pytest.mark.slow]) for each in AFTER_BEGIN]
NEW = "volume.db2-data"
"""A volume that the topology has since the points were made."""


def shop(count):
    return Topology("shop", [Role("db", count=count, volumes=[Volume("data", gib=10)], waive=FEW)], [])


def about(count=1, **more):
    return recovery(topology=shop(count), **{"waves": [["db"]], "rto": "99h", "rpo": "99h", **more})


def has_two_points(cloud):
    apply_and_check(shop(1), PRODUCTION)
    for text in ("older", "newer"):
        write(cloud, PRODUCTION, text)
        assert replicate(about(), now=True, run_options=ONE).succeeded
        passed_later(cloud, 100)


@pytest.fixture
def two_points():
    with begun(has_two_points) as cloud:
        yield cloud


class Ended(BaseException):
    """The end of a run."""


def end():
    raise Ended


def text_on_volumes(cloud):
    return {text.partition(" of ")[0] for text in written(cloud, RECOVERY).values()}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_run_that_continues_uses_the_choices_of_the_first(two_points, step):
    newest = status(about()).points[0].id
    choices = FailoverOptions(insist=True, without=[newest], blank=[NEW], run_options=ONE)
    with clock_off(1000, tells_time=True), pytest.raises(Ended):
        failover(about(2), before(step, end, choices))
    evidence = failover(about(2), HOW)
    assert evidence.result == "passed"
    assert newest not in [point.id for point in evidence.points]
    assert evidence.blank == (NEW,)
    assert [each.partition(":")[0] for each in evidence.overruled] == ["recovery/clock-offset"]
    assert text_on_volumes(two_points) == {"older", ""}


@pytest.mark.parametrize("step", [Step.FENCE, Step.AGREE], ids=lambda step: step.name)
def test_a_run_that_continues_uses_points_where_the_first_decided_for_them(two_points, step):
    failover(about(), HOW)
    write(two_points, RECOVERY, "own data")
    failback(about(), HOW)
    with pytest.raises(Ended):
        failover(about(), before(step, end, evolve(HOW, from_points=True)))
    assert failover(about(), HOW).result == "passed"
    assert text_on_volumes(two_points) == {"newer"}


def test_points_that_a_later_run_leaves_aside_replace_those_of_the_first(two_points):
    newer, older = [point.id for point in status(about()).points]
    with pytest.raises(Ended):
        failover(about(), before(Step.AGREE, end, evolve(HOW, without=[newer])))
    lines, written_then = [], []

    def hand(provider, call):
        if not call.reads and not written_then:
            written_then.append(list(lines))
        return provider.perform(call)

    options = evolve(HOW, without=[older])
    with wrap_calls("fake", hand):
        evidence = failover(about(), options, say=lines.append)
    assert [point.id for point in evidence.points] == [newer]
    assert f"has left {newer} aside. This run names {older} instead" in written_then[0][0], "before a write"
    assert f"To leave all of them aside: --without-point {newer} --without-point {older}" in lines[0]


def test_the_prompt_warns_of_points_that_a_later_run_may_use_again(two_points):
    newer, older = [point.id for point in status(about()).points]
    with pytest.raises(Ended):
        failover(about(), before(Step.AGREE, end, evolve(HOW, without=[newer])))

    def warned(*without):
        found = make_forecast(about(), evolve(HOW, without=without)).findings
        return [each for each in found if each.rule == "recovery/other-points"]

    assert [newer in each.message for each in warned(older)] == [True]
    assert [*warned(), *warned(newer), *warned(newer, older)] == []


def test_a_takeover_that_begins_after_an_abandon_has_no_choices(two_points):
    newest = status(about()).points[0].id
    with pytest.raises(Ended):
        failover(about(), before(Step.AGREE, end, evolve(HOW, without=[newest])))
    abandon(about(), HOW)
    evidence = failover(about(), HOW)
    assert [point.id for point in evidence.points] == [newest]
