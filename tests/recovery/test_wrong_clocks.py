"""A machine with a wrong clock makes no data older or newer: numbers of the ledger decide which is.

The truth is kept here, outside the product: the last text that was written at the end that serves customers,
and the last one that a replication carried away.
"""

import random
from datetime import datetime

import pytest
from attrs import evolve
from begun import begun
from clocks import DAY, HOUR, clock_off
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from turning import HOW, LOST, lost, passed_later
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra.errors import PolicyError
from portinfra.execution.connection import Connection
from portinfra.format import moment
from portinfra.model.finding import Severity
from portinfra.model.recovery import DataPolicy
from portinfra.model.resources import Volume
from portinfra.model.topology import Role, Topology
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.ledger.clocks import AHEAD_SECONDS
from portinfra.recovery.ledger.ledger import Entry, Ledger
from portinfra.recovery.ledger.points import manifest, points
from portinfra.recovery.ledger.takeovers import TakeoverEntry, list_takeovers, next_epoch
from portinfra.recovery.ledger.takeovers import record_takeover as written_turn
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.status import status
from portinfra.render.console.recovery import show_status
from portinfra.render.recovery_documents import prometheus, status_document
from portinfra.testing.simulation import apply_and_check, simulate

TINY = Topology("shop", [Role("db", count=1, waive=FEW, volumes=[Volume("data", gib=1, mount="/srv")])])
SKEWS = (0.0, HOUR, -HOUR, 2 * DAY, -2 * DAY)
NOW = 2_000_000_000.0


def tiny(retention=2, **more):
    given = {"rpo": "4h", "rto": "9h", "waves": [["db"]], "data": [DataPolicy("db", keep=retention)]}
    return recovery(topology=TINY, **{**given, **more})


def tiny_runs(cloud):
    """Bring one host up in production, with something written on its volume."""
    apply_and_check(TINY, PRODUCTION)
    write(cloud, PRODUCTION, "one")


@pytest.fixture
def world():
    with begun(tiny_runs) as cloud:
        yield cloud


def carry(about=None, skew=0.0, *, now=True):
    """Replicate on a machine whose clock is off by `skew`; what became of the database."""
    with clock_off(skew):
        (outcome,) = replicate(about or tiny(), now=now, run_options=ONE).groups
    return outcome


def content(cloud, environment):
    """What was written on the volume of an environment."""
    return {text.partition(" of ")[0] for text in written(cloud, environment).values()}


# Ages, for any times that clocks may have written.


def entries(times):
    said = [manifest(f"{number:08x}", "db", time, []) for number, time in enumerate(times, 1)]
    return [Entry(number, each, "ada@laptop") for number, each in enumerate(said, 1)]


times = st.lists(st.integers(int(NOW - 3 * DAY), int(NOW + 3 * DAY)), min_size=1, max_size=6)


@given(times)
def test_the_number_decides_which_point_is_newer_whatever_the_clocks_wrote(given_times):
    known = points(reversed(entries(given_times)))
    assert [point.number for point in known] == list(range(len(given_times), 0, -1))


@given(times)
def test_no_age_is_negative_and_only_believed_times_give_exact_ages(given_times):
    ages = Ages(points(entries(given_times)), NOW)
    believed = [time for time in given_times if time <= NOW + AHEAD_SECONDS]
    for point in ages.points:
        age = ages.of(point)
        assert age.exact == (point.taken <= NOW + AHEAD_SECONDS)
        assert age.seconds is None or 0 <= age.seconds <= NOW - min(believed)
        if age.exact:
            assert age.seconds == max(0.0, NOW - point.taken)
        else:
            assert "ahead by ada@laptop" in ages.warning(point)


@given(times, st.floats(0, 5 * DAY))
def test_a_time_that_is_not_believed_gives_the_age_of_the_point_before_it(given_times, ahead):
    right = [min(time, NOW) for time in given_times]
    ages = Ages(points(entries([*right, NOW + AHEAD_SECONDS + 1 + ahead])), NOW)
    newest, before = ages.points[:2]
    assert ages.of(newest).seconds == ages.of(before).seconds
    assert not ages.of(newest).exact


@given(st.floats(0, NOW), st.lists(st.integers(0, 2**40), max_size=5))
def test_an_epoch_is_later_than_every_known_one_whatever_the_clock_says(now, known):
    assert all(next_epoch(now, *known) > epoch for epoch in known)


# One run with a wrong clock.


def test_a_point_that_is_dated_ahead_is_due_late_and_named(world):
    carry()
    passed_later(world, HOUR)
    write(world, PRODUCTION, "two")
    assert carry(skew=2 * DAY).fate == "carried"
    passed_later(world, 60)
    found = status(tiny())
    (volume,) = found.volumes
    assert (found.level, volume.age_is_exact) == ("late", False)
    assert HOUR < volume.age < 2 * HOUR, "the age of the point before it is the upper bound"
    (warning,) = found.dated_ahead
    assert volume.point in warning
    assert "47 h" in warning
    assert "@" in warning
    assert "recovery/dated-ahead" in [finding.rule for finding in make_forecast(tiny()).findings]
    assert carry(now=False).fate == "carried", "the timer makes the next point at once"
    assert carry(now=False).fate == "not due"
    assert status(tiny()).level == "ok"


def test_a_first_point_that_is_dated_ahead_has_no_age(world, capsys):
    carry(skew=2 * DAY)
    found = status(tiny())
    (volume,) = found.volumes
    assert (volume.level, volume.age, bool(volume.point)) == ("lost", None, True)
    assert status_document(found)["volumes"][0]["age"] is None
    assert "age_seconds{" not in prometheus(found)
    show_status(found, Console(width=200), points=True)
    told = capsys.readouterr().out
    assert "of an age that is not known, on 1 volume" in told
    assert "ahead by" in told


def test_a_drill_does_not_pass_on_data_whose_age_is_not_sure(world):
    carry()
    carry(skew=2 * DAY)
    evidence = drill(tiny(), run_options=ONE)
    assert (evidence.result, evidence.age_is_exact, evidence.is_accepted) == ("inconclusive", False, False)
    assert any("the age of the data is not known exactly: point" in reason for reason in evidence.reasons)
    assert evidence.rpo_measured >= 0
    carry()
    assert drill(tiny(), run_options=ONE).result == "passed"


def test_a_clock_that_is_behind_makes_the_next_point_newer_all_the_same(world):
    carry()
    write(world, PRODUCTION, "two")
    assert carry(skew=-2 * DAY).fate == "carried"
    with lost(PRODUCTION):
        failover(tiny(rpo="90h"), LOST)
    assert content(world, RECOVERY) == {"two"}


@pytest.mark.parametrize("skew", SKEWS)
def test_pruning_keeps_the_points_with_the_highest_numbers(world, skew):
    made = []
    for number, off in enumerate((0.0, skew, 0.0, skew)):
        write(world, PRODUCTION, f"text {number}")
        made.append(carry(skew=off).point)
        passed_later(world, 60)
    assert [point.id for point in status(tiny()).points] == [made[3], made[2]]
    assert all(point.restorable for point in status(tiny()).points)


def test_a_point_that_is_dated_ahead_takes_no_hour_from_another(world):
    about = evolve(tiny(), plan=evolve(tiny().plan, data=[DataPolicy("db", keep={"hourly": 3})]))

    def kept():
        return [point.id for point in status(about).points]

    made = [carry(about).point]
    made += [carry(about, skew=2 * DAY).point]
    for _ in range(2):
        passed_later(world, HOUR)
        made.append(carry(about).point)
    assert kept() == made[::-1], "it is kept beside the three hours"
    passed_later(world, HOUR)
    made.append(carry(about).point)
    assert kept() == made[:1:-1], "it goes with the hour that it is in"


# Many runs, each with a clock of its own.


class Truth:
    """What was written where, and what became of it."""

    def __init__(self, cloud, chance):
        self.cloud, self.chance, self.texts = cloud, chance, 0
        self.active, self.written, self.carried = PRODUCTION, "", ""
        self.own = ""
        """What the target's own volumes have, where no point is newer."""
        self.steps = []
        self.write()

    def skew(self):
        return self.chance.choice(SKEWS)

    def write(self):
        self.texts += 1
        self.written = f"text {self.texts}"
        write(self.cloud, self.active, self.written)

    def wait(self):
        passed_later(self.cloud, self.chance.choice((60, HOUR, 5 * HOUR)))

    def replicate(self):
        if self.active == PRODUCTION:
            assert carry(skew=self.skew()).fate == "carried"
            self.carried = self.written

    def drill(self):
        if self.active != PRODUCTION:
            return  # a drill takes place in the environment that waits
        skew = self.skew()
        with clock_off(skew):
            evidence = drill(tiny(), run_options=ONE)
        assert evidence.rpo_measured is None or evidence.rpo_measured >= 0
        assert evidence.left_behind == 0

    def take_over(self):
        verb, end = (failover, RECOVERY) if self.active == PRODUCTION else (failback, PRODUCTION)
        planned = verb is failback or self.chance.random() < 0.5
        newest = self.written if planned else self.carried or self.own
        try:
            with clock_off(self.skew()):
                verb(tiny(), evolve(HOW, planned=planned))
        except PolicyError:
            assert not newest, "refused only where no point is newer than what the target has"
            return
        assert content(self.cloud, end) == {newest}, "the newest data is at the end that takes over"
        self.active, self.written, self.carried = end, newest, ""
        self.own = newest if verb is failback else ""

    def check(self):
        found = status(tiny())
        ids = [point.id for point in found.points]
        numbers = self.numbers(tiny() if found.end == "target" else tiny().reversed)
        assert ids == sorted(ids, key=lambda id: -numbers[id])
        assert all(point.age is None or point.age >= 0 for point in found.points)
        assert not (found.dated_ahead and not found.points)
        if self.active == PRODUCTION and self.carried:
            assert any(point.restorable for point in found.points)
        assert content(self.cloud, self.active) == {self.written}, "no verb changes what is served"

    def numbers(self, way):
        """The ledger number of each point of a way."""
        with Connection.to(way.target) as there:
            return {point.id: point.number for point in points(Ledger(there, way.ledger).entries())}


@pytest.mark.parametrize(
    "seeds", [range(3), pytest.param(range(3, 103), marks=pytest.mark.soak)], ids=["a few", "a hundred"]
)
def test_no_wrong_clock_costs_data(seeds):
    for seed in seeds:
        with simulate() as cloud:
            apply_and_check(TINY, PRODUCTION)
            truth = Truth(cloud, random.Random(seed))
            for _ in range(10):
                step = truth.chance.choice(
                    (truth.write, truth.wait, truth.replicate, truth.replicate, truth.drill, truth.take_over)
                )
                truth.steps.append(step.__name__)
                try:
                    step()
                    truth.check()
                except AssertionError as error:
                    raise AssertionError(f"seed {seed}, after {truth.steps}: {error}") from error


# Providers that tell the time, as clouds do.

TOLD = {"tells_time": True}


@pytest.mark.parametrize("skew", [2 * DAY, -2 * DAY])
def test_the_time_of_the_provider_dates_points_and_evidence(world, skew):
    started = world.clock.now()
    with clock_off(skew, **TOLD):
        replicate(tiny(), now=True, insist=True, run_options=ONE)
        evidence = drill(tiny(), run_options=ONE)
    (volume,) = status(tiny()).volumes
    assert (volume.level, volume.age_is_exact) == ("ok", True)
    assert abs(datetime.fromisoformat(volume.taken).timestamp() - started) < HOUR
    assert abs(datetime.fromisoformat(evidence.started).timestamp() - started) < HOUR
    assert evidence.result == "passed"


def test_replication_says_where_the_clock_is_wrong_and_refuses_where_it_is_far_off(world):
    said = []
    with clock_off(90, **TOLD):
        replicate(tiny(), now=True, run_options=ONE, say=said.append)
    assert "the clock of this machine is 1 min 30 s ahead of the time of production's provider" in said[0]
    with clock_off(-2 * HOUR, **TOLD):
        with pytest.raises(PolicyError, match="2 h behind the time of production's provider") as error:
            replicate(tiny(), now=True, run_options=ONE)
        assert "--insist" in error.value.findings[0].fix
        assert replicate(tiny(), now=True, insist=True, run_options=ONE).succeeded
    with clock_off(30, **TOLD):
        said.clear()
        replicate(tiny(), now=True, run_options=ONE, say=said.append)
    assert not any("clock" in line for line in said)


def test_a_takeover_is_refused_where_the_clock_is_far_off_unless_an_operator_insists(world):
    carry()
    with clock_off(2 * HOUR, **TOLD):
        found = {each.rule: each.severity for each in make_forecast(tiny()).findings}
        assert found["recovery/clock-offset"] is Severity.ERROR
        with pytest.raises(PolicyError, match="clock of this machine"):
            failover(tiny(), HOW)
        evidence = failover(tiny(), evolve(HOW, insist=True))
    assert (evidence.result, len(evidence.overruled)) == ("passed", 1)


def test_a_decision_without_the_other_end_has_the_time_of_the_provider(world):
    carry()
    with clock_off(2 * DAY, **TOLD), lost(PRODUCTION):
        failover(tiny(), LOST)
    with Connection.to(RECOVERY) as there:
        (turn,) = list_takeovers(Ledger(there, tiny().ledger).entries())
    assert abs(turn.epoch - world.clock.now()) < HOUR


def test_an_epoch_after_the_last_date_is_read_printed_and_followed(world):
    carry()
    last = 253_402_300_799
    with Connection.to(RECOVERY) as there:
        ledger = Ledger(there, tiny().ledger)
        written_turn(ledger, TakeoverEntry("f", "failover", last, 1e9, abandoned=last, open=False))
    fence(tiny(), run_options=ONE)
    for verb, options in ((failover, HOW), (failback, HOW), (failover, LOST)):
        verb(tiny(), options)
        show_status(status(tiny()), Console(width=200))
    with Connection.to(RECOVERY) as there:
        ledger = Ledger(there, tiny().ledger)
        assert max(turn.epoch for turn in list_takeovers(ledger.entries())) > last
        assert ledger.unreadable() == ()


@given(st.integers(-(10**14), 10**14))
def test_every_moment_can_be_printed(at):
    assert moment(at).endswith(" UTC")


class ToldTruth(Truth):
    """The same, where providers tell the time: no wrong clock is believed, and no "passed" is wrong."""

    carried_at = 0.0

    def skew(self):
        return self.chance.choice((0.0, 2 * DAY, -2 * DAY))

    def replicate(self):
        if self.active == PRODUCTION:
            self.carried_at = self.cloud.clock.now()
            with clock_off(self.skew(), **TOLD):
                (outcome,) = replicate(tiny(), now=True, insist=True, run_options=ONE).groups
            assert outcome.fate == "carried"
            self.carried = self.written

    def drill(self):
        if self.active != PRODUCTION or not self.carried:
            return
        true_age = self.cloud.clock.now() - self.carried_at
        with clock_off(self.skew(), **TOLD):
            evidence = drill(tiny(), run_options=ONE)
        assert (evidence.result == "passed") is (true_age <= 4 * HOUR), (evidence.reasons, true_age)
        assert abs(evidence.rpo_measured - true_age) < 300

    def check(self):
        super().check()
        assert status(tiny()).dated_ahead == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    "seeds", [range(2), pytest.param(range(2, 102), marks=pytest.mark.soak)], ids=["a few", "a hundred"]
)
def test_one_wrong_clock_makes_no_wrong_passed_where_the_provider_tells_the_time(seeds):
    for seed in seeds:
        with simulate() as cloud:
            apply_and_check(TINY, PRODUCTION)
            truth = ToldTruth(cloud, random.Random(seed))
            steps = (truth.write, truth.wait, truth.replicate, truth.replicate, truth.drill, truth.drill)
            for _ in range(10):
                step = truth.chance.choice(steps)
                truth.steps.append(step.__name__)
                try:
                    step()
                    truth.check()
                except AssertionError as error:
                    raise AssertionError(f"seed {seed}, after {truth.steps}: {error}") from error
