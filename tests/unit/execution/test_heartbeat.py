"""A holder says that it lives whatever it waits for, and changes nothing once it may be taken for dead."""

from itertools import pairwise

import pytest
from attrs import evolve
from test_coordinator import TWO_ROLES, plan_for
from toycloud import ToyProvider

from portinfra import errors
from portinfra.execution import holder as holders
from portinfra.execution.claim import DEAD_SECONDS, HEARTBEAT_SECONDS
from portinfra.execution.run import Run
from portinfra.model.address import Scope
from portinfra.model.claim import Claim

SCOPE = Scope("sample", "production")


@pytest.fixture(autouse=True)
def journals(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))


class Beating(ToyProvider):
    """Notes when each heartbeat came, and can do something before the call with a number."""

    def __init__(self, **named):
        super().__init__(**named)
        self.beats, self.before, self.calls = [], {}, 0

    def perform(self, call):
        if call.action in ("TakeClaim", "WriteClaim"):
            self.beats.append(self.clock.now())
        elif not call.reads:
            self.calls += 1
            if act := self.before.pop(self.calls, None):
                act()
        return super().perform(call)

    def largest_gap(self):
        return max(later - sooner for sooner, later in pairwise(self.beats))


def apply(provider, declared=TWO_ROLES, seed=0, **options):
    plan = plan_for(provider, declared, **options)
    with Run(provider, plan.scope, "1", seed=seed) as running:
        return running.apply(plan, lambda progress: None)


@pytest.mark.parametrize("seed", [0, None])
def test_it_beats_while_everything_waits_for_minutes(seed):
    provider = Beating(pending_seconds=300)
    apply(provider, seed=seed)
    assert provider.largest_gap() <= HEARTBEAT_SECONDS


def test_it_beats_while_a_list_is_throttled_for_minutes():
    provider = Beating()
    refused = iter(range(11))

    def mute(call):
        if next(refused, None) is not None:
            raise errors.RateLimited("slow down")

    with Run(provider, SCOPE, "1") as running:
        provider.mute = mute
        running.reader.observe(SCOPE)
    assert provider.clock.now() > 1000 + 2 * HEARTBEAT_SECONDS
    assert provider.largest_gap() <= HEARTBEAT_SECONDS


def test_it_beats_between_slow_reads():
    provider = Beating()
    provider.mute = lambda call: provider.clock.sleep_until(provider.clock.now() + HEARTBEAT_SECONDS)
    with Run(provider, SCOPE, "1") as running:
        running.reader.observe(SCOPE)
    assert provider.largest_gap() <= 2 * HEARTBEAT_SECONDS


def test_it_beats_while_a_run_within_it_is_at_work():
    outer, middle, inner = Beating(), Beating(), Beating()
    outer.clock = middle.clock = inner.clock
    with (
        Run(outer, SCOPE, "1") as first,
        Run(middle, SCOPE, "1", within=[first]) as second,
        Run(inner, SCOPE, "1", within=[second]) as third,
    ):
        third.sleep_until(inner.clock.now() + 3600)
    assert inner.largest_gap() <= HEARTBEAT_SECONDS
    assert max(outer.largest_gap(), middle.largest_gap()) <= 2 * HEARTBEAT_SECONDS


def test_a_run_within_one_that_was_taken_over_ends():
    outer, inner = Beating(), Beating()
    outer.clock = inner.clock
    with Run(outer, SCOPE, "1") as first, Run(inner, SCOPE, "1", within=[first]) as second:
        taken_over(outer)()
        with pytest.raises(errors.ClaimLostError):
            second.sleep_until(inner.clock.now() + 3600)


def test_it_beats_while_lists_are_not_to_be_trusted_yet():
    provider = Beating()
    provider.capabilities = evolve(provider.capabilities, visibility_seconds=100.0)
    apply(provider)
    assert provider.largest_gap() <= HEARTBEAT_SECONDS


def stopped_for(provider, seconds, meanwhile=lambda: None):
    """What happens to a process that is stopped for a while."""

    def stop():
        provider.clock.sleep_until(provider.clock.now() + seconds)
        meanwhile()

    return stop


def taken_over(provider, **claim):
    def take():
        newest = provider.claim_table[max(provider.claim_table)]
        stranger = evolve(holders.this_run("stranger"), machine="elsewhere")
        taken = evolve(newest, number=newest.number + 1, holder=stranger, since="2030-01-01", **claim)
        provider.claim_table[taken.number] = taken

    return take


def test_a_run_that_was_stopped_and_taken_over_changes_nothing_more():
    provider = Beating()
    provider.before[5] = stopped_for(provider, 100, taken_over(provider))
    with pytest.raises(errors.ClaimLostError, match="took this run's claim over") as caught:
        apply(provider)
    assert caught.value.holder.machine == "elsewhere"
    assert provider.calls == 5  # the one that was under way
    assert not provider.claim_table[2].released


def test_a_run_that_was_stopped_and_not_taken_over_goes_on():
    provider = Beating()
    provider.before[5] = stopped_for(provider, 100)
    assert apply(provider).succeeded


def test_a_claim_of_the_same_number_that_is_somebody_elses_is_left_alone():
    """Numbers begin again where everything was destroyed meanwhile."""
    provider = Beating()
    stranger = evolve(holders.this_run("stranger"), machine="elsewhere")

    def replaced():
        provider.claim_table.clear()
        provider.claim_table[1] = Claim(1, stranger)

    provider.before[5] = stopped_for(provider, 100, replaced)
    with pytest.raises(errors.ClaimLostError):
        apply(provider)
    assert provider.claim_table == {1: Claim(1, stranger)}


def test_a_claim_that_a_person_released_is_lost():
    provider = Beating()

    def released():
        provider.claim_table[1] = evolve(provider.claim_table[1], released=True)

    provider.before[5] = stopped_for(provider, 100, released)
    with pytest.raises(errors.ClaimLostError, match="was taken from it"):
        apply(provider)


def test_nothing_is_changed_while_nobody_hears_the_heartbeat():
    provider = Beating(pending_seconds=30)
    refused, heard, silences = iter(range(9)), [provider.clock.now()], []
    write = provider._writeclaim

    def deaf(call):
        if provider.calls >= 3 and next(refused, None) is not None:
            raise errors.Unavailable("no answer")
        heard.append(provider.clock.now())
        return write(call)

    provider._writeclaim = deaf
    provider.fail = lambda call: silences.append(provider.clock.now() - heard[-1])
    assert apply(provider).succeeded
    assert max(later - sooner for sooner, later in pairwise(heard)) > DEAD_SECONDS
    assert max(silences) < DEAD_SECONDS - HEARTBEAT_SECONDS


def test_steps_that_could_not_go_on_for_want_of_a_heartbeat_are_told():
    provider = Beating()

    def dead(call):
        raise errors.Unavailable("the service is down")

    provider.before[5] = lambda: setattr(provider, "_listclaims", dead)
    provider.pending_seconds = 60
    with pytest.raises(errors.ApplyError) as caught:
        apply(provider)
    fates = {step.fate for step in caught.value.outcome.steps}
    assert fates == {"done", "failed", "blocked"}


def test_the_outcome_is_told_although_the_claim_cannot_be_released():
    provider = Beating()

    def dead(call):
        raise errors.PermissionDenied("no more")

    def fail():
        with Run(provider, SCOPE, "1"):
            provider._writeclaim = dead
            raise ValueError("the outcome")

    with pytest.raises(ValueError, match="the outcome"):
        fail()


def test_a_claim_that_is_being_dropped_is_not_said_to_live():
    provider = Beating()
    apply(provider)
    refused = iter(range(8))
    drop = provider._dropclaim

    def throttled(call):
        if next(refused, 8) % 2 == 0:
            provider.clock.sleep_until(provider.clock.now() + HEARTBEAT_SECONDS)
            raise errors.RateLimited("slow down")
        return drop(call)

    provider._dropclaim = throttled
    apply(provider, destroy=True, allow_data_loss=frozenset({"all"}))
    assert provider.claim_table == {}
