"""Faults happen at the call that they are meant for, and as often as they are meant to."""

from contextlib import closing

import pytest
from attrs import evolve

from portinfra import Environment, Role, Topology, apply, plan
from portinfra.errors import OutcomeUnknown, RateLimited, Unavailable, Unsupported
from portinfra.model.address import Address
from portinfra.provider import registry
from portinfra.provider.interface import Call
from portinfra.testing.call_wrapper import pass_through, wrap_calls
from portinfra.testing.faults import MISHAPS, Crash, Faults, Weather, inject_faults
from portinfra.testing.simulation import simulate

SHOP = Topology("shop", roles=[Role("web")])
PRODUCTION = Environment("production", on="fake:us-east-1")


class Counting:
    """A provider that counts what reaches it."""

    name = "counting"

    def __init__(self):
        self.reached = 0
        self.moment = 100.0
        self.clock = self

    def now(self):
        return self.moment

    def sleep_until(self, moment):
        self.moment = moment

    def account_calls(self):
        return ()

    def catalogue_calls(self):
        return ()

    def perform(self, call):
        self.reached += 1
        return {
            "reached": self.reached,
            "items": [{"id": "i-1", "zone": "zone-a"}, {"id": "i-2", "place": "zones/zone-b"}],
        }


READ = Call("List")
WRITE = Call("Create", address=Address("network.main"))


@pytest.fixture
def provider():
    return Counting()


@pytest.mark.parametrize(
    ("faults", "error", "reached"),
    [
        (Faults(throttled=1.0), RateLimited, 0),
        (Faults(unavailable=1.0), Unavailable, 0),
        (Faults(request_lost=1.0), OutcomeUnknown, 0),
        (Faults(answer_lost=1.0), OutcomeUnknown, 1),
        (Faults(at=1, mishap="dies before"), Crash, 0),
        (Faults(at=1, mishap="dies after"), Crash, 1),
        (Faults(at=1, mishap="answer lost"), OutcomeUnknown, 1),
    ],
)
def test_a_fault_is_before_or_after_the_effect(provider, faults, error, reached):
    with pytest.raises(error):
        Weather(faults).perform(provider, WRITE)
    assert provider.reached == reached


@pytest.mark.parametrize("mishap", MISHAPS)
def test_a_mishap_happens_at_its_call_and_at_no_other(provider, mishap):
    weather = Weather(Faults(at=3, mishap=mishap))
    weather.perform(provider, WRITE)
    weather.perform(provider, READ)
    with pytest.raises((Crash, OutcomeUnknown)):
        weather.perform(provider, WRITE)
    if mishap == "answer lost":
        weather.perform(provider, WRITE)


@pytest.mark.parametrize(
    "at", [2, "Create", lambda provider, call: not call.reads], ids=["number", "action", "condition"]
)
def test_a_call_is_named_by_its_number_its_action_or_a_condition(provider, at):
    weather = Weather(Faults(at=at, mishap="answer lost"))
    weather.perform(provider, READ)
    with pytest.raises(OutcomeUnknown):
        weather.perform(provider, WRITE)
    weather.perform(provider, WRITE)  # the first that fits, and no other


@pytest.mark.parametrize("mishap", ["dies before", "dies after"])
def test_a_process_that_has_died_makes_no_more_calls(provider, mishap):
    weather = Weather(Faults(at="Create", mishap=mishap))
    for call in (WRITE, READ, WRITE):
        with pytest.raises(Crash):
            weather.perform(provider, call)
    assert provider.reached == (mishap == "dies after")


class Overtaken(Counting):
    """A provider whose process dies at another thread's call while a call of this one is under way."""

    def __init__(self, weather):
        super().__init__()
        self.weather = weather

    def perform(self, call):
        with pytest.raises(Crash):
            self.weather.perform(Counting(), WRITE)
        return super().perform(call)


@pytest.mark.parametrize("mishap", ["dies before", "dies after"])
def test_a_call_that_is_under_way_while_the_process_dies_is_the_last(provider, mishap):
    weather = Weather(Faults(at="Create", mishap=mishap))
    weather.perform(Overtaken(weather), READ)
    with pytest.raises(Crash):
        weather.perform(provider, READ)
    assert provider.reached == 0


def test_shares_are_kept_and_the_same_seed_brings_the_same_weather(provider):
    def storm(seed):
        weather = Weather(Faults(seed=seed, throttled=0.2))
        met = []
        for _ in range(1000):
            try:
                weather.perform(provider, READ)
            except RateLimited:
                met.append(weather.calls)
        assert weather.met["throttled"] == len(met)
        return met

    assert storm(1) == storm(1) != storm(2)
    assert 150 < len(storm(1)) < 250


def test_only_reads_are_stale_and_never_for_longer_than_said(provider):
    weather = Weather(Faults(stale=1.0, stale_seconds=5.0))
    first = weather.perform(provider, READ)
    provider.moment += 4.9
    assert weather.perform(provider, READ) == first
    assert weather.perform(provider, WRITE) != weather.perform(provider, WRITE)
    provider.moment += 0.1
    assert weather.perform(provider, READ) != first


def test_a_silent_zone_is_left_out_of_lists_that_say_so(provider):
    weather = Weather(Faults(silent_zone="zone-b"))
    assert [record["id"] for record in weather.perform(provider, READ)["items"]] == ["i-1"]
    with pytest.raises(Unavailable):
        weather.perform(provider, evolve(READ, place="zone-b"))


def test_latency_passes_by_the_providers_clock(provider):
    weather = Weather(Faults(latency_seconds=2.0))
    for _ in range(10):
        weather.perform(provider, READ)
    assert 100.0 < provider.moment <= 120.0


def test_injected_faults_end_with_their_block():
    with simulate():
        with inject_faults("fake", Faults(at=5)) as weather, pytest.raises(Crash):
            apply(plan(SHOP, PRODUCTION), seed=0)
        assert weather.calls == 5
        assert apply(plan(SHOP, PRODUCTION), seed=0).succeeded
        assert weather.calls == 5


def test_a_hand_that_lags_is_owned_up_to():
    def visibility_seconds():
        with closing(registry.connect(PRODUCTION)) as provider:
            return provider.capabilities.visibility_seconds

    with simulate():
        before = visibility_seconds()
        with wrap_calls("fake", pass_through, lag_seconds=7.0):
            assert visibility_seconds() == before + 7.0
        assert visibility_seconds() == before


def test_a_wrapped_provider_keeps_its_plugin_and_so_its_abilities():
    plugin = registry.plugin("fake")
    with wrap_calls("fake", pass_through):
        assert registry.plugin("fake") is plugin


def test_calls_pass_through_each_hand_that_wraps_them():
    def add_a_hand(name):
        def hand(provider, call):
            passed.append(name)
            return provider.perform(call)

        return wrap_calls("fake", hand)

    passed = []
    with (
        simulate(),
        add_a_hand("inner"),
        add_a_hand("outer"),
        closing(registry.connect(PRODUCTION)) as provider,
    ):
        provider.perform(provider.account_calls()[0])
    assert passed == ["outer", "inner"]


def test_a_provider_that_is_not_installed_cannot_be_wrapped():
    with pytest.raises(Unsupported, match="no provider 'azure'"), wrap_calls("azure", pass_through):
        pass


def test_a_stale_answer_comes_from_the_place_that_is_asked():
    with simulate(), inject_faults("fake", Faults(stale=1.0, stale_seconds=60.0)):
        east, west = (Environment(name, on=f"fake:{name}-1") for name in ("us-east", "us-west"))
        for environment in (east, west):
            with closing(registry.connect(environment)) as provider:
                answers = {call: [provider.perform(call)] for call in provider.catalogue_calls()}
                zones = provider.catalogue(answers).zones
                assert all(zone.name.startswith(environment.region) for zone in zones)


@pytest.mark.parametrize("nonsense", [{"throttled": 2}, {"stale": -0.1}, {"at": 0}, {"mishap": "explodes"}])
def test_what_is_no_fault_is_refused(nonsense):
    with pytest.raises(ValueError, match=next(iter(nonsense))):
        Faults(**nonsense)


@pytest.mark.parametrize("at", [9999, "DeleteVolume"])
def test_a_mishap_that_never_happened_showed_nothing(at):
    with (
        simulate(),
        pytest.raises(AssertionError, match=f"call {at} never came"),
        inject_faults("fake", Faults(at=at)),
    ):
        apply(plan(SHOP, PRODUCTION), seed=0)
