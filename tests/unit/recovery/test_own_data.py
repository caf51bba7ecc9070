"""The moment of the data on own volumes of an end that another one has overtaken.

Laws: own volumes that have the data of a point are no newer than that point, as `Ages` judges its time. A
takeover that kept own volumes makes them no newer, also when it is abandoned.
"""

from clocks import DAY, HOUR

from portinfra.recovery.ledger.ledger import Contents, Entry
from portinfra.recovery.ledger.points import manifest
from portinfra.recovery.ledger.takeovers import TakeoverEntry, takeover_fields
from portinfra.recovery.points.own_data import ANY_AGE, own_data_time

LEFT = 2_000_000_000
"""The epoch of the decision that left the end."""
NOW = LEFT + HOUR


def time_of_data(*taken, restored=("db",), **more):
    """Return the moment of data that an abandoned takeover has restored from the last of some points."""
    said = [manifest(f"{number:08x}", "db", time, []) for number, time in enumerate(taken, 1)]
    used = (said[-1]["id"],)
    given = {"points": used, "restored": restored, "abandoned": LEFT, "open": False, **more}
    turn = TakeoverEntry("1", "failover", LEFT - 60, LEFT - 60, **given)
    entries = [Entry(number, each) for number, each in enumerate([*said, takeover_fields(turn)], 1)]
    return own_data_time(LEFT, Contents(tuple(entries), ()), NOW)


def test_data_that_a_takeover_restored_is_of_the_time_of_its_point():
    assert time_of_data(LEFT - 2 * HOUR, LEFT - HOUR) == LEFT - HOUR


def test_data_that_no_takeover_replaced_is_of_the_decision_that_left_it():
    assert time_of_data(LEFT - HOUR, restored=()) == LEFT


def test_data_of_a_point_that_is_dated_ahead_is_of_the_point_before_it():
    assert time_of_data(LEFT - HOUR, NOW + 2 * DAY) == LEFT - HOUR


def test_data_of_a_point_that_is_dated_ahead_may_be_of_any_age_where_no_point_is_before_it():
    assert time_of_data(NOW + 2 * DAY) == ANY_AGE


def test_own_volumes_that_an_abandoned_takeover_kept_are_as_old_as_when_it_began():
    kept = {"own": ("db",), "points": (), "restored": ()}
    assert time_of_data(LEFT - HOUR, **kept, own_until=LEFT - 3 * HOUR) == LEFT - 3 * HOUR


def test_own_volumes_that_an_abandoned_takeover_replaced_are_of_the_time_of_its_point():
    assert time_of_data(LEFT - HOUR, own_until=LEFT - 3 * HOUR) == LEFT - HOUR
