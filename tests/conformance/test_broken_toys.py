"""The suite fails for a provider that breaks one law, and says which."""

import uuid

import pytest
from attrs import evolve

from portinfra.model.resources import PublicAddress
from portinfra.provider import registry
from portinfra.testing.conformance import ProviderConformance, Stage
from portinfra.testing.conformance.bed import fit_topologies
from portinfra.testing.conformance.suite.crashes import CrashAtEveryCall
from portinfra.testing.conformance.suite.faults import BadWeather
from portinfra.testing.conformance.suite.optional_abilities import OptionalAbilities
from portinfra.testing.conformance.suite.repair import Repair
from portinfra.testing.conformance.suite.steady_traffic import SteadyTraffic
from portinfra.testing.conformance.suite.worlds import Worlds

from .toy.bed import ToyBed
from .toy.cloud import ToyCloud
from .toy.drivers.attachment import AttachmentDriver
from .toy.drivers.common import ToyDriver
from .toy.drivers.instance import InstanceDriver
from .toy.drivers.subnet import SubnetDriver
from .toy.plugin import ToyPlugin
from .toy.provider import CAPABILITIES, ToyProvider

suite = ProviderConformance()


@pytest.fixture
def bed():
    cloud = ToyCloud()
    with registry.substitute(ToyPlugin(cloud)):
        yield ToyBed(cloud)


@pytest.fixture
def stage(bed):
    return Stage(bed)


def change_calls(monkeypatch, driver, method, change):
    """Let a method of a driver return its call with changed parameters."""
    usual = getattr(driver, method)

    def changed(self, *arguments):
        call = usual(self, *arguments)
        return evolve(call, parameters=change(dict(call.parameters), *arguments))

    monkeypatch.setattr(driver, method, changed)


def test_a_driver_whose_token_is_random_fails(stage, monkeypatch):
    change_calls(monkeypatch, ToyDriver, "create", lambda body, *_: body | {"token": uuid.uuid4().hex})
    with pytest.raises(AssertionError, match=r"NetworkDriver\.next_call for network\.main: POST /networks"):
        suite.test_a_driver_that_is_asked_twice_returns_the_same_call(stage)


def test_a_driver_that_writes_tags_in_the_order_in_which_they_come_fails(stage, monkeypatch):
    change_calls(
        monkeypatch, ToyDriver, "create", lambda body, want, _: body | {"tags": [*getattr(want, "tags", ())]}
    )
    stage.bed.environment = evolve(stage.bed.environment, tags={"a": "1", "b": "2"})
    with pytest.raises(AssertionError, match=r"\['a', 'b'.*\n.*\['b', 'a'|\['b', 'a'.*\n.*\['a', 'b'"):
        suite.test_equal_arguments_in_another_order_get_the_same_call(Stage(stage.bed))


def test_a_driver_that_leaves_out_the_place_fails(stage, monkeypatch):
    usual = AttachmentDriver.assemble

    def assemble(self, answers, names):
        return [evolve(seen, place=None) for seen in usual(self, answers, names)]

    monkeypatch.setattr(AttachmentDriver, "assemble", assemble)
    with pytest.raises(AssertionError, match=r"its place is None, and its host is in north-\d"):
        suite.test_the_place_of_an_attachment_is_the_zone_of_its_host(stage)


@pytest.mark.parametrize(
    ("driver", "left", "kind"),
    [
        (SubnetDriver, set(), "network"),
        (InstanceDriver, {"subnet"}, "firewall"),
        (InstanceDriver, {"firewall"}, "subnet"),
    ],
)
def test_a_driver_that_leaves_out_a_reference_of_holds_fails(stage, monkeypatch, driver, left, kind):
    monkeypatch.setattr(driver, "holds", frozenset(left))
    with pytest.raises(AssertionError, match=f"^{kind}.* cannot be replaced"):
        suite.test_what_refers_to_a_replaced_resource_is_replaced_with_it_or_bound_again(stage, kind)


def test_a_creation_without_the_owner_is_named(stage, monkeypatch):
    change_calls(monkeypatch, SubnetDriver, "create", lambda body, *_: body | {"labels": {}})
    with pytest.raises(AssertionError, match=r"POST /subnets created subnet\..* no list shows it by its"):
        suite.test_each_creation_itself_writes_the_owner(stage)


def test_a_bed_whose_hosts_do_not_fail_is_told_how_often_it_was_asked(stage, monkeypatch):
    monkeypatch.setattr(stage.bed, "fail_next_host", lambda: None, raising=False)
    with pytest.raises(AssertionError, match="fail_next_host was called 8 times: each call must"):
        suite.test_what_fails_after_it_was_accepted_names_the_class_of_its_error(stage)


def test_a_call_that_no_plan_foretold_is_named(stage, monkeypatch):
    usual = ToyDriver.absorb

    def forget_public(self, seen, call, answer):
        there = usual(self, seen, call, answer)
        real = answer is not None and call.action.startswith("POST /subnets")
        return evolve(there, spec=evolve(there.spec, public=not there.spec.public)) if real else there

    monkeypatch.setattr(ToyDriver, "absorb", forget_public)
    with pytest.raises(AssertionError, match=r"made and not foretold: \['PATCH /subnets/\{id\} subnet\."):
        suite.test_the_calls_that_a_plan_foretells_are_the_calls_that_are_made(stage)


def test_a_finding_about_the_topology_of_the_suite_points_at_its_line(stage):
    assert stage.bed.before.roles[0].location.file.endswith("conformance/topologies.py")


def test_a_toy_without_public_addresses_needs_no_driver_for_them(monkeypatch):
    monkeypatch.setattr(ToyProvider, "capabilities", evolve(CAPABILITIES, public_addresses=False))
    cloud = ToyCloud()
    plugin = ToyPlugin(cloud, capabilities=ToyProvider.capabilities)
    usual = ToyPlugin.connect

    def connect(self, environment):
        provider = usual(self, environment)
        provider.drivers = {k: driver for k, driver in provider.drivers.items() if k is not PublicAddress}
        return provider

    monkeypatch.setattr(ToyPlugin, "connect", connect)
    with registry.substitute(plugin):
        bed = ToyBed(cloud)
        fit_topologies(bed)
        suite.test_it_becomes_what_a_fresh_world_would_be(Stage(bed))
        suite.test_limits_are_held_before_any_call(Stage(bed))


def test_the_suite_begins_with_its_simplest_tests_and_ends_with_crashes():
    """pytest runs the tests of a base class before those of the class that inherits it."""
    classes = [each for each in reversed(ProviderConformance.__mro__) if each.__module__ != "builtins"]
    assert classes[0] is OptionalAbilities
    assert classes.index(Worlds) < min(map(classes.index, (Repair, BadWeather, SteadyTraffic)))
    assert classes[-2] is CrashAtEveryCall
