"""Data as of a moment: of each group the newest point that is not later, and never own volumes."""

from datetime import UTC, datetime

import pytest
from attrs import evolve
from clocks import DAY, HOUR, clock_off
from hypothesis import given
from hypothesis import strategies as st
from turning import HOW, LOST, lost, passed_later, refused, said, stuck
from worlds import ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra.errors import PolicyError
from portinfra.execution.connection import Connection
from portinfra.format import iso, moment
from portinfra.model.recovery import DataPolicy
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.drills.history import list_runs
from portinfra.recovery.ledger.clocks import AHEAD_SECONDS
from portinfra.recovery.ledger.ledger import Entry, Ledger
from portinfra.recovery.ledger.points import manifest, points
from portinfra.recovery.ledger.takeovers import list_takeovers
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.testing.simulation import apply_and_check, simulate

NOW = 2_000_000_000.0


def at(cloud):
    return datetime.fromtimestamp(cloud.clock.now(), UTC)


def carry(cloud, text, environment=PRODUCTION, about=None):
    """A point with a text; the moment at which it had arrived."""
    write(cloud, environment, text)
    assert replicate(about or recovery(), now=True, run_options=ONE).succeeded
    arrived = at(cloud)
    passed_later(cloud, HOUR)
    return arrived


@pytest.fixture
def history(ready):
    """Two more points than the first one, and when they had arrived."""
    passed_later(ready, HOUR)
    return ready, carry(ready, "monday"), carry(ready, "tuesday")


def ledger_turns():
    with Connection.to(RECOVERY) as there:
        return list_takeovers(Ledger(there, recovery().ledger).entries())


def used(evidence):
    return {(point.group, point.id) for point in evidence.points}


# The choice, for any ledger.

ledgers = st.lists(
    st.tuples(st.sampled_from(["db", "files"]), st.integers(int(NOW - 3 * DAY), int(NOW + DAY))), max_size=9
)


def known(ledger):
    entries = [
        Entry(number, manifest(f"{number:08x}", group, time, []))
        for number, (group, time) in enumerate(ledger, 1)
    ]
    return points(entries)


@given(ledgers, st.integers(int(NOW - 3 * DAY), int(NOW + DAY)))
def test_no_point_is_used_that_is_later_or_follows_a_later_one_of_its_group(ledger, asked):
    ages = Ages(known(ledger), NOW)
    for point in ages.not_later_than(asked):
        before = [each for each in ages.points if each.group == point.group and each.number <= point.number]
        believed = [each for each in before if each.taken <= NOW + AHEAD_SECONDS]
        assert point in believed
        assert max(each.taken for each in believed) <= asked


@given(ledgers, st.integers(int(NOW - 3 * DAY), int(NOW)))
def test_with_clocks_that_agree_it_is_every_point_up_to_the_moment(ledger, asked):
    ordered = sorted((group, min(time, int(NOW))) for group, time in ledger)
    ages = Ages(known(ordered), NOW)
    assert ages.not_later_than(asked) == [point for point in ages.points if point.taken <= asked]


# Each verb.


def test_a_drill_uses_the_newest_point_that_is_not_later_and_says_so(history):
    _, monday, tuesday = history
    evidence = drill(recovery(), run_options=ONE, as_of=monday)
    assert evidence.result == "passed", evidence.reasons
    assert evidence.as_of == iso(monday.timestamp())
    assert evidence.rpo_measured < HOUR, "the age is measured at the moment"
    assert used(evidence) == used(drill(recovery(), run_options=ONE, as_of=monday.replace(tzinfo=None)))
    assert used(evidence) != used(drill(recovery(), run_options=ONE))
    assert used(drill(recovery(), run_options=ONE, as_of=tuesday)) == used(drill(recovery(), run_options=ONE))


def test_a_failover_brings_the_data_of_the_moment_and_the_ledger_and_evidence_have_it(history):
    cloud, monday, _ = history
    evidence = failover(recovery(), evolve(HOW, as_of=monday))
    assert set(written(cloud, RECOVERY).values()) == said("monday")
    assert evidence.as_of == iso(monday.timestamp())
    assert [turn.as_of for turn in ledger_turns()] == [round(monday.timestamp(), 3)]


def test_the_plan_shows_the_points_of_the_moment(history):
    _, monday, _ = history
    options = evolve(HOW, as_of=monday)
    shown = {each.what for each in make_forecast(recovery(), options).data}
    assert make_forecast(recovery(), options).as_of == iso(monday.timestamp())
    assert shown == {f"point {id}" for _, id in used(failover(recovery(), options))}


def test_a_takeover_that_is_run_again_continues_with_the_moment_and_refuses_another(history):
    cloud, monday, tuesday = history
    stuck(options=evolve(HOW, as_of=monday))
    assert refused(failover, recovery(), evolve(HOW, as_of=tuesday)) == ["recovery/other-moment"]
    assert make_forecast(recovery(), HOW).as_of == iso(monday.timestamp())
    evidence = failover(recovery(), HOW)
    assert evidence.as_of == iso(monday.timestamp())
    assert set(written(cloud, RECOVERY).values()) == said("monday")


def test_a_takeover_that_began_with_the_newest_data_refuses_a_moment(history):
    _, monday, _ = history
    stuck()
    assert refused(failover, recovery(), evolve(HOW, as_of=monday)) == ["recovery/other-moment"]


def test_a_group_without_a_point_of_the_moment_is_refused_with_the_points_that_it_has(history):
    _, monday, _ = history
    early = evolve(HOW, as_of=datetime.fromtimestamp(monday.timestamp() - DAY, UTC))
    with pytest.raises(PolicyError) as error:
        failover(recovery(), early)
    (finding,) = error.value.findings
    assert finding.rule == "recovery/no-point"
    assert moment(early.as_of.timestamp()) in finding.message
    assert finding.message.count("UTC)") == 3
    assert not ledger_turns(), "nothing has begun"


def test_a_drill_of_a_mistyped_moment_is_refused_before_it_leaves_a_record(history):
    cloud, monday, _ = history
    early = datetime.fromtimestamp(monday.timestamp() - DAY, UTC)
    future = datetime.fromtimestamp(cloud.clock.now() + DAY, UTC)
    for mistyped, rule in ((early, "no-point"), (future, "future-moment")):
        with pytest.raises(PolicyError) as error:
            drill(recovery(), run_options=ONE, as_of=mistyped)
        (finding,) = error.value.findings
        assert finding.rule == f"recovery/{rule}"
        assert moment(mistyped.timestamp()) in finding.message
        assert refused(failover, recovery(), evolve(HOW, as_of=mistyped)) == [f"recovery/{rule}"]
    assert not ledger_turns(), "no takeover has begun"
    assert list_runs(recovery(), ()) == [], "no drill has begun"


def test_own_volumes_are_never_used_and_the_last_point_is_carried_all_the_same(history):
    """On the way back, the volumes of production have the newest data of Tuesday."""
    cloud, _, _ = history
    failover(recovery(), HOW)
    back = carry(cloud, "wednesday", RECOVERY, recovery().reversed)
    write(cloud, RECOVERY, "thursday")
    evidence = failback(recovery(), evolve(HOW, as_of=back))
    assert evidence.as_of == iso(back.timestamp())
    assert set(written(cloud, PRODUCTION).values()) == said("wednesday")
    with Connection.to(PRODUCTION) as there:
        carried = points(Ledger(there, recovery().reversed.ledger).entries())
    assert len(carried) == 2, "thursday is in the last point"


def test_a_takeover_removes_no_point_that_it_may_need(history):
    """The way back carries two points before it restores: neither pushes out the one of the moment."""
    cloud, _, _ = history
    about = recovery(data=[DataPolicy("db", keep=1)])
    failover(about, HOW)
    back = carry(cloud, "wednesday", RECOVERY, about.reversed)
    passed_later(cloud, DAY)
    write(cloud, RECOVERY, "thursday")
    assert failback(about, evolve(HOW, as_of=back)).as_of == iso(back.timestamp())
    assert set(written(cloud, PRODUCTION).values()) == said("wednesday")


def test_own_volumes_of_the_target_are_not_used_though_they_are_newer(history):
    cloud, monday, _ = history
    failover(recovery(), HOW)
    write(cloud, RECOVERY, "wednesday")
    failback(recovery(), HOW)
    with lost(PRODUCTION):
        failover(recovery(), evolve(LOST, as_of=monday))
    assert set(written(cloud, RECOVERY).values()) == said("monday")


def test_a_point_of_a_clock_that_is_behind_brings_no_data_from_after_the_moment():
    with simulate() as cloud:
        apply_and_check(recovery().topology, PRODUCTION)
        monday = carry(cloud, "monday")
        passed_later(cloud, HOUR)
        carry(cloud, "tuesday")
        with clock_off(-10 * DAY):
            write(cloud, PRODUCTION, "wednesday")
            replicate(recovery(), now=True, run_options=ONE)
        failover(recovery(), evolve(HOW, as_of=monday))
        assert set(written(cloud, RECOVERY).values()) == said("monday")
