"""A zone that falls silent in the middle of an apply: what is in it is not known, and all else goes on."""

import pytest
from toy import topology
from toycloud import ListingDriver, ToyProvider, plan_for, run

from portinfra import Role, errors
from portinfra.model.resources import Instance
from portinfra.provider.interface import Call

ZONES = ("zone-a", "zone-b", "zone-c")


class ZonalDriver(ListingDriver):
    """Hosts, listed zone by zone."""

    def survey(self, scope, only=()):
        return tuple(Call("List", {"kind": "instance", "zone": zone}, place=zone) for zone in ZONES)

    def assemble(self, answers, names):
        return [
            seen
            for call, (answer,) in answers.items()
            for seen in answer["items"]
            if seen.spec.zone == call.place
        ]


@pytest.fixture
def provider():
    provider = ToyProvider(pending_seconds=30)
    provider.drivers = {**ToyProvider.drivers, Instance: ZonalDriver(Instance)}
    return provider


def silent(call):
    if call.place == "zone-b":
        raise errors.Unavailable("no answer")


def test_what_waits_in_it_fails_with_advice_and_all_else_is_done(provider):
    plan = plan_for(provider, topology(Role("web", count=3)))
    provider.mute = silent
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan)
    fates = {step.step.address: step for step in caught.value.outcome.steps}
    failed = fates.pop("instance.web2")
    assert failed.fate == "failed"
    assert "zone-b does not answer" in str(failed.error)
    assert "--without-zone" in failed.error.fix
    assert {step.fate for step in fates.values()} == {"done"}


def test_nothing_is_made_twice_because_it_was_not_seen(provider):
    plan = plan_for(provider, topology(Role("web", count=3)))
    provider.mute = silent
    lost = iter(range(1))

    def lose(call):
        if call.address == "instance.web2" and next(lost, None) is not None:
            raise errors.OutcomeUnknown("no answer")

    provider.lose = lose
    with pytest.raises(errors.ApplyError):
        run(provider, plan)
    assert [address for _, _, address in provider.made].count("instance.web2") == 1


def test_a_zone_that_does_not_answer_the_last_look_is_no_success(provider):
    plan = plan_for(provider, topology(Role("web", count=3)))
    provider.pending_seconds = 0

    def lose(call):
        if call.address == "instance.web3":
            provider.mute = silent

    provider.lose = lose
    with pytest.raises(errors.ApplyError, match="zone-b did not answer") as caught:
        run(provider, plan)
    assert caught.value.outcome.unverified == {"zone-b"}


def test_a_claim_stays_as_long_as_anything_does(provider):
    provider.pending_seconds = 0
    run(provider, plan_for(provider, topology(Role("web", count=3))))
    provider.mute = silent
    plan = plan_for(provider, topology(Role("web", count=3)), destroy=True, without_zones={"zone-b"})
    run(provider, plan)
    assert provider.leases
    provider.mute = lambda call: None
    run(provider, plan_for(provider, topology(Role("web", count=3)), destroy=True))
    assert not provider.leases


def test_a_claim_stays_where_nobody_can_say_that_nothing_does(provider):
    provider.pending_seconds = 0
    run(provider, plan_for(provider, topology(Role("web", count=3))))
    plan = plan_for(provider, topology(Role("web", count=3)), destroy=True)

    def lose(call):
        if call.address == "network.main":
            provider.mute = silent

    provider.lose = lose
    with pytest.raises(errors.ApplyError, match="did not answer"):
        run(provider, plan)
    assert provider.leases
