"""Who shares a bridge with an environment must not be able to use an address of it."""

import threading

import libvirt
import pytest

from portinfra.errors import InvalidRequest
from portinfra.model.address import Scope
from portinfra_libvirt import domains, networks, xml
from portinfra_libvirt.actions.foreign import unfiltered_guests
from portinfra_libvirt.actions.hypervisor import Hand
from portinfra_libvirt.actions.networking import define_network
from portinfra_libvirt.site import Hypervisor, Site

SITE = Site("rack", (Hypervisor("a", "qemu+ssh://hv1/system", ("a",)),), bridge="br-guests")
SCOPE = Scope("shop", "production")
CLEAN = "<filterref filter='clean-traffic'/>"


class Guest:
    """A running guest with a card on a bridge."""

    def __init__(self, name, bridge="br-guests", filter="", metadata=""):
        self.called = name
        card = f"<interface type='bridge'><source bridge='{bridge}'/>{filter}</interface>"
        self.text = f"<domain><metadata>{metadata}</metadata><devices>{card}</devices></domain>"

    def name(self):
        return self.called

    def XMLDesc(self):
        return self.text


class Machine:
    def __init__(self, *guests):
        self.guests = guests

    def listAllDomains(self, flags):
        assert flags == libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE
        return list(self.guests)

    def listAllNetworks(self):
        return []

    def networkLookupByName(self, name):
        error = libvirt.libvirtError("gone")
        error.err = (libvirt.VIR_ERR_NO_NETWORK, 0, "gone", 2, None, None, None, -1, -1)
        raise error

    def networkDefineXML(self, document):
        raise AssertionError("it is not made")


def test_a_guest_without_a_filter_on_the_bridge_is_a_stranger():
    ours = xml.owner_element(domains.URI, "{}")
    machine = Machine(
        Guest("open"),
        Guest("filtered", filter=CLEAN),
        Guest("elsewhere", bridge="br-other"),
        Guest("of-an-environment", metadata=ours),
    )
    assert unfiltered_guests(machine, "br-guests") == ["open"]


def test_no_network_is_made_on_a_bridge_with_a_stranger():
    document = networks.document("shop-net", "10.20.0.0/16", {"scope": str(SCOPE)}, SCOPE, SITE)
    with pytest.raises(InvalidRequest, match="the guest open is on the bridge br-guests") as caught:
        define_network(Hand(Machine(Guest("open")), SITE, threading.RLock()), "shop-net", document)
    assert "clean-traffic" in caught.value.fix
