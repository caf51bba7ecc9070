"""What a new guest reads of a topology whose files portinfra delivers: its script, whole, at every boot."""

from email import message_from_string

import pytest
from attrs import evolve

from portinfra import Environment, Role, Service, Topology, Volume, allow, place
from portinfra.hosts.first_boot import boot_scripts
from portinfra.model.address import Address
from portinfra.model.observed import Observed
from portinfra.model.resources import Instance
from portinfra.provider.interface import Call, Refs
from portinfra_libvirt.drivers.instance import InstanceDriver
from portinfra_libvirt.plugin import LibvirtPlugin
from portinfra_libvirt.published import CAPABILITIES
from portinfra_libvirt.site import Hypervisor, Site

SITE = Site("laptop", (Hypervisor("laptop", "qemu:///system", ("a",)),))
MANY = 300
ORDERS = Service("orders", tcp=8443, local_port=8002, app_port=18443)
OWN = "#!/bin/sh\necho hello\n"
TOPOLOGY = Topology(
    "shop",
    [
        Role("web", user_data=OWN),
        Role("app", count=MANY, offers=ORDERS, volumes=[Volume("data", gib=1, mount="/srv")]),
    ],
    [allow("web", ORDERS, why="orders")],
    delivery="files",
)
LAPTOP = Environment("laptop", on="libvirt:laptop", cidr="10.30.0.0/16")
PLACED = place(TOPOLOGY, LAPTOP)
SCRIPTS = boot_scripts(PLACED, LibvirtPlugin())


def seed_of(host):
    """Return the user data in the seed that a driver writes for a host."""
    subnet = PLACED.resources[host.subnet]
    network = {"network": "shop", "cidr": subnet.cidr}
    seen = [Observed(address, spec) for address, spec in PLACED.resources.items() if address != host.address]
    refs = Refs(PLACED.scope, "1-2", {each.address: evolve(each, parts={"name": "x"}) for each in seen})
    refs.seen[host.subnet] = evolve(refs.seen[host.subnet], parts=network)
    driver, found = InstanceDriver(SITE), None
    for _ in range(5):
        call = driver.next_call(host, found, refs)
        assert isinstance(call, Call)
        if call.action == "WriteSeed":
            return call.parameters["files"]["user-data"]
        found = driver.absorb(found, call, {}) if found else call.after
    raise AssertionError("the driver writes no seed")


@pytest.mark.parametrize("name", ["web1", "app300"])
def test_the_seed_has_the_whole_script_before_the_users_own_data(name):
    host = PLACED.resources[Address(f"instance.{name}")]
    assert isinstance(host, Instance)
    script = SCRIPTS(host)
    assert (script.left_out, script.fits) == ((), True)
    written = seed_of(evolve(host, zone="a", machine_type="c1-m128", boot_script=script.text))
    assert len(written.encode()) <= CAPABILITIES.user_data_max_bytes
    if not host.user_data:
        assert written.startswith(f"#cloud-boothook\n{script.text}#!/bin/sh\n"), "mounts follow the script"
        return
    hook, own = message_from_string(written).get_payload()
    assert hook.get_content_type() == "text/cloud-boothook"
    assert hook.get_payload() == f"#cloud-boothook\n{script.text}"
    assert own.get_payload() == OWN
