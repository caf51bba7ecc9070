"""On a site of one hypervisor, too, what was changed by hand is seen: there is no other to differ from."""

import pytest

from portinfra.model.address import Scope
from portinfra.provider.interface import Call, Names, Refs
from portinfra_libvirt import filters, networks
from portinfra_libvirt.drivers.firewall import FirewallDriver
from portinfra_libvirt.drivers.network import NetworkDriver
from portinfra_libvirt.site import Hypervisor, Site

SCOPE = Scope("shop", "production")
SITE = Site("laptop", (Hypervisor("laptop", "qemu:///system", ("a", "b")),))
CIDR = "10.30.0.0/16"
SAID = {"scope": str(SCOPE), "address": "network.main", "cidr": CIDR}
OPENED = "<rule action='accept' direction='inout' priority='-999'><all/></rule></filter>"


def seen(driver, **told):
    survey = Call("Survey", {"at": "laptop"})
    (found,) = driver.assemble({survey: [told]}, Names(SCOPE, {}))
    return found


def network(active=True, site=SITE):
    document = networks.document(SCOPE.native_name("main"), CIDR, SAID, SCOPE, site)
    return networks.record(document, active)


def wall():
    return filters.document(SCOPE.native_name("web"), "firewall.web web 10.30.0.0/24 attempt")


def test_a_network_as_it_was_made_is_ready():
    assert seen(NetworkDriver(SITE), networks=[network()]).state == "ready"


@pytest.mark.parametrize(
    "record",
    [
        network(active=False),
        {**network(), "forward": "nat"},
        {**network(), "forwards": True},
    ],
)
def test_a_network_that_was_stopped_or_forwards_otherwise_is_defined_anew(record):
    driver = NetworkDriver(SITE)
    found = seen(driver, networks=[record])
    assert found.state == "pending"
    assert found.reason == "its definitions are not as they were made"
    call = driver.next_call(found.spec, found, Refs(SCOPE, "attempt", {}))
    assert isinstance(call, Call)
    assert call.action == "DefineNetwork"
    assert driver.absorb(found, call, {}).state == "ready"


def test_a_filter_that_was_opened_is_defined_anew():
    driver = FirewallDriver(SITE)
    assert seen(driver, filters=[wall()]).state == "ready"
    found = seen(driver, filters=[wall().replace("</filter>", OPENED)])
    assert found.state == "pending"
    call = driver.next_call(found.spec, found, Refs(SCOPE, "attempt", {}))
    assert isinstance(call, Call)
    assert call.action == "DefineFilter"
