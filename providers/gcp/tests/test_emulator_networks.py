"""Networks, subnetworks, routes and firewall rules refuse what Google documents that they refuse."""

from typing import Any

import pytest

from emulator import Local
from emulator.hand import REGION, Hand, refused
from emulator.raw import Raw


def kept(hand: Hand) -> str:
    """Why the network is still there after its deletion was accepted."""
    told = hand.wait(hand.begin("Networks", "delete", network="n"))
    (error,) = told.error.errors
    assert (error.code, told.http_error_status_code) == ("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", 400)
    assert hand.ask("Networks", "get", network="n").name == "n"
    return str(error.message)


def test_a_network_comes_with_a_default_route_and_takes_it_along(gce: Local, hand: Hand) -> None:
    hand.network()
    (route,) = hand.ask("Routes", "list")
    assert (route.dest_range, route.next_hop_gateway.rpartition("/")[2]) == (
        "0.0.0.0/0",
        "default-internet-gateway",
    )
    hand.subnet()
    assert sorted(route.dest_range for route in hand.ask("Routes", "list")) == ["0.0.0.0/0", "10.0.0.0/24"]
    assert [line.split(" ")[0] for line in gce.bed.ground_truth()] == ["network", "subnetwork"]
    hand.do("Subnetworks", "delete", region=REGION, subnetwork="s")
    hand.do("Networks", "delete", network="n")
    assert list(hand.ask("Routes", "list")) == []


def test_the_default_route_can_be_deleted_and_made_again(gce: Local, hand: Hand) -> None:
    hand.network()
    (route,) = hand.ask("Routes", "list")
    hand.do("Routes", "delete", route=route.name)
    assert list(hand.ask("Routes", "list")) == []
    gateway = "global/gateways/default-internet-gateway"
    whole = "projects/portinfra-bed/global/networks/n"
    again = {"name": "out", "network": whole, "dest_range": "0.0.0.0/0", "priority": 900}
    hand.do("Routes", "insert", route_resource={**again, "next_hop_gateway": gateway})
    assert "already being used by 'projects/portinfra-bed/global/routes/out'" in kept(hand)


def test_what_is_in_use_cannot_be_deleted(hand: Hand) -> None:
    hand.small_world()
    hand.rule()
    assert "already being used by 'projects/portinfra-bed/regions/europe-west1/subnetworks/s'" in kept(hand)
    with refused(400, "is already being used by 'projects/portinfra-bed/zones/europe-west1-b/instances/i'"):
        hand.do("Subnetworks", "delete", region=REGION, subnetwork="s")
    hand.do("Instances", "delete", zone=f"{REGION}-b", instance="i")
    hand.do("Subnetworks", "delete", region=REGION, subnetwork="s")
    assert "global/firewalls/f" in kept(hand)
    hand.do("Firewalls", "delete", firewall="f")
    hand.do("Networks", "delete", network="n")


def test_of_a_network_only_its_routing_can_be_changed(hand: Hand) -> None:
    hand.network()
    routing = {"routing_config": {"routing_mode": "GLOBAL"}}
    hand.do("Networks", "patch", network="n", network_resource=routing)
    assert hand.ask("Networks", "get", network="n").routing_config.routing_mode == "GLOBAL"
    with refused(400, "Only routingConfig can be modified"):
        hand.do("Networks", "patch", network="n", network_resource={"description": "mine"})


@pytest.mark.parametrize("cidr", ["10.0.0.0/30", "10.0.0.1/24", "8.8.8.0/24", "nonsense"])
def test_a_range_must_be_private_and_large_enough(hand: Hand, cidr: str) -> None:
    hand.network()
    with refused(400):
        hand.subnet(cidr=cidr)


def test_ranges_of_one_network_do_not_overlap(hand: Hand) -> None:
    hand.network()
    hand.subnet()
    with refused(400, "conflicts with existing subnetwork 's' in region 'europe-west1'"):
        hand.subnet("t", "10.0.0.128/25")
    hand.network("m")
    hand.subnet("t", "10.0.0.128/25", "m")


def test_a_subnetwork_is_changed_against_its_fingerprint(hand: Hand) -> None:
    hand.network()
    hand.subnet(description="born with it")
    stale = {"private_ip_google_access": True, "fingerprint": "c3RhbGU="}
    with refused(412):
        hand.do("Subnetworks", "patch", region=REGION, subnetwork="s", subnetwork_resource=stale)
    subnet = hand.ask("Subnetworks", "get", region=REGION, subnetwork="s")
    assert (subnet.gateway_address, subnet.description) == ("10.0.0.1", "born with it")
    fresh = {"fingerprint": subnet.fingerprint}
    with refused(400, "cannot be patched"):
        told = {**fresh, "description": "another"}
        hand.do("Subnetworks", "patch", region=REGION, subnetwork="s", subnetwork_resource=told)
    told = {**fresh, "private_ip_google_access": True}
    hand.do("Subnetworks", "patch", region=REGION, subnetwork="s", subnetwork_resource=told)
    after = hand.ask("Subnetworks", "get", region=REGION, subnetwork="s")
    assert after.private_ip_google_access
    assert after.fingerprint != subnet.fingerprint


def test_a_range_can_grow(hand: Hand) -> None:
    hand.network()
    hand.subnet()
    for cidr, fits in (("10.0.0.0/25", False), ("10.1.0.0/20", False), ("10.0.0.0/20", True)):
        request = {"ip_cidr_range": cidr}
        given = {
            "region": REGION,
            "subnetwork": "s",
            "subnetworks_expand_ip_cidr_range_request_resource": request,
        }
        if fits:
            hand.do("Subnetworks", "expand_ip_cidr_range", **given)
        else:
            with refused(400):
                hand.do("Subnetworks", "expand_ip_cidr_range", **given)
    assert hand.ask("Subnetworks", "get", region=REGION, subnetwork="s").ip_cidr_range == "10.0.0.0/20"


RULE = {"name": "f", "network": "global/networks/n", "allowed": [{"IPProtocol": "tcp", "ports": ["22"]}]}


@pytest.mark.parametrize(
    "more",
    [
        {"denied": [{"IPProtocol": "all"}]},
        {"allowed": []},
        {"allowed": [{"IPProtocol": "icmp", "ports": ["1"]}]},
        {"allowed": [{"IPProtocol": "tcp", "ports": ["90-80"]}]},
        {"allowed": [{"IPProtocol": "tcp", "ports": ["70000"]}]},
        {"allowed": [{"IPProtocol": "morse"}]},
        {"priority": 65536},
        {"direction": "EGRESS", "sourceRanges": ["10.0.0.0/8"]},
        {"direction": "EGRESS", "sourceTags": ["web"]},
        {"sourceTags": ["web"], "targetServiceAccounts": ["a@b.iam.gserviceaccount.com"]},
        {"sourceRanges": ["10.0.0.1/8"]},
        {"targetTags": ["Web"]},
        {"targetTags": [f"t{number}" for number in range(71)]},
    ],
)
def test_a_rule_whose_fields_do_not_go_together_is_refused(
    hand: Hand, raw: Raw, more: dict[str, Any]
) -> None:
    hand.network()
    assert raw.refused("POST", "global/firewalls", {**RULE, **more})[:2] == (400, "invalid")


def test_a_rule_without_peers_is_about_everybody(hand: Hand, raw: Raw) -> None:
    hand.network()
    raw("POST", "global/firewalls", RULE)
    told = raw("GET", "global/firewalls/f")
    assert (told["direction"], told["priority"], told["sourceRanges"]) == ("INGRESS", 1000, ["0.0.0.0/0"])
    deny = {
        "name": "g",
        "network": "global/networks/n",
        "direction": "EGRESS",
        "denied": [{"IPProtocol": "all"}],
    }
    raw("POST", "global/firewalls", deny)
    assert raw("GET", "global/firewalls/g")["destinationRanges"] == ["0.0.0.0/0"]


def test_a_rule_is_patched_field_by_field_and_put_as_a_whole(hand: Hand, raw: Raw) -> None:
    hand.network()
    raw("POST", "global/firewalls", {**RULE, "sourceTags": ["web"], "description": "one"})
    patch = {"name": "f", "sourceRanges": ["10.0.0.0/8"], "sourceTags": None}
    raw("PATCH", "global/firewalls/f", patch)
    told = raw("GET", "global/firewalls/f")
    assert (told.get("sourceTags"), told["sourceRanges"], told["description"]) == (
        None,
        ["10.0.0.0/8"],
        "one",
    )
    raw("PUT", "global/firewalls/f", {**RULE, "sourceTags": ["app"]})
    told = raw("GET", "global/firewalls/f")
    assert (told["sourceTags"], told.get("sourceRanges"), told["description"]) == (["app"], None, "")
    hand.network("m")
    for change in ({"direction": "EGRESS"}, {"name": "g"}, {"network": "global/networks/m"}):
        status, _, message = raw.refused("PATCH", "global/firewalls/f", {"name": "f", **change})
        assert (status, "The field cannot be changed" in message) == (400, True)
