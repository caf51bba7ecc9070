"""A host has one network card, behind its wall, and those that it was declared with: whatever else a person
does to its cards is a difference, and none of it keeps anybody from seeing the host.
"""

import pytest
from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Firewall, Instance, Subnet
from portinfra.provider.interface import DONE, Call, Names, Refs, Refuse
from portinfra_libvirt import disks, domains, marks, networks, xml
from portinfra_libvirt.drivers.instance import InstanceDriver
from portinfra_libvirt.site import Hypervisor, Site

SCOPE = Scope("shop", "production")
SITE = Site("laptop", (Hypervisor("laptop", "qemu:///system", ("a",)),))
CIDR = "10.30.0.0/16"
WEB1 = Address("instance.web1")
MAC = domains.mac(SCOPE, WEB1)
NETWORK, DOMAIN, WALL = (SCOPE.native_name(name) for name in ("main", "web1", "web"))
LIES = disks.directory(SITE.directory, SCOPE)
ROOT, SEED = f"{LIES}/instance.web1.1-2.qcow2", f"{LIES}/instance.web1.1-2.iso"
FURTHER = "<interface type='bridge'><source bridge='br9'/></interface>"
ANOTHER = (
    "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/></interface>"
)
OTHERS_IP = "<parameter name='IP' value='10.30.99.99'/>"


def described(devices=""):
    said = {
        **{"scope": str(SCOPE), "address": str(WEB1), "attempt": "1-2", "zone": "a", "disk_gib": 1},
        **{"private_address": "10.30.0.4", "native": {"devices": devices} if devices else {}},
    }
    guest = domains.Guest(
        *(DOMAIN, said, "c1-m128", NETWORK, MAC, WALL, "10.30.0.4", ROOT, SEED), devices=devices
    )
    return domains.document(guest)


def seen(kept, live=None, site=SITE, **state):
    driver = InstanceDriver(site)
    subnet = {"address": "subnet.web-0", "cidr": "10.30.0.0/22", "zone": "a"}
    said = {"scope": str(SCOPE), "address": "network.main", "cidr": CIDR, "subnets": {"web-0": subnet}}
    network = networks.record(networks.document(NETWORK, CIDR, said, SCOPE, site), True)
    network["pins"] = [{"mac": MAC, "ip": "10.30.0.4"}]
    secret = {"scope": str(SCOPE), "address": str(WEB1), "file": ROOT.rpartition("/")[2]}
    told = {
        "networks": [network],
        "domains": [
            {"active": True, "autostart": True, "halted": "", **domains.record(kept, live or kept), **state}
        ],
        "disks": [
            {"file": path.rpartition("/")[2], "path": path, "bytes": disks.GIB, "allocated": disks.GIB}
            for path in (ROOT, SEED)
        ],
        "secrets": [{"file": secret["file"], "path": ROOT, "said": marks.to_text(secret)}],
    }
    names = Names(
        SCOPE,
        {f"firewall:{WALL}": Address("firewall.web"), f"subnet:{NETWORK}/web-0": Address("subnet.web-0")},
    )
    (found,) = driver.assemble({Call("Survey", {"at": "laptop"}): [told]}, names)
    return driver, found


def next_call(driver, found, want):
    subnet = Observed(
        Address("subnet.web-0"),
        Subnet("web-0", None, "10.30.0.0/22", "a"),
        {"network": NETWORK, "cidr": CIDR},
    )
    wall = Observed(Address("firewall.web"), Firewall("web", None), {"name": WALL})
    refs = Refs(SCOPE, "attempt", {each.address: each for each in (subnet, wall)})
    return driver.next_call(want, found, refs)


def as_declared(devices=""):
    _, found = seen(described(devices))
    return found.spec


def without(document, path):
    root = xml.parse(document)
    devices = root.find("devices")
    for each in root.findall(path):
        devices.remove(each)
    return xml.to_text(root)


@pytest.mark.parametrize("devices", ["", FURTHER])
def test_a_host_as_it_was_made_is_as_declared(devices):
    driver, found = seen(described(devices))
    assert isinstance(found.spec, Instance)
    assert (found.spec.firewall, found.state) == (Address("firewall.web"), "ready")
    assert next_call(driver, found, as_declared(devices)) is DONE


@pytest.mark.parametrize("devices", ["", FURTHER])
@pytest.mark.parametrize(
    "by_hand",
    [
        lambda document: document.replace("<serial type", f"{ANOTHER}<serial type"),
        lambda document: document.replace("</filterref>", f"{OTHERS_IP}</filterref>"),
        lambda document: document.replace("value='10.30.0.4'", "value='10.30.99.99'"),
        lambda document: document.replace("</filterref>", "<parameter name='MAC' value='x'/></filterref>"),
        lambda document: document.replace(MAC, "52:54:00:00:00:01"),
        lambda document: document.replace(f'network="{NETWORK}"', "network='default'"),
        lambda document: without(document, "devices/interface"),
    ],
    ids=["another card", "another address too", "another address", "more", "mac", "network", "no card"],
)
def test_another_card_or_another_address_is_a_difference_and_mended_in_place(by_hand, devices):
    good = described(devices)
    for kept, live in ((by_hand(good), good), (good, by_hand(good)), (by_hand(good), by_hand(good))):
        driver, found = seen(kept, live)
        assert found.spec.firewall is None
        call = next_call(driver, found, as_declared(devices))
        assert isinstance(call, Call)
        assert call.action == "ChangeCard"
        assert xml.attribute(xml.parse(call.parameters["card"]), "mac", "address") == MAC
        assert driver.absorb(found, call, {}).spec == as_declared(devices)


def test_what_is_strange_is_told_from_what_was_declared():
    for document in (
        described(FURTHER),
        described(FURTHER).replace("<serial type", f"{ANOTHER}<serial type"),
    ):
        cards = domains.cards(xml.parse(document))
        strange = [cards[number] for number in domains.strange(cards, MAC, FURTHER)]
        assert [each["network"] for each in strange] == (["default"] if ANOTHER in document else [])


def test_a_host_without_a_card_can_go():
    driver, found = seen(without(described(), "devices/interface"))
    actions = []
    while found is not None:
        call = next_call(driver, found, None)
        actions.append(call.action)
        found = driver.absorb(found, call, {})
    assert actions == ["CutPower", "DeleteDisk", "DeleteDisk", "PinAddress", "UndefineDomain"]


@pytest.mark.parametrize(("power", "action"), [("running", "StartDomain"), ("stopped", "CutPower")])
def test_a_host_that_is_paused_neither_runs_nor_has_stopped(power, action):
    driver, found = seen(described(), halted="it is paused")
    assert (found.state, found.reason, found.spec.power) == ("pending", "it is paused", "stopped")
    want = evolve(as_declared(), power=power)
    call = next_call(driver, found, want)
    assert isinstance(call, Call)
    assert call.action == action
    assert next_call(driver, driver.absorb(found, call, {}), want) is DONE


@pytest.mark.parametrize("target", [domains.ROOT_TARGET, domains.SEED_TARGET])
def test_a_host_whose_own_disk_was_taken_from_its_definition_is_left_alone(target):
    driver, found = seen(without(described(), f"devices/disk/target[@dev='{target}']/.."), described())
    assert found.state == "pending"
    assert isinstance(next_call(driver, found, as_declared()), Refuse)
