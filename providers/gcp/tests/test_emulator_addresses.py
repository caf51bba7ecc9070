"""Addresses, fixed and fleeting, inside and outside: each is somebody's, once."""

import pytest

from emulator import Local
from emulator.hand import REGION, ZONE, Hand, host, refused
from emulator.raw import Raw


def test_an_external_address_is_in_use_from_when_an_instance_has_it(gce: Local, hand: Hand) -> None:
    hand.small_world()
    address = hand.address()
    access = {"nat_i_p": address}
    given = {"zone": ZONE, "instance": "i", "network_interface": "nic0"}
    hand.do("Instances", "add_access_config", **given, access_config_resource=access)
    told = hand.ask("Addresses", "get", region=REGION, address="a")
    assert (told.status, [user.rpartition("/")[2] for user in told.users]) == ("IN_USE", ["i"])
    assert hand.instance().network_interfaces[0].access_configs[0].nat_i_p == address
    assert "address a EXTERNAL europe-west1 on i {} @portinfra-bed" in gce.bed.ground_truth()
    with refused(400, "already being used"):
        hand.do("Addresses", "delete", region=REGION, address="a")
    with refused(400, "At most one access config"):
        hand.do("Instances", "add_access_config", **given, access_config_resource={})
    hand.do("Instances", "delete_access_config", **given, access_config="External NAT")
    assert hand.ask("Addresses", "get", region=REGION, address="a").status == "RESERVED"
    assert not hand.instance().network_interfaces[0].access_configs
    with refused(400, "does not exist"):
        hand.do("Instances", "delete_access_config", **given, access_config="External NAT")
    hand.do("Addresses", "delete", region=REGION, address="a")


def test_a_deleted_instance_lets_go_of_its_address(hand: Hand) -> None:
    hand.network()
    hand.subnet()
    nic = {"subnetwork": f"regions/{REGION}/subnetworks/s", "access_configs": [{"nat_i_p": hand.address()}]}
    hand.host(network_interfaces=[nic])
    assert hand.ask("Addresses", "get", region=REGION, address="a").status == "IN_USE"
    with refused(400, "already in-use"):
        hand.host("j", network_interfaces=[nic])
    hand.do("Instances", "delete", zone=ZONE, instance="i")
    assert hand.ask("Addresses", "get", region=REGION, address="a").status == "RESERVED"


def test_an_external_address_must_be_one_of_the_region(hand: Hand) -> None:
    hand.small_world()
    hand.do("Addresses", "insert", region="us-east1", address_resource={"name": "far"})
    far = hand.ask("Addresses", "get", region="us-east1", address="far").address
    for address in (far, "8.8.8.8"):
        given = {"zone": ZONE, "instance": "i", "network_interface": "nic0"}
        with refused(400, "not found in the region"):
            hand.do("Instances", "add_access_config", **given, access_config_resource={"nat_i_p": address})


def test_an_internal_address_that_another_has_fails_the_operation_and_leaves_nothing(
    gce: Local, hand: Hand
) -> None:
    hand.small_world()
    before = gce.bed.ground_truth()
    told = hand.wait(hand.begin("Instances", "insert", zone=ZONE, instance_resource=host("j", "10.0.0.10")))
    (error,) = told.error.errors
    assert error.code == "IP_IN_USE_BY_ANOTHER_RESOURCE"
    assert error.message == "IP '10.0.0.10' is already being used by another resource."
    assert gce.bed.ground_truth() == before
    assert hand.instance().network_interfaces[0].network_i_p == "10.0.0.10"


@pytest.mark.parametrize("address", ["10.0.0.1", "10.0.0.0", "10.0.0.254", "10.0.0.255", "10.0.1.5", "x"])
def test_an_internal_address_must_be_a_usable_one_of_the_subnetwork(hand: Hand, address: str) -> None:
    hand.network()
    hand.subnet()
    with refused(400):
        hand.host(address=address)


def test_without_a_wish_the_first_free_address_is_given(hand: Hand) -> None:
    hand.network()
    hand.subnet(cidr="10.0.0.0/29")
    for name in "abcd":
        hand.host(name)
    assert hand.instance("a").network_interfaces[0].network_i_p == "10.0.0.2"
    with refused(400, "exhausted"):
        hand.host("e")


def test_a_static_internal_address_is_for_one_instance(hand: Hand) -> None:
    hand.small_world()
    subnet = {
        "address_type": "INTERNAL",
        "subnetwork": f"projects/portinfra-bed/regions/{REGION}/subnetworks/s",
    }
    assert hand.address("inside", **subnet, address="10.0.0.20") == "10.0.0.20"
    for taken in ("10.0.0.20", "10.0.0.10"):
        with refused(400, "would result in a conflict"):
            hand.address("another", **subnet, address=taken)
    hand.host("j", "10.0.0.20")
    assert hand.ask("Addresses", "get", region=REGION, address="inside").status == "IN_USE"
    told = hand.wait(hand.begin("Instances", "insert", zone=ZONE, instance_resource=host("k", "10.0.0.20")))
    assert told.error.errors[0].code == "IP_IN_USE_BY_ANOTHER_RESOURCE"
    hand.do("Instances", "delete", zone=ZONE, instance="j")
    with refused(400, "addresses/inside"):
        hand.do("Instances", "delete", zone=ZONE, instance="i")
        hand.do("Subnetworks", "delete", region=REGION, subnetwork="s")


def test_labels_of_an_address_come_after_it(hand: Hand, raw: Raw) -> None:
    refusal = raw.refused("POST", f"regions/{REGION}/addresses", {"name": "a", "labels": {"a": "b"}})
    assert refusal[:2] == (400, "invalid")
    hand.address()
    told = hand.ask("Addresses", "get", region=REGION, address="a")
    labels = {"labels": {"a": "b"}, "label_fingerprint": told.label_fingerprint}
    hand.do("Addresses", "set_labels", region=REGION, resource="a", region_set_labels_request_resource=labels)
    assert dict(hand.ask("Addresses", "get", region=REGION, address="a").labels) == {"a": "b"}


def test_global_addresses_are_apart_from_those_of_regions(hand: Hand) -> None:
    hand.address()
    hand.do("GlobalAddresses", "insert", address_resource={"name": "a"})
    assert [each.name for each in hand.ask("GlobalAddresses", "list")] == ["a"]
    scopes = {scope for scope, held in hand.ask("Addresses", "aggregated_list") if held.addresses}
    assert scopes == {"global", f"regions/{REGION}"}
