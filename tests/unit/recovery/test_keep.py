"""Which points of a group are kept, for any ledger and any policy."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portinfra.model.recovery import KEPT, DataPolicy
from portinfra.recovery.groups import Group
from portinfra.recovery.ledger.clocks import AHEAD_SECONDS
from portinfra.recovery.ledger.ledger import Entry
from portinfra.recovery.ledger.points import manifest, points
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.points.keep import Candidate, candidates, kept_points

MONDAY = 1_700_438_400
"""A Monday, 00:00 UTC."""
HOUR, DAY, WEEK = 3_600, 86_400, 7 * 86_400
LENGTH = {"hourly": HOUR, "daily": DAY, "weekly": WEEK}

NOW = MONDAY + 4 * WEEK

times = st.integers(0, 5 * WEEK // (HOUR // 2)).map(lambda half: MONDAY + half * HOUR // 2)
"""Those of the last week are later than now."""
policies = st.dictionaries(st.sampled_from(KEPT), st.integers(0, 4))


def ledgers(min_size=0):
    """What a ledger has of one group: the time of each point, and whether it can be restored."""
    return st.lists(st.tuples(times, st.booleans()), min_size=min_size, max_size=14)


def judge(ledger, without=()):
    """The candidates of a ledger from which points, by their numbers, were removed."""
    entries = [
        Entry(number, manifest(f"{number:08x}", "db", time, []))
        for number, (time, _) in enumerate(ledger, 1)
        if number not in without
    ]
    known = points(entries)
    return candidates(known, Ages(known, NOW), lambda point: ledger[point.number - 1][1])


def hourly(*hours):
    """Points of these hours after Monday, 00:00."""
    return [Candidate(number, MONDAY + hour * HOUR) for number, hour in enumerate(hours, 1)]


@pytest.mark.parametrize(
    ("keep", "hours", "kept"),
    [
        ({"last": 2}, (0, 1, 2), {2, 3}),
        ({}, (0, 1, 2), {3}),
        ({"hourly": 2}, (0, 0.5, 1, 1.5, 2, 2.5), {4, 6}),
        ({"daily": 2}, (1, 23.5, 24, 47.5, 48), {4, 5}),
        ({"weekly": 2}, (0, 6 * 24 + 23, 7 * 24, 13 * 24), {2, 4}),  # a week begins on Monday
        ({"last": 1, "hourly": 2, "daily": 2}, (1, 20, 24, 25, 26), {2, 4, 5}),
        ({"hourly": 3}, (1, 9, 2), {1, 2, 3}),  # an hour without a point is no bucket
        ({"hourly": 2}, (5, 6, 1), {2, 3}),  # a slow clock: the number decides which is newer
    ],
)
def test_each_rule_keeps_the_newest_point_of_its_newest_buckets(keep, hours, kept):
    assert kept_points(hourly(*hours), keep) == kept


@given(ledgers(), policies)
def test_the_newest_restorable_point_stays(ledger, keep):
    restorable = [number for number, (_, restorable) in enumerate(ledger, 1) if restorable]
    assert kept_points(judge(ledger), keep) >= set(restorable[-1:])


@given(ledgers(), policies)
def test_each_bucket_that_is_kept_keeps_its_newest_restorable_point(ledger, keep):
    kept = kept_points(judge(ledger), keep)
    restorable = {number: time for number, (time, restorable) in enumerate(ledger, 1) if restorable}
    assert kept >= set(sorted(restorable, reverse=True)[: keep.get("last", 0)])
    for rule, length in LENGTH.items():
        newest = {
            (time - MONDAY) // length: number
            for number, time in restorable.items()
            if time <= NOW + AHEAD_SECONDS
        }
        assert kept >= set(sorted(newest.values(), reverse=True)[: keep.get(rule, 0)])


@given(ledgers(), policies)
def test_no_more_believed_restorable_points_are_kept_than_the_rules_allow(ledger, keep):
    judged = judge(ledger)
    allowed = max(1, keep.get("last", 0)) + sum(keep.get(rule, 0) for rule in LENGTH)
    counting = {point.number for point in judged if point.restorable and not point.is_ahead}
    assert len(kept_points(judged, keep) & counting) <= allowed


@given(ledgers(), policies)
def test_a_point_that_cannot_be_restored_pushes_out_no_other(ledger, keep):
    judged = judge(ledger)
    restorable = [point for point in judged if point.restorable]
    assert kept_points(judged, keep) >= kept_points(restorable, keep)


@given(ledgers(), policies.map(lambda keep: {**keep, "last": 0}))
def test_a_point_dated_ahead_pushes_no_other_out_of_its_hour_day_or_week(ledger, keep):
    judged = judge(ledger)
    believed = [point for point in judged if not point.is_ahead]
    newest = {point.number for point in judged if point.restorable and point.is_ahead}
    dropped = kept_points(believed, keep) - kept_points(judged, keep)
    assert not dropped or (newest and dropped == kept_points(believed, {}) - kept_points(judged, keep))


@given(ledgers(), policies)
def test_to_prune_twice_is_to_prune_once(ledger, keep):
    judged = judge(ledger)
    kept = kept_points(judged, keep)
    dropped = {point.number for point in judged} - kept
    assert kept_points(judge(ledger, dropped), keep) == kept


@given(ledgers(), ledgers(min_size=1), policies)
@example([(MONDAY, True), (MONDAY + 30 * HOUR, True)], [(MONDAY + 30 * HOUR, True)], {"hourly": 2})
def test_a_point_once_dropped_is_never_needed_later(ledger, later, keep):
    dropped = set(range(1, len(ledger) + 1)) - kept_points(judge(ledger), keep)
    needed = kept_points(judge(ledger + later), keep)
    assert not needed & dropped
    assert needed <= kept_points(judge(ledger + later, dropped), keep)


@given(ledgers(), policies)
def test_the_order_in_which_points_are_given_does_not_matter(ledger, keep):
    judged = judge(ledger)
    assert kept_points(judged, keep) == kept_points(reversed(judged), keep)


def test_a_group_keeps_what_any_of_its_policies_keeps():
    policies = (DataPolicy("db", keep={"last": 2, "daily": 3}), DataPolicy("db/log", retention=4))
    assert Group("db", policies, ()).keep == {"last": 4, "hourly": 0, "daily": 3, "weekly": 0}


def test_a_number_alone_is_that_of_the_last_points():
    assert DataPolicy("db", keep=3) == DataPolicy("db", keep={"last": 3})
    assert DataPolicy("db").kept == DataPolicy("db", retention=7).kept == {"last": 7}
