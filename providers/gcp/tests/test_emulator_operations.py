"""Changes are operations: they wait, they run, they end or fail, and a request made twice is one."""

import socket
import uuid
from typing import Any

import pytest

from emulator import Local
from emulator.hand import ZONE, Hand, host, refused
from emulator.raw import Raw

WHOLE = "projects/portinfra-bed/global/networks/n"
SUBNET = {"name": "s", "network": WHOLE, "ipCidrRange": "10.0.0.0/24"}
NETWORK = {"name": "n", "autoCreateSubnetworks": False}
ONE, OTHER = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))


def status(raw: Raw, operation: dict[str, Any]) -> str:
    told: str = raw("GET", f"global/operations/{operation['name']}")["status"]
    return told


def test_an_operation_is_pending_then_running_then_done(gce: Local, raw: Raw) -> None:
    gce.bed.configure(live_clock=False, queue_seconds=5, pending_seconds=10)
    told = raw("POST", "global/networks", NETWORK)
    assert (told["status"], told["operationType"], told["progress"]) == ("PENDING", "insert", 0)
    assert raw.refused("GET", "global/networks/n")[0] == 404
    assert raw.refused("POST", "global/networks", NETWORK)[:2] == (409, "alreadyExists")
    gce.bed.advance(5)
    assert status(raw, told) == "RUNNING"
    assert raw("GET", "global/networks/n")["name"] == "n"
    gce.bed.advance(10)
    done = raw("GET", f"global/operations/{told['name']}")
    assert (done["status"], done["progress"], "error" in done) == ("DONE", 100, False)
    assert done["targetLink"].endswith("/global/networks/n")
    assert done["targetId"] == raw("GET", "global/networks/n")["id"]


def test_with_no_time_to_take_an_operation_is_done_when_it_is_asked_for(raw: Raw) -> None:
    told = raw("POST", "global/networks", NETWORK)
    assert told["status"] == "RUNNING"
    assert status(raw, told) == "DONE"


def test_waiting_takes_until_the_end_and_no_more_than_two_minutes(gce: Local, raw: Raw) -> None:
    gce.bed.configure(live_clock=False, pending_seconds=200)
    told = raw("POST", "global/networks", NETWORK)
    before = gce.bed.clock.now()
    assert raw("POST", f"global/operations/{told['name']}/wait")["status"] == "RUNNING"
    assert gce.bed.clock.now() == before + 120
    assert raw("POST", f"global/operations/{told['name']}/wait")["status"] == "DONE"
    assert gce.bed.clock.now() == before + 200


def test_by_a_live_clock_waiting_waits(gce: Local, raw: Raw) -> None:
    gce.bed.configure(pending_seconds=0.2)
    told = raw("POST", "global/networks", NETWORK)
    assert raw("POST", f"global/operations/{told['name']}/wait")["status"] == "DONE"


def test_what_is_not_ready_cannot_be_referred_to(gce: Local, raw: Raw) -> None:
    gce.bed.configure(live_clock=False, pending_seconds=10)
    raw("POST", "global/networks", NETWORK)
    assert raw.refused("POST", "regions/europe-west1/subnetworks", SUBNET)[:2] == (400, "resourceNotReady")
    gce.bed.advance(10)
    raw("POST", "regions/europe-west1/subnetworks", SUBNET)
    assert raw.last.status_code == 200


def test_a_name_is_taken_until_what_bore_it_is_gone(gce: Local, raw: Raw) -> None:
    raw("POST", "global/networks", NETWORK)
    gce.bed.configure(live_clock=False, pending_seconds=10)
    raw("DELETE", "global/networks/n")
    assert raw.refused("POST", "global/networks", NETWORK)[:2] == (400, "resourceNotReady")
    assert raw.refused("DELETE", "global/networks/n")[:2] == (400, "resourceNotReady")
    gce.bed.advance(10)
    assert raw.refused("DELETE", "global/networks/n")[:2] == (404, "notFound")
    raw("POST", "global/networks", NETWORK)
    assert raw.last.status_code == 200


def test_operations_on_one_thing_follow_each_other(gce: Local, hand: Hand) -> None:
    gce.bed.configure(live_clock=False, pending_seconds=10)
    hand.disk()
    hand.begin("Disks", "resize", zone=ZONE, disk="d", disks_resize_request_resource={"size_gb": 20})
    second = hand.begin("Disks", "resize", zone=ZONE, disk="d", disks_resize_request_resource={"size_gb": 30})
    gce.bed.advance(10)
    assert hand.ask("Disks", "get", zone=ZONE, disk="d").size_gb == 20
    hand.wait(second)
    assert hand.ask("Disks", "get", zone=ZONE, disk="d").size_gb == 30


def test_the_same_request_id_is_the_same_operation(raw: Raw) -> None:
    first = raw("POST", "global/networks", NETWORK, requestId=ONE)
    again = raw("POST", "global/networks", NETWORK, requestId=ONE)
    assert (again["name"], again["clientOperationId"]) == (first["name"], ONE)
    assert raw.refused("POST", "global/networks", NETWORK, requestId=OTHER)[:2] == (409, "alreadyExists")
    raw("DELETE", "global/networks/n")
    assert raw("POST", "global/networks", NETWORK, requestId=ONE)["status"] == "DONE"
    assert raw.refused("GET", "global/networks/n")[0] == 404  # nothing was made again


def test_a_request_id_is_good_for_one_request_only_and_must_be_a_uuid(raw: Raw) -> None:
    raw("POST", "global/networks", NETWORK, requestId=ONE)
    other = {**NETWORK, "name": "other"}
    assert raw.refused("POST", "global/networks", other, requestId=ONE)[:2] == (400, "invalid")
    for wrong in ("seven", str(uuid.UUID(int=0))):
        assert raw.refused("POST", "global/networks", other, requestId=wrong)[:2] == (400, "invalid")


def test_a_refusal_does_not_use_up_a_request_id(raw: Raw) -> None:
    raw.refused("POST", "regions/europe-west1/subnetworks", SUBNET, requestId=ONE)
    raw("POST", "global/networks", NETWORK)
    raw("POST", "regions/europe-west1/subnetworks", SUBNET, requestId=ONE)
    assert raw.last.status_code == 200


def test_an_operation_that_fails_says_why_and_leaves_nothing(gce: Local, hand: Hand) -> None:
    hand.network()
    hand.subnet()
    gce.bed.fail_next_instance("portinfra-bed", "INTERNAL_ERROR", "Lost.", 500)
    gce.bed.configure(live_clock=False, pending_seconds=10)
    told = hand.begin("Instances", "insert", zone=ZONE, instance_resource=host())
    assert hand.instance().status == "PROVISIONING"
    told = hand.wait(told)
    assert [(each.code, each.message) for each in told.error.errors] == [("INTERNAL_ERROR", "Lost.")]
    assert told.http_error_status_code == 500
    with refused(404):
        hand.instance()
    assert [line.split(" ")[0] for line in gce.bed.ground_truth()] == ["network", "subnetwork"]


@pytest.mark.parametrize("given", ["name = nothing", "status = DONE", 'operationType = "insert"'])
def test_operations_are_listed(raw: Raw, given: str) -> None:
    raw("POST", "global/networks", NETWORK)
    told = raw("GET", "global/operations", filter=given)
    assert len(told.get("items", ())) == (given != "name = nothing")
    assert raw.refused("GET", "global/operations/another")[:2] == (404, "notFound")
    told = raw("GET", "aggregated/operations", filter=given)
    assert ("operations" in told["items"]["global"]) == (given != "name = nothing")


def test_a_change_can_be_accepted_and_fail(gce: Local, hand: Hand) -> None:
    hand.network()
    gce.bed.fail_later("networks.delete", "INTERNAL_ERROR", "Lost.", 500)
    told = hand.wait(hand.begin("Networks", "delete", network="n"))
    assert [(each.code, each.message) for each in told.error.errors] == [("INTERNAL_ERROR", "Lost.")]
    assert hand.ask("Networks", "get", network="n").name == "n"
    hand.do("Networks", "delete", network="n")


def test_operations_have_the_types_and_targets_of_recordings(hand: Hand, raw: Raw) -> None:
    hand.disk()
    disk = f"zones/{ZONE}/disks/d"
    told = raw("POST", f"{disk}/resize", {"sizeGb": "200"})
    assert (told["operationType"], told["targetLink"].endswith(disk)) == ("resizeDisk", True)
    told = raw("POST", f"{disk}/createSnapshot", {"name": "s"})
    assert (told["operationType"], told["targetLink"].endswith(disk)) == ("createSnapshot", True)
    assert told["targetId"] == raw("GET", disk)["id"]


def test_time_stamps_are_those_of_california(raw: Raw) -> None:
    raw("POST", "global/networks", NETWORK)
    assert raw("GET", "global/networks/n")["creationTimestamp"][-6:] in ("-07:00", "-08:00")


def test_a_network_can_take_one_change_at_a_time(gce: Local, raw: Raw) -> None:
    raw("POST", "global/networks", NETWORK)
    raw("POST", "global/networks", {**NETWORK, "name": "other"})
    gce.bed.configure(live_clock=False, pending_seconds=10, one_change_at_a_time=True)
    rule = {"name": "f", "network": WHOLE, "allowed": [{"IPProtocol": "icmp"}]}
    raw("POST", "global/firewalls", rule)
    status, reason, message = raw.refused("POST", "regions/europe-west1/subnetworks", SUBNET)
    assert (status, reason) == (400, "resourceNotReady")
    assert message == f"The resource '{WHOLE}' is not ready"
    raw("POST", "global/firewalls", {**rule, "name": "g", "network": WHOLE.replace("/n", "/other")})
    gce.bed.advance(11)
    raw("POST", "regions/europe-west1/subnetworks", SUBNET)
    assert raw.refused("DELETE", "global/firewalls/f")[:2] == (400, "resourceNotReady")
    gce.bed.advance(11)
    raw("DELETE", "global/firewalls/f")


def test_a_post_without_a_length_is_refused(gce: Local, raw: Raw) -> None:
    """As abdolence/gcloud-sdk-rs#121 met it."""
    host, _, port = gce.endpoint.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"POST /compute/v1/projects/p/zones/z/instances/i/start HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100).split(b"\r\n")[0].split(b" ")[1] == b"411"
