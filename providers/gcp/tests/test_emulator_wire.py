"""What is sent, and what is answered, is what Google's discovery document says."""

from typing import Any

import pytest

from emulator import Local
from emulator.raw import Raw

NETWORK = {"name": "n", "autoCreateSubnetworks": False}


@pytest.mark.parametrize(
    ("body", "reason", "message"),
    [
        ({**NETWORK, "colour": "red"}, "badRequest", 'Unknown name "colour"'),
        ({**NETWORK, "mtu": "large"}, "badRequest", "TYPE_INT32"),
        ({**NETWORK, "autoCreateSubnetworks": "no"}, "badRequest", "TYPE_BOOL"),
        ({**NETWORK, "routingConfig": {"routingMode": "LOCAL"}}, "invalid", "routingConfig.routingMode"),
        ({**NETWORK, "name": "Not_a_name"}, "invalid", "Must be a match of regex"),
        ({**NETWORK, "name": "n" * 64}, "invalid", "Must be a match of regex"),
        ({"autoCreateSubnetworks": False}, "required", "Required field 'resource.name' not specified"),
        ({**NETWORK, "params": {"colour": "red"}}, "badRequest", "at 'resource.params'"),
        ("{", "parseError", "Parse Error"),
    ],
)  # fmt: skip
def test_a_body_that_the_document_refuses_is_refused_and_kept(
    gce: Local, raw: Raw, body: Any, reason: str, message: str
) -> None:
    status, said, words = raw.refused("POST", "global/networks", body)
    assert (status, said) == (400, reason)
    assert message in words
    assert len(gce.bed.violations) == 1
    assert gce.bed.violations[0].startswith("networks.insert: 400")
    assert raw("GET", "global/networks").get("items") is None


def test_a_parameter_that_the_document_does_not_have_or_misses_is_refused_and_kept(
    gce: Local, raw: Raw
) -> None:
    assert raw.refused("GET", "global/networks", colour="red")[:2] == (400, "badRequest")
    assert raw.refused("GET", "global/networks", maxResults="many")[:2] == (400, "badRequest")
    assert raw.refused("POST", "zones/europe-west1-b/instances/i/detachDisk")[:2] == (400, "required")
    assert raw.refused("GET", "global/networks/Not_a_name")[:2] == (400, "invalid")
    assert len(gce.bed.violations) == 4


def test_what_only_google_says_is_left_aside_and_an_empty_enumeration_is_unset(gce: Local, raw: Raw) -> None:
    raw("POST", "global/networks", {**NETWORK, "id": "7", "selfLink": "x", "kind": "y"})
    told = raw("GET", "global/networks/n")
    assert (told["kind"], told["selfLink"].startswith("https://www.googleapis.com/compute/v1/")) == (
        "compute#network",
        True,
    )
    assert told["id"] != "7"
    rule = {"name": "f", "network": "global/networks/n", "direction": "", "allowed": [{"IPProtocol": "icmp"}]}
    raw("POST", "global/firewalls", rule)
    assert raw.last.status_code == 200
    assert gce.bed.violations == []


def test_numbers_of_64_bits_are_strings_and_may_be_sent_as_numbers(raw: Raw) -> None:
    raw("POST", "zones/europe-west1-b/disks", {"name": "d", "sizeGb": 12})
    assert raw("GET", "zones/europe-west1-b/disks/d")["sizeGb"] == "12"


def test_a_body_where_none_is_taken_is_not_looked_at(gce: Local, raw: Raw) -> None:
    raw("POST", "global/networks", NETWORK)
    raw("DELETE", "global/networks/n", '"ignored"')
    assert raw.last.status_code == 200
    assert (gce.bed.ground_truth(), gce.bed.violations) == ([], [])


def test_a_path_that_is_no_method_is_a_violation_and_a_method_that_is_not_served_a_gap(
    gce: Local, raw: Raw
) -> None:
    assert raw.refused("GET", "global/nothing")[0] == 404
    assert len(gce.bed.violations) == 1
    raw("GET", "global/instanceTemplates")
    assert raw.last.status_code == 501
    raw("POST", "global/networks", {"name": "n", "autoCreateSubnetworks": True})
    assert raw.last.status_code == 501
    assert [gap.partition(":")[0] for gap in gce.bed.gaps] == ["instanceTemplates.list", "networks.insert"]


@pytest.mark.parametrize(
    ("member", "value", "why"),
    [
        ("colour", "red", 'Unknown name "colour"'),
        ("name", "Not A Name", "Must be a match of regex"),
        ("mtu", "large", "TYPE_INT32"),
        ("description", None, "null"),
        ("autoCreateSubnetworks", "no", "TYPE_BOOL"),
        ("subnetworks", "none", "(array)"),
        ("routingConfig", {"routingMode": "NOWHERE"}, "Must be one of"),
    ],
)
def test_an_answer_that_the_document_does_not_allow_is_a_gap(
    gce: Local, raw: Raw, member: str, value: Any, why: str
) -> None:
    raw("POST", "global/networks", NETWORK)
    raw("GET", "global/networks/n")
    assert gce.bed.gaps == []
    there = gce.bed.projects["portinfra-bed"].find("networks", "global", "n")
    there.body[member] = value
    for path in ("global/networks/n", "global/networks"):
        raw("GET", path)
    assert [gap.partition(":")[0] for gap in gce.bed.gaps] == ["networks.get", "networks.list"]
    assert all("its answer is wrong" in gap and why in gap for gap in gce.bed.gaps)


@pytest.mark.parametrize("path", ["zones/us-central1-a/machineTypes", "aggregated/diskTypes"])
def test_what_never_changes_is_answered_alike_each_time_but_for_what_is_asked(raw: Raw, path: str) -> None:
    first = raw("GET", f"{path}?maxResults=2")
    assert raw("GET", f"{path}?maxResults=2") == first
    assert raw("GET", f"{path}?maxResults=1") != first
    assert set(raw("GET", f"{path}?maxResults=2&fields=kind")) == {"kind"}


@pytest.mark.parametrize("header", ["", "Bearer nobody", "Basic bed-token"])
def test_a_token_that_nobody_has_is_refused(gce: Local, raw: Raw, header: str) -> None:
    raw._session.headers["Authorization"] = header
    raw.token = header.partition(" ")[2]
    if not header.startswith("Bearer"):
        raw.token = "none"
    status, reason, _ = raw.refused("GET")
    assert (status, reason) == (401, "authError")


def test_a_stranger_to_a_project_and_a_missing_permission_are_named(gce: Local, raw: Raw) -> None:
    gce.bed.add_project("other")
    gce.bed.add_identity("guest@example.com", "guest", projects=["other"])
    gce.bed.add_identity("reader@example.com", "reader", permissions=["compute.networks.list"])
    raw.token = "guest"
    status, reason, message = raw.refused("GET", "global/networks")
    assert (status, reason) == (403, "forbidden")
    assert message.startswith("Required 'compute.networks.list' permission for 'projects/portinfra-bed")
    raw.token = "reader"
    raw("GET", "global/networks")
    assert raw.last.status_code == 200
    _, _, message = raw.refused("POST", "global/networks", NETWORK)
    assert (
        message
        == "Required 'compute.networks.create' permission for 'projects/portinfra-bed/global/networks/n'"
    )
    raw.project = "nowhere"
    assert raw.refused("GET")[:2] == (404, "notFound")


def test_an_instance_takes_the_permissions_of_all_that_it_is_made_of(gce: Local, raw: Raw) -> None:
    body = {
        "name": "i",
        "labels": {"a": "b"},
        "disks": [{"initializeParams": {"labels": {"a": "b"}}}, {"source": "zones/europe-west1-b/disks/d"}],
        "networkInterfaces": [{"accessConfigs": [{"natIP": "34.76.0.1"}]}],
    }
    asked = []
    allowed = {"compute.instances.create"}
    for _ in range(20):
        gce.bed.configure(allowed=allowed)
        message = raw.refused("POST", "zones/europe-west1-b/instances", body)[2]
        if not message.startswith("Required 'compute."):
            break
        asked.append(message.split("'")[1])
        allowed.add(asked[-1])
    assert asked == [
        "compute.instances.setLabels",
        "compute.disks.create",
        "compute.disks.setLabels",
        "compute.disks.use",
        "compute.subnetworks.use",
        "compute.subnetworks.useExternalIp",
        "compute.addresses.use",
    ]


def test_only_the_fields_that_are_asked_for_are_sent(raw: Raw) -> None:
    raw("POST", "global/networks", NETWORK)
    assert raw("GET", "global/networks", fields="items(name,routingConfig/routingMode)") == {
        "items": [{"name": "n", "routingConfig": {"routingMode": "REGIONAL"}}]
    }
    told = raw("GET", "aggregated/subnetworks", fields="items/*/warning/code")
    assert told["items"]["regions/us-east1"] == {"warning": {"code": "NO_RESULTS_ON_PAGE"}}
    for wrong in ("items(", "items!", "items)", "items/", "items(name", "(name)", "items,"):
        assert raw.refused("GET", "global/networks", fields=wrong)[:2] == (400, "invalidParameter")


def test_a_zone_or_region_that_there_is_not_is_refused(raw: Raw) -> None:
    assert raw.refused("GET", "zones/mars-north1-a/instances")[:2] == (400, "invalid")
    assert raw.refused("GET", "regions/mars-north1/addresses")[:2] == (400, "invalid")
