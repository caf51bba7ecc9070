"""Reading a world, page by page and place by place."""

import pytest
from toycloud import ListingDriver, ToyProvider

from portinfra import errors
from portinfra.model.address import Scope
from portinfra.model.resources import Instance, Volume
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
    assert asked == [("List instance", "a"), ("List instance", "b"), ("List volume", "a")]


def test_what_is_refused_for_another_reason_is_no_silence():
    def ask(call):
        raise errors.PermissionDenied("no")

    with pytest.raises(errors.PermissionDenied):
        reader(ask).observe(SCOPE)
