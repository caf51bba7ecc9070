"""Reading a world, page by page and place by place."""

import pytest
from attrs import evolve
from toycloud import ListingDriver, ToyProvider

from portinfra import errors
from portinfra.execution.caller import Caller
from portinfra.model.address import Address, Scope
from portinfra.model.observed import UNSEEN, Observed
from portinfra.model.resources import Instance, Network, Volume
from portinfra.observation import Reader
from portinfra.provider.interface import Call

SCOPE = Scope("sample", "production")


class ZonalDriver(ListingDriver):
    """Lists zone by zone."""

    def survey(self, scope, only=()):
        return tuple(Call(f"List {self.spec.kind}", place=zone) for zone in ("a", "b"))

    def assemble(self, answers, names):
        return []


def reader(ask):
    provider = ToyProvider()
    provider.drivers = {kind: ZonalDriver(kind) for kind in (Instance, Volume)}
    return Reader(provider, ask)


def test_a_zone_that_does_not_answer_is_unknown_and_is_asked_once():
    asked = []

    def ask(call):
        asked.append((call.action, call.place))
        if call.place == "b":
            raise errors.Unavailable("no answer")
        return {"items": []}

    observation = reader(ask).observe(SCOPE)
    assert observation.unknown == {"b"}
    assert asked == [("List instance", "a"), ("List volume", "a"), ("List instance", "b")]


@pytest.mark.parametrize("error", [errors.Unavailable, errors.OutcomeUnknown, errors.RateLimited])
def test_a_zone_that_is_left_out_is_asked_once_without_a_pause(error):
    asked = []

    def perform(call):
        asked.append((call.action, call.place))
        if call.place == "b":
            raise error("not now")
        return {"items": []}

    provider = ToyProvider()
    provider.perform = perform
    caller = Caller(provider)
    reading = reader(caller.with_retries)
    assert reading.observe(SCOPE, frozenset({"b"})).unknown == {"b"}
    assert asked == [("List instance", "a"), ("List volume", "a"), ("List instance", "b")]


def test_what_is_refused_for_another_reason_is_no_silence():
    def ask(call):
        raise errors.PermissionDenied("no")

    with pytest.raises(errors.PermissionDenied):
        reader(ask).observe(SCOPE)


class DoublingDriver(ListingDriver):
    """Sees an empty double beside each."""

    def assemble(self, answers, names):
        spec = self.spec("data", 1) if self.spec is Volume else self.spec("main", "10.0.0.0/16")
        return [Observed(spec.address, spec, {"id": "a"}, extras=({"id": "b"},))]


def test_what_may_hold_data_is_never_a_double_to_be_removed():
    provider = ToyProvider()
    provider.drivers = {kind: DoublingDriver(kind) for kind in (Network, Volume)}
    observation = Reader(provider, lambda call: {"items": []}).observe(SCOPE)
    extras = {address.kind: seen.extras for address, seen in observation.resources.items()}
    assert extras == {"network": ({"id": "b"},), "volume": ()}
    assert observation.unexplained == ("volume.data: b beside a",)


def test_a_zone_whose_answers_do_not_come_in_time_is_silent_too():
    def ask(call):
        if call.place == "b":
            raise errors.OutcomeUnknown("timed out")
        return {"items": []}

    assert reader(ask).observe(SCOPE).unknown == {"b"}


class TellingDriver(ListingDriver):
    """A list that tells little, and a read for the rest, which knows nothing of what was just made."""

    def assemble(self, answers, names):
        spec = Volume("data", 1)
        return [Observed(spec.address, spec, {"id": "a"}, self.state)]

    def detail(self, seen):
        return Call("Describe")


@pytest.mark.parametrize(("state", "taken_for"), [("ready", "pending"), ("deleting", "deleting")])
def test_what_is_listed_and_cannot_be_found_is_not_settled(state, taken_for):
    provider = ToyProvider()
    provider.drivers = {Volume: TellingDriver(Volume)}
    provider.drivers[Volume].state = state

    def ask(call):
        if call.action == "Describe":
            raise errors.NotFound("no such volume")
        return {"items": []}

    (seen,) = Reader(provider, ask).observe(SCOPE).resources.values()
    assert seen.state == taken_for


class DiskDriver(ListingDriver):
    """A list that shows no root disks, and a read for the disk of one host."""

    replaces = frozenset({"disk_gib"})

    def assemble(self, answers, names):
        return [host("h1", UNSEEN, machine_type="changed")]

    def detail(self, seen):
        return Call("Describe") if seen.spec.disk_gib is UNSEEN else None

    def absorb(self, seen, call, answer):
        return evolve(seen, spec=evolve(seen.spec, disk_gib=answer["gib"]))


def host(id, disk_gib, machine_type="small"):
    spec = Instance("web1", None, None, "a", "10.0.0.4", machine_type, "debian-12", disk_gib=disk_gib)
    return Observed(spec.address, spec, {"id": id})


@pytest.mark.parametrize(
    ("known", "disk_gib"), [(host("h1", 10), 10), (host("h0", 10), 99), (host("h1", UNSEEN), 99)]
)
@pytest.mark.parametrize("is_awaited", [True, False])
def test_while_a_run_waits_a_known_host_keeps_what_no_call_can_change(known, disk_gib, is_awaited):
    """Of another host, and of one about which nothing is known, the rest is read."""
    provider = ToyProvider()
    provider.drivers = {Instance: DiskDriver(Instance)}
    reads = Reader(provider, lambda call: {"items": [], "gib": 99})
    other = evolve(host("", 1), address=Address("instance.web2"))
    awaited, world = ([known], {}) if is_awaited else ([other], {known.address: known})
    (seen,) = reads.look(SCOPE, awaited, world).resources.values()
    assert (seen.spec.disk_gib, seen.spec.machine_type) == (disk_gib, "changed")
    (verified,) = reads.observe(SCOPE).resources.values()
    assert verified.spec.disk_gib == 99
