"""The filters of libvirt's hypervisors, redefined one after the other, never close what stays allowed."""

import pytest

from portinfra import Environment
from portinfra.testing.conformance.rule_walk import RuleWalker
from portinfra.testing.conformance.suite.steady_traffic import assert_traffic_is_steady
from portinfra_libvirt.catalogue import DESCRIBE, assemble
from portinfra_libvirt.drivers import drivers
from portinfra_libvirt.site import Hypervisor, Site

TOLD = {
    "interfaces": ["br0"],
    "images": ["debian-12.qcow2"],
    "memory_mib": 8192,
    "processors": 2,
    "hostname": "rack",
}
ALONE = Site("rack", (Hypervisor("rack", "qemu:///system", ("a", "b")),))
TWO = Site("racks", tuple(Hypervisor(zone, f"qemu://{zone}/system", (zone,)) for zone in "ab"), bridge="br0")


@pytest.mark.parametrize("site", [ALONE, TWO], ids=["one hypervisor", "two hypervisors"])
@pytest.mark.parametrize("forget", [False, True], ids=["in one run", "with a crash after each call"])
def test_a_change_of_rules_closes_nothing_that_is_allowed_before_and_after(site, forget):
    environment = Environment("production", on=f"libvirt:{site.name}", cidr="10.10.0.0/16", zones=["a", "b"])
    described = {DESCRIBE: [{each.name: TOLD for each in site.hypervisors}]}
    catalogue = assemble(environment, site, "rack", described)
    assert_traffic_is_steady(RuleWalker(environment, catalogue, drivers(site)), forget=forget)
