"""A holder says that it lives whatever it waits for, and changes nothing once it may be taken for dead."""

import threading
import time
from itertools import pairwise

import pytest
from attrs import evolve
from toycloud import TWO_ROLES, ToyProvider, plan_for

from portinfra import errors
from portinfra.execution import lease as leases
from portinfra.execution.lease import RENEW_SECONDS
from portinfra.execution.options import RunOptions
from portinfra.execution.run import Run
from portinfra.model.address import Scope
from portinfra.model.lease import Lease
from portinfra.records import holder as holders

SCOPE = Scope("sample", "production")


@pytest.fixture(autouse=True)
def journals(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))


class Beating(ToyProvider):
    """Notes when each heartbeat came, and can do something before the first write of a resource."""

    def __init__(self, **named):
        super().__init__(**named)
        self.beats, self.before = [], {}

    def perform(self, call):
        if call.action in ("CreateRecord", "WriteRecord"):
            self.beats.append(self.clock.now())
        elif not call.reads and (act := self.before.pop(call.address, None)):
            act()
        return super().perform(call)

    def largest_gap(self):
        return max(later - sooner for sooner, later in pairwise(self.beats))


def apply(provider, declared=TWO_ROLES, seed=0, **options):
    plan = plan_for(provider, declared, **options)
    with Run(provider, plan.scope, "1", run_options=RunOptions(seed=seed)) as running:
        return running.apply(plan, lambda progress: None)


@pytest.mark.parametrize("seed", [0, None])
def test_it_beats_while_everything_waits_for_minutes(seed):
    provider = Beating(pending_seconds=300)
    apply(provider, seed=seed)
    assert provider.largest_gap() <= RENEW_SECONDS


def test_it_beats_while_a_list_is_throttled_for_minutes():
    provider = Beating()
    refused = iter(range(11))

    def mute(call):
        if next(refused, None) is not None:
            raise errors.RateLimited("slow down")

    with Run(provider, SCOPE, "1") as running:
        provider.mute = mute
        running.reader.observe(SCOPE)
    assert provider.clock.now() > 1000 + 2 * RENEW_SECONDS
    assert provider.largest_gap() <= RENEW_SECONDS


def test_it_beats_between_slow_reads():
    provider = Beating()
    provider.mute = lambda call: provider.clock.sleep_until(provider.clock.now() + RENEW_SECONDS)
    with Run(provider, SCOPE, "1") as running:
        running.reader.observe(SCOPE)
    assert provider.largest_gap() <= 2 * RENEW_SECONDS


def test_it_beats_while_lists_are_not_to_be_trusted_yet():
    provider = Beating()
    provider.capabilities = evolve(provider.capabilities, visibility_seconds=100.0)
    apply(provider)
    assert provider.largest_gap() <= RENEW_SECONDS


def stopped_for(provider, seconds, meanwhile=lambda: None):
    """What happens to a process that is stopped for a while."""

    def stop():
        provider.clock.sleep_until(provider.clock.now() + seconds)
        meanwhile()

    return stop


def taken_over(provider):
    def take():
        newest = provider.leases[max(provider.leases)]
        stranger = evolve(holders.this_run("stranger"), machine="elsewhere")
        number = newest.number + 1
        taken = evolve(newest, number=number, holder_identity=stranger, acquire_time="2030-01-01")
        provider.leases[taken.number] = taken

    return take


def test_a_run_that_was_stopped_and_taken_over_changes_nothing_more():
    provider = Beating()
    provider.before["instance.db1"] = stopped_for(provider, 100, taken_over(provider))
    with pytest.raises(errors.LeaseLostError, match="took this run's lease over") as caught:
        apply(provider)
    assert caught.value.holder.machine == "elsewhere"
    assert provider.made[-1][2] == "instance.db1"  # the one that was under way
    assert not provider.leases[2].released


def test_a_run_that_was_stopped_and_not_taken_over_goes_on():
    provider = Beating()
    provider.before["instance.db1"] = stopped_for(provider, 100)
    assert apply(provider).succeeded


def test_a_claim_of_the_same_number_that_is_somebody_elses_is_left_alone():
    """Numbers begin again where everything was destroyed meanwhile."""
    provider = Beating()
    stranger = evolve(holders.this_run("stranger"), machine="elsewhere")

    def replaced():
        provider.leases.clear()
        provider.leases[1] = Lease(1, stranger)

    provider.before["instance.db1"] = stopped_for(provider, 100, replaced)
    with pytest.raises(errors.LeaseLostError):
        apply(provider)
    assert provider.leases == {1: Lease(1, stranger)}


def test_a_claim_that_a_person_released_is_lost():
    provider = Beating()

    def released():
        provider.leases[1] = evolve(provider.leases[1], released=True)

    provider.before["instance.db1"] = stopped_for(provider, 100, released)
    with pytest.raises(errors.LeaseLostError, match="was taken from it"):
        apply(provider)


def test_nothing_is_changed_while_nobody_hears_the_heartbeat():
    provider = Beating(pending_seconds=30)
    refused, heard, silences = iter(range(9)), [provider.clock.now()], []
    write = provider.answers["WriteRecord"]

    def deaf(call):
        if provider.made and next(refused, None) is not None:
            raise errors.Unavailable("no answer")
        heard.append(provider.clock.now())
        return write(call)

    provider.answers["WriteRecord"] = deaf
    provider.fail = lambda call: silences.append(provider.clock.now() - heard[-1])
    assert apply(provider).succeeded
    assert max(later - sooner for sooner, later in pairwise(heard)) > Lease.lease_duration_seconds
    assert max(silences) < Lease.lease_duration_seconds - RENEW_SECONDS


def test_steps_that_could_not_go_on_for_want_of_a_heartbeat_are_told():
    provider = Beating()

    def dead(call):
        raise errors.Unavailable("the service is down")

    provider.before["instance.db1"] = lambda: provider.answers.update(ListRecords=dead)
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
            provider.answers["WriteRecord"] = dead
            raise ValueError("the outcome")

    with pytest.raises(ValueError, match="the outcome"):
        fail()


def test_a_claim_that_is_being_dropped_is_not_said_to_live():
    provider = Beating()
    apply(provider)
    refused = iter(range(8))
    drop = provider.answers["DeleteRecord"]

    def throttled(call):
        if next(refused, 8) % 2 == 0:
            provider.clock.sleep_until(provider.clock.now() + RENEW_SECONDS)
            raise errors.RateLimited("slow down")
        return drop(call)

    provider.answers["DeleteRecord"] = throttled
    apply(provider, destroy=True, allow_data_loss=frozenset({"all"}))
    assert provider.leases == {}


class WallClock:
    """Time that passes by itself."""

    virtual = False

    def now(self):
        return time.time()

    def sleep_until(self, moment):
        time.sleep(max(0.0, moment - self.now()))


@pytest.fixture
def busy(monkeypatch):
    """A cloud under the clock on the wall, whose claim wants a heartbeat a hundred times a second."""
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.01)
    provider = Beating()
    provider.clock = WallClock()
    provider.looks = threading.Semaphore(0)
    look = provider.answers["ListRecords"]

    def counted(call):
        provider.looks.release()
        return look(call)

    provider.answers["ListRecords"] = counted
    return provider


def looked(provider, times):
    """Wait until the claim was looked at so often again."""
    while provider.looks.acquire(blocking=False):
        pass
    return all(provider.looks.acquire(timeout=10) for _ in range(times))


def test_it_beats_while_something_else_keeps_the_runs_thread_busy(busy):
    with Run(busy, SCOPE, "1") as running:
        with running.keep_lease():
            assert looked(busy, 5)
        beats = len(busy.beats)
        time.sleep(0.05)
        assert len(busy.beats) == beats
    assert beats > 5


def test_no_heartbeat_is_given_up_for_one_that_nobody_heard(busy):
    write = busy.answers["WriteRecord"]
    with Run(busy, SCOPE, "1") as running, running.keep_lease():

        def deaf(call):
            busy.answers["WriteRecord"] = write
            raise errors.Unavailable("no answer")

        busy.answers["WriteRecord"] = deaf
        assert looked(busy, 3)
    assert busy.leases[1].released


def test_what_is_done_is_done_to_its_end_before_a_lost_claim_is_told(busy):
    done = []

    def lose(running):
        with running.keep_lease():
            taken_over(busy)()
            assert looked(busy, 1)
            done.append(True)

    with Run(busy, SCOPE, "1") as running, pytest.raises(errors.LeaseLostError):
        lose(running)
    assert done


def test_an_interrupt_reaches_what_is_done(busy):
    threads = threading.active_count()

    def interrupted(running):
        with running.keep_lease():
            assert looked(busy, 1)
            raise KeyboardInterrupt

    with Run(busy, SCOPE, "1") as running, pytest.raises(KeyboardInterrupt):
        interrupted(running)
    assert threading.active_count() == threads


def test_by_a_virtual_clock_it_beats_when_that_has_ended_in_the_same_thread():
    provider = Beating()
    with Run(provider, SCOPE, "1") as running:
        threads = threading.active_count()
        with running.keep_lease():
            assert threading.active_count() == threads
            provider.clock.sleep_until(provider.clock.now() + 2 * RENEW_SECONDS)
        assert len(provider.beats) == 2, "the claim was taken, and said to live once"
