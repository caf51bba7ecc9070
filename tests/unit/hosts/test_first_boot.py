"""New hosts carry the script of their first boot. It is the same after a crash, and replaces no host."""

from contextlib import contextmanager

import pytest
from attrs import evolve
from service_shop import PRODUCTION, SHOP, with_count

from portinfra import apply, plan
from portinfra.hosts.first_boot import boot_scripts
from portinfra.model.address import Address
from portinfra.placement import place
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.fake import plugin
from portinfra.testing.faults import Crash, Faults, inject_faults


@pytest.fixture(autouse=True)
def cloud(fake_cloud):
    return fake_cloud


@contextmanager
def created():
    """Yield the parameters of each accepted creation of a host, in order."""
    seen = []

    def hand(provider, call):
        answer = provider.perform(call)
        if call.action == "CreateInstance":
            seen.append(call.parameters)
        return answer

    with wrap_calls("fake", hand):
        yield seen


def bring(topology):
    with created() as seen:
        apply(plan(topology, PRODUCTION), seed=0)
    return {each["private_address"]: each.get("boot_script", "") for each in seen}


def expected(topology):
    """Return private address → the script that the pure function makes."""
    placed = place(topology, PRODUCTION)
    scripts = boot_scripts(placed, plugin)
    hosts = [spec for address, spec in placed.resources.items() if address.kind == "instance"]
    return {host.private_address: scripts(host).text for host in hosts}


def test_each_new_host_gets_its_own_script():
    scripts = bring(SHOP)
    assert scripts == expected(SHOP)
    assert len(set(scripts.values())) == 12


def test_without_delivery_no_host_gets_one():
    assert set(bring(evolve(SHOP, delivery="")).values()) == {""}


def test_a_later_delivery_or_another_count_replaces_no_host():
    bring(evolve(SHOP, delivery=""))
    assert plan(SHOP, PRODUCTION).empty
    (scripts,) = bring(with_count(SHOP, "app", 7)).values()
    assert "app7" in scripts
    assert plan(with_count(SHOP, "app", 7), PRODUCTION).empty


@pytest.mark.parametrize("mishap", ["dies before", "dies after"])
def test_a_run_after_a_crash_gives_the_same_scripts(mishap):
    with created() as seen:
        faults = Faults(at="CreateInstance", mishap=mishap)
        with inject_faults("fake", faults), pytest.raises(Crash):
            apply(plan(SHOP, PRODUCTION), seed=0)
        apply(plan(SHOP, PRODUCTION), seed=0)
    scripts = expected(SHOP)
    assert {each["private_address"] for each in seen} == scripts.keys()
    for each in seen:
        assert each["boot_script"] == scripts[each["private_address"]]


def test_a_host_that_its_topology_does_not_place_has_no_script():
    placed = place(SHOP, PRODUCTION)
    host = placed.resources[Address("instance.web1")]
    assert boot_scripts(placed, plugin)(evolve(host, name="web9")).text == ""


def test_a_plan_shows_no_script():
    made = plan(SHOP, PRODUCTION)
    assert "boot_script" not in str(made)
