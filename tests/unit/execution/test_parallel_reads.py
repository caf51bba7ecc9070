"""Independent reads at the same time: what they return, how they end, and how fast they may be."""

import signal
import threading

import pytest
from toycloud import ListingDriver, ToyClock, ToyProvider

from portinfra import errors
from portinfra.execution.caller import Caller
from portinfra.execution.parallel_reads import ParallelReads, parallel_reads
from portinfra.model.address import Scope
from portinfra.model.catalogue import Capabilities, Rate
from portinfra.model.observed import Observed
from portinfra.model.resources import Instance, Network, Subnet, Volume
from portinfra.observation import Reader
from portinfra.provider.clock import SystemClock
from portinfra.provider.interface import Call

SCOPE = Scope("sample", "production")
KINDS = (Network, Subnet, Instance, Volume)
HANGS_SECONDS = 60.0
"""After so long, calls that should be under way together are not."""


class KindDriver(ListingDriver):
    """Lists one kind, after a list of running changes if there is one."""

    first = ()

    def survey(self, scope, only=()):
        return (*self.first, Call(self.spec.kind, rates=("read",)))

    def assemble(self, answers, names):
        return []


class ZonalDriver(KindDriver):
    def survey(self, scope, only=()):
        return tuple(Call(self.spec.kind, place=zone) for zone in ("a", "b"))


class DetailDriver(KindDriver):
    """Finds resources of which no list shows everything."""

    def assemble(self, answers, names):
        specs = [self.spec(f"{self.spec.kind}{number}", 1) for number in range(4)]
        return [Observed(spec.address, spec, {"id": spec.name}) for spec in specs]

    def detail(self, seen):
        return Call("Describe", {"id": seen.id}) if "detailed" not in seen.parts else None

    def absorb(self, seen, call, answer):
        return Observed(seen.address, seen.spec, {**seen.parts, "detailed": answer["of"]})


def reading(perform, drivers=None, clock=None, rates=None, **more):
    """Return a reader that reads at the same time, by a real clock unless another one is given."""
    provider = ToyProvider()
    provider.drivers = drivers or {kind: KindDriver(kind) for kind in KINDS}
    provider.perform = perform
    provider.clock = clock or SystemClock()
    caller = Caller(provider)
    return Reader(provider, caller.with_retries, gather=ParallelReads(caller, rates or {}, **more))


def threads_of_reads():
    return [each for each in threading.enumerate() if each.name.startswith("portinfra-read")]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert [each for each in threads_of_reads() if each.is_alive()] == []


def test_independent_lists_are_under_way_at_the_same_time():
    together = threading.Barrier(len(KINDS), timeout=HANGS_SECONDS)

    def perform(call):
        together.wait()
        return {"items": []}

    assert reading(perform).observe(SCOPE).count == 0


def test_a_list_that_goes_first_has_its_answer_before_any_other_list_begins():
    log = []

    class ChangesFirst(KindDriver):
        first = (Call("running changes", goes_first=True),)

    def perform(call):
        log.append(call.action)
        return {"items": []}

    drivers = {kind: ChangesFirst(kind) if kind is Volume else KindDriver(kind) for kind in KINDS}
    reading(perform, drivers).observe(SCOPE)
    assert log[0] == "running changes"
    assert sorted(log[1:]) == sorted(kind.kind for kind in KINDS)


def test_details_of_resources_are_read_at_the_same_time_and_keep_their_order():
    together = threading.Barrier(4, timeout=HANGS_SECONDS)

    def perform(call):
        if call.action == "Describe":
            together.wait()
            return {"of": call.parameters["id"]}
        return {"items": []}

    seen = reading(perform, {Volume: DetailDriver(Volume)}).observe(SCOPE).resources
    assert [(each.id, each.parts["detailed"]) for each in seen.values()] == [
        (f"volume{number}", f"volume{number}") for number in range(4)
    ]


def test_a_place_that_does_not_answer_is_read_once_beside_the_others():
    made = []

    def perform(call):
        made.append((call.place, call.action))
        if call.place == "b":
            raise errors.Unavailable("no answer")
        return {"items": []}

    drivers = {kind: ZonalDriver(kind) for kind in (Instance, Volume)}
    assert reading(perform, drivers).observe(SCOPE, frozenset({"b"})).unknown == {"b"}
    assert sorted(made) == [("a", "instance"), ("a", "volume"), ("b", "instance")]


@pytest.mark.parametrize("last_to_fail", KINDS)
def test_of_several_errors_the_first_in_the_order_of_the_lists_is_raised(last_to_fail):
    """As if the lists were read one after the other, whichever of them fails first in time."""
    others_failed = threading.Barrier(len(KINDS), timeout=HANGS_SECONDS)

    def perform(call):
        others_failed.wait()
        if call.action == last_to_fail.kind:
            threading.Event().wait(0.01)
        raise errors.PermissionDenied(call.action)

    with pytest.raises(errors.PermissionDenied, match=KINDS[0].kind):
        reading(perform).observe(SCOPE)


class Crash(BaseException):
    pass


def never_answers_but(action, what):
    """Return a provider's `perform`: every list is throttled for minutes, and one does something else."""

    def perform(call):
        if call.action == action:
            what()
        raise errors.RateLimited("slow down")

    return perform


def raise_crash():
    raise Crash


@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_in_one_list_ends_all(kind):
    with pytest.raises(Crash):
        reading(never_answers_but(kind.kind, raise_crash)).observe(SCOPE)


def test_a_defect_in_the_first_list_ends_all():
    def fail():
        raise errors.PermissionDenied("no")

    with pytest.raises(errors.PermissionDenied):
        reading(never_answers_but(KINDS[0].kind, fail)).observe(SCOPE)


@pytest.fixture
def interrupt():
    """What sends this process the signal of Ctrl-C, to the main thread, as the system does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    main = threading.main_thread().ident
    yield lambda: signal.pthread_kill(main, signal.SIGINT)
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_ends_all(interrupt):
    interrupts = [interrupt]

    def interrupt_once():
        if interrupts:
            interrupts.pop()()

    with pytest.raises(KeyboardInterrupt):
        reading(never_answers_but(KINDS[0].kind, interrupt_once)).observe(SCOPE)


def test_only_the_calling_thread_renews_the_lease_and_a_lost_lease_ends_all():
    threads, left = [], [0.0, 0.0]

    def renew():
        threads.append(threading.current_thread())
        if not left:
            raise errors.LeaseLostError()
        return left.pop()

    with pytest.raises(errors.LeaseLostError):
        reading(never_answers_but("", raise_crash), renew=renew).observe(SCOPE)
    assert threads == [threading.current_thread()] * 3


def test_reads_keep_to_the_rates():
    clock, moments, bucket, per_second = ToyClock(), [], 4, 2.0

    def perform(call):
        moments.append(clock.now())
        return {"items": []}

    rates = {"read": Rate(bucket, per_second)}
    reader = reading(perform, clock=clock, rates=rates)
    for _ in range(5):
        reader.observe(SCOPE)
    began = 1000.0
    for number, moment in enumerate(sorted(moments), start=1):
        assert number <= bucket + (moment - began) * per_second


def test_by_a_virtual_clock_or_for_a_provider_that_takes_one_read_reads_follow_each_other():
    provider = ToyProvider()
    assert parallel_reads(Caller(provider), {}) is None
    provider.clock = SystemClock()
    assert parallel_reads(Caller(provider), {}) is not None
    provider.capabilities = Capabilities(reads_at_once=1)
    assert parallel_reads(Caller(provider), {}) is None
