"""What a look at a hypervisor asks for, and what of it is the scope's."""

import libvirt
import pytest

from portinfra.model.address import Scope
from portinfra.provider.record_names import record_name
from portinfra_libvirt.actions import survey
from portinfra_libvirt.site import Hypervisor, Site

HERE = (Hypervisor("rack", "qemu:///system", ("a",)),)


class Named:
    def __init__(self, name):
        self._name = name

    def name(self):
        return self._name


class WithoutInterfaces:
    """A hypervisor that has no driver for network interfaces."""

    def getInfo(self):
        return ["x86_64", 2048, 2]

    def getHostname(self):
        return "rack"

    def storagePoolLookupByName(self, name):
        error = libvirt.libvirtError(name)
        error.err = (libvirt.VIR_ERR_NO_STORAGE_POOL, 0, "", 0, "", None, None, 0, 0)
        raise error

    def listAllInterfaces(self):
        raise libvirt.libvirtError("this function is not supported by the connection driver")


@pytest.mark.parametrize("topology", ["shop", "motor-claim-portal", "a-topology-with-so-long-a-name-" * 2])
@pytest.mark.parametrize("resource", ["web1", "claim-desk1", "web-claim-1"])
def test_what_is_called_like_a_claim_is_seen_and_a_claim_is_not(topology, resource):
    scope = Scope(topology, "production")
    listed = [Named(scope.native_name(resource)), Named(record_name(scope, 7)), Named("somebody")]
    assert [each.name() for each in survey._of(scope, listed)] == [scope.native_name(resource)]


def test_interfaces_are_asked_for_only_where_guests_share_a_bridge():
    there = WithoutInterfaces()
    assert survey.machine(there, Site("rack", HERE))["interfaces"] == []
    with pytest.raises(libvirt.libvirtError):
        survey.machine(there, Site("rack", HERE, bridge="br-guests"))
