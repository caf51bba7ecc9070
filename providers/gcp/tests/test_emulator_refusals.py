"""One request each that is refused, and one each that the bed says it cannot serve."""

from typing import Any

import pytest

from emulator import Local
from emulator.hand import DEBIAN, REGION, ZONE, Hand, host, refused
from emulator.raw import Raw

NETWORKS, SUBNETS, ADDRESSES = (
    "global/networks",
    f"regions/{REGION}/subnetworks",
    f"regions/{REGION}/addresses",
)
DISKS, INSTANCES, SNAPSHOTS = f"zones/{ZONE}/disks", f"zones/{ZONE}/instances", "global/snapshots"
S = f"regions/{REGION}/subnetworks/s"
WHOLE = "projects/portinfra-bed/"
N = WHOLE + "global/networks/n"
SUBNET = {"name": "t", "network": N, "ipCidrRange": "10.1.0.0/24"}
BOOT = {"boot": True, "initializeParams": {"sourceImage": DEBIAN}}
INSTANCE = {
    "name": "j",
    "machineType": f"zones/{ZONE}/machineTypes/e2-small",
    "disks": [BOOT],
    "networkInterfaces": [{"subnetwork": S}],
}


@pytest.fixture
def world(hand: Hand, raw: Raw) -> Raw:
    hand.small_world()
    hand.disk()
    return raw


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (NETWORKS, {"name": "m"}, "Legacy networks"),
        (NETWORKS, {"name": "m", "autoCreateSubnetworks": False, "mtu": 9000}, "MTU must be"),
        (NETWORKS, {"autoCreateSubnetworks": False, "name": ""}, "resource.name"),
        (SUBNETS, {"name": "t", "network": N}, "ipCidrRange"),
        (SUBNETS, {**SUBNET, "network": NETWORKS + "/n"}, "The URL is malformed"),
        (DISKS, {"name": "e", "type": f"zones/{ZONE}/diskTypes/pd-ssd"}, "The URL is malformed"),
        (SUBNETS, {"name": "t", "network": "n", "ipCidrRange": "10.1.0.0/24"}, "The URL is malformed"),
        ("global/routes", {"name": "r", "network": N, "destRange": "0.0.0.0/0", "priority": 1},
         "next hop"),
        (ADDRESSES, {"name": "a", "addressType": "INTERNAL"}, "needs a subnetwork"),
        (ADDRESSES, {"name": "a", "subnetwork": WHOLE + S}, "has no subnetwork"),
        (DISKS, {"name": "e", "sourceImage": DEBIAN, "sourceSnapshot": SNAPSHOTS + "/x"}, "Only one"),
        (DISKS, {"name": "e", "sourceImage": "debian-12"}, "The URL is malformed"),
        (SNAPSHOTS, {"name": "x"}, "source disk is required"),
        ("global/healthChecks", {"name": "h", "type": "UDP"}, "Must be one of"),
        ("global/healthChecks", {"type": "TCP"}, "resource.name"),
        (INSTANCES, {**INSTANCE, "disks": [{**BOOT, "boot": False}, BOOT]}, "must be the first disk"),
        (INSTANCES, {**INSTANCE, "disks": [BOOT | {"deviceName": "x"}, {"source": "y", "deviceName": "x"}]},
         "more than once"),
        (INSTANCES, {**INSTANCE, "disks": [{**BOOT, "source": DISKS + "/d"}]}, "Only one of source"),
        (INSTANCES, {**INSTANCE, "disks": [BOOT, {"boot": False}]}, "is required"),
        (INSTANCES, {**INSTANCE, "serviceAccounts": [{"email": "a"}, {"email": "b"}]}, "At most one"),
        (INSTANCES + "/i/attachDisk", {"source": DISKS + "/i"}, "already being used"),
        (INSTANCES + "/i/addAccessConfig?networkInterface=nic7", {}, "interface does not exist"),
        (INSTANCES + "/i/setDiskAutoDelete?deviceName=x&autoDelete=true", None, "No attached disk"),
        (DISKS, [], "Parse Error"),
        (DISKS, {"name": "e", "licenses": "x"}, "(array)"),
        (DISKS, {"name": "e", "labels": "x"}, "(object)"),
        (DISKS, {"name": "e", "description": 7}, "TYPE_STRING"),
        (DISKS, {"name": "e", "sizeGb": "1e3"}, "TYPE_INT64"),
        (DISKS, {"name": "e", "sizeGb": "9" * 30}, "TYPE_INT64"),
        (DISKS, {"name": "e", "sizeGb": True}, "INT64"),
        (INSTANCES + "/i/setTags", {"items": [], "fingerprint": "not base64!"}, "TYPE_BYTES"),
        (INSTANCES + "/i/setDeletionProtection?deletionProtection=perhaps", None, "TYPE_BOOL"),
    ],
)  # fmt: skip
def test_it_is_refused(gce: Local, world: Raw, path: str, body: Any, words: str) -> None:
    before = gce.bed.ground_truth()
    status, _, message = world.refused("POST", path, body)
    assert status == 400
    assert words in message
    assert gce.bed.ground_truth() == before
    assert gce.bed.gaps == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (SUBNETS, {**SUBNET, "purpose": "PEER_MIGRATION"}),
        (SUBNETS, {**SUBNET, "secondaryIpRanges": [{"rangeName": "x"}]}),
        ("global/routes", {"name": "r", "network": N, "destRange": "0.0.0.0/0", "priority": 1,
                           "nextHopIp": "10.0.0.9"}),
        (ADDRESSES, {"name": "a", "ipVersion": "IPV6"}),
        (ADDRESSES, {"name": "a", "address": "34.76.9.9"}),
        ("global/addresses", {"name": "a", "addressType": "INTERNAL"}),
        (DISKS, {"name": "e", "sourceDisk": DISKS + "/d"}),
        (DISKS, {"name": "e", "diskEncryptionKey": {"rawKey": "x"}}),
        (INSTANCES, {**INSTANCE, "machineType": f"zones/{ZONE}/machineTypes/e2-custom-2-4096"}),
        (INSTANCES, {**INSTANCE, "hostname": "a.example.com"}),
        (INSTANCES, {**INSTANCE, "disks": [{**BOOT, "type": "SCRATCH"}]}),
        (INSTANCES, {**INSTANCE, "networkInterfaces": [{"subnetwork": S}, {"subnetwork": S}]}),
        (INSTANCES, {**INSTANCE, "networkInterfaces": [{"subnetwork": S, "aliasIpRanges": [{}]}]}),
        (INSTANCES + "?sourceInstanceTemplate=x", INSTANCE),
        (INSTANCES + "/i/attachDisk", {"initializeParams": {"diskName": "x"}}),
        (INSTANCES + "/i/attachDisk", {"source": DISKS + "/d", "boot": True}),
        (INSTANCES + "/i/addAccessConfig?networkInterface=nic0", {"type": "DIRECT_IPV6"}),
        (INSTANCES + "/i/simulateMaintenanceEvent", None),
    ],
)  # fmt: skip
def test_it_is_a_gap_of_the_bed(gce: Local, world: Raw, path: str, body: Any) -> None:
    before = gce.bed.ground_truth()
    world("POST", path, body)
    assert world.last.status_code == 501
    assert len(gce.bed.gaps) == 1
    assert (gce.bed.ground_truth(), gce.bed.violations) == (before, [])


def test_a_shared_core_has_16_disks_at_most(hand: Hand) -> None:
    hand.small_world()
    for number in range(16):
        hand.disk(f"d{number}", 1)
        attached = {"source": f"{DISKS}/d{number}"}
        if number < 15:
            hand.do("Instances", "attach_disk", zone=ZONE, instance="i", attached_disk_resource=attached)
    with refused(400, "maximum number of attached disks"):
        hand.do("Instances", "attach_disk", zone=ZONE, instance="i", attached_disk_resource=attached)


def test_a_disk_is_on_several_instances_only_where_all_read(hand: Hand) -> None:
    hand.small_world()
    hand.disk()
    for name in "jk":
        hand.host(name)
    attached = {"source": f"{DISKS}/d", "mode": "READ_ONLY"}
    for name in "ij":
        hand.do("Instances", "attach_disk", zone=ZONE, instance=name, attached_disk_resource=attached)
    with refused(400, "already being used"):
        given = {**attached, "mode": "READ_WRITE"}
        hand.do("Instances", "attach_disk", zone=ZONE, instance="k", attached_disk_resource=given)


def test_growing_a_disk_is_seen_on_its_instance(hand: Hand) -> None:
    hand.small_world()
    hand.do("Disks", "resize", zone=ZONE, disk="i", disks_resize_request_resource={"size_gb": 20})
    assert hand.instance().disks[0].disk_size_gb == 20


def test_an_instance_may_have_a_fleeting_external_address(gce: Local, hand: Hand) -> None:
    hand.network()
    hand.subnet()
    hand.host(network_interfaces=[{"subnetwork": S, "access_configs": [{}]}])
    (access,) = hand.instance().network_interfaces[0].access_configs
    assert (access.nat_i_p, access.name) == ("34.76.0.1", "External NAT")
    assert host()["name"] == "i"
    assert any("external=yes" in line for line in gce.bed.ground_truth())


def test_a_boot_disk_has_the_type_and_key_that_it_was_given(gce: Local, raw: Raw, hand: Hand) -> None:
    hand.network()
    hand.subnet()
    key = f"projects/k/locations/{REGION}/keyRings/r/cryptoKeys/c"
    initial = {"sourceImage": DEBIAN, "diskType": f"zones/{ZONE}/diskTypes/pd-ssd", "diskSizeGb": "12"}
    disk = {"boot": True, "initializeParams": initial, "diskEncryptionKey": {"kmsKeyName": key}}
    raw("POST", INSTANCES, {**INSTANCE, "disks": [disk]})
    told = raw("GET", f"{DISKS}/j")
    assert (told["type"].rpartition("/")[2], told["sizeGb"]) == ("pd-ssd", "12")
    assert told["diskEncryptionKey"] == {"kmsKeyName": f"{key}/cryptoKeyVersions/1"}
    gce.bed.configure(keys=["another"])
    refusal = raw.refused("POST", INSTANCES, {**INSTANCE, "name": "k", "disks": [disk]})
    assert refusal[:2] == (400, "kmsPermissionDenied")
