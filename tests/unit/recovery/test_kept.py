"""Law: where no one confirms a clock, no wrong clock, and none that jumps, ends the time of a snapshot."""

from hypothesis import given
from hypothesis import strategies as st

from portinfra.recovery.ledger.kept import STEP_SECONDS, KeptEntry, kept_entry, read_kept
from portinfra.recovery.ledger.ledger import Entry

HOUR = 3600.0
DAY = 24 * HOUR
NOW = 2_000_000_000.0
OFFSETS = st.floats(-30 * DAY, 30 * DAY)
PAUSES = st.lists(st.tuples(st.floats(0, 3 * DAY), st.sampled_from([0, 1, 2])), max_size=60)
"""How long after the look before another one comes, and on which of three machines."""


def kept(now: float) -> KeptEntry:
    said = kept_entry("1", "takeover", "data", now, 7 * DAY)
    (found,) = read_kept([Entry(1, said)])
    return found


@given(st.tuples(OFFSETS, OFFSETS, OFFSETS), PAUSES)
def test_three_machines_whose_clocks_differ_end_it_at_most_two_steps_too_soon(offsets, pauses):
    too_much = (len(set(offsets)) - 1) * STEP_SECONDS + HOUR
    now, found = NOW, kept(NOW + offsets[0])
    for pause, machine in pauses:
        now += pause
        found = found.look(now + offsets[machine])
        assert found.counted <= now - NOW + too_much
        if found.is_counted_out(now + offsets[machine]):
            assert now - NOW >= 7 * DAY - too_much


def test_looks_in_turn_of_three_machines_whose_clocks_differ_by_less_than_a_step_count_the_time_that_passes():
    found, offsets = kept(NOW), (0.0, 20 * HOUR, 40 * HOUR)
    for number in range(1, 66):  # every two hours, for 130 hours
        now = NOW + number * 2 * HOUR
        found = found.look(now + offsets[number % 3])
    assert found.counted <= 130 * HOUR + max(offsets)


@given(OFFSETS, st.integers(0, 40))
def test_a_clock_that_jumps_ends_it_at_most_one_step_too_soon(jump, when):
    now, found = NOW, kept(NOW)
    for number in range(60):
        now += 0.2 * DAY
        time = now + (jump if number >= when else 0.0)
        found = found.look(time)
        if found.is_counted_out(time):
            assert now - NOW >= 7 * DAY - STEP_SECONDS


def test_looks_once_a_day_end_it_when_its_time_is_over():
    found = kept(NOW)
    for day in range(1, 7):
        found = found.look(NOW + day * DAY)
        assert not found.is_counted_out(NOW + day * DAY)
    found = found.look(NOW + 7 * DAY)
    assert found.is_counted_out(NOW + 7 * DAY)


def test_a_look_after_a_long_time_counts_nothing_of_it():
    found = kept(NOW).look(NOW + 8 * DAY)
    assert found.is_over(NOW + 8 * DAY)
    assert not found.is_counted_out(NOW + 8 * DAY)


def test_an_entry_of_an_earlier_version_is_counted_from_its_first_look():
    said = {"kind": "kept", "id": "1", "takeover": "t", "data": "d", "until": NOW, "open": False}
    (found,) = read_kept([Entry(1, said)])
    found = found.look(NOW + 8 * DAY)
    assert (found.counted, found.is_counted_out(NOW + 8 * DAY)) == (0.0, False)
