"""Quotas of things and of requests, and zones that are full."""

import pytest

from emulator import Local
from emulator.hand import REGION, ZONE, Hand, host, refused
from emulator.raw import Raw
from emulator.rules import rates


def test_a_quota_is_told_and_refuses_what_exceeds_it(gce: Local, hand: Hand) -> None:
    gce.bed.configure(quotas={"INSTANCES": 1, "NETWORKS": 1})
    hand.small_world()
    told = {
        quota.metric: (quota.usage, quota.limit) for quota in hand.ask("Regions", "get", region=REGION).quotas
    }
    assert (told["INSTANCES"], told["CPUS"][0]) == ((1, 1), 2)
    told = {quota.metric: (quota.usage, quota.limit) for quota in hand.ask("Projects", "get").quotas}
    assert told["NETWORKS"] == (1, 1)
    before = gce.bed.ground_truth()
    with refused(403, "Quota 'INSTANCES' exceeded.  Limit: 1.0 in region europe-west1."):
        hand.host("j")
    with refused(403, "Quota 'NETWORKS' exceeded.  Limit: 1.0 globally."):
        hand.network("m")
    assert gce.bed.ground_truth() == before


@pytest.mark.parametrize("metric", ["INSTANCES", "CPUS", "DISKS_TOTAL_GB"])
def test_a_quota_may_be_told_by_the_operation(gce: Local, hand: Hand, metric: str) -> None:
    limit = {"INSTANCES": 1, "CPUS": 2, "DISKS_TOTAL_GB": 10}[metric]
    gce.bed.configure(quotas={metric: limit}, quota_in_operation=True)
    hand.small_world()
    before = gce.bed.ground_truth()
    told = hand.wait(hand.begin("Instances", "insert", zone=ZONE, instance_resource=host("j")))
    assert [error.code for error in told.error.errors] == ["QUOTA_EXCEEDED"]
    assert gce.bed.ground_truth() == before


def test_a_full_zone_is_told_by_the_operation(gce: Local, hand: Hand) -> None:
    hand.small_world()
    gce.bed.configure(exhausted=[ZONE])
    before = gce.bed.ground_truth()
    told = hand.wait(hand.begin("Instances", "insert", zone=ZONE, instance_resource=host("j")))
    (error,) = told.error.errors
    assert (error.code, told.http_error_status_code) == ("ZONE_RESOURCE_POOL_EXHAUSTED", 503)
    assert gce.bed.ground_truth() == before
    hand.host("k", zone=f"{REGION}-c")
    hand.do("Instances", "stop", zone=ZONE, instance="i")
    told = hand.wait(hand.begin("Instances", "start", zone=ZONE, instance="i"))
    assert told.error.errors[0].code == "ZONE_RESOURCE_POOL_EXHAUSTED"
    assert hand.instance().status == "TERMINATED"


def test_a_zone_may_have_so_many_machines_of_a_type(gce: Local, hand: Hand) -> None:
    gce.bed.configure(capacity={f"{ZONE} e2-small": 1})
    hand.small_world()
    told = hand.wait(hand.begin("Instances", "insert", zone=ZONE, instance_resource=host("j")))
    assert told.error.errors[0].code == "ZONE_RESOURCE_POOL_EXHAUSTED"
    hand.host("k", machine_type=f"zones/{ZONE}/machineTypes/e2-medium")


def test_too_many_requests_of_a_group_in_a_minute_are_refused(gce: Local, raw: Raw) -> None:
    gce.bed.configure(live_clock=False, throttling=True, rates={"global_reads": 2, "reads_per_region": 1})
    for _ in range(2):
        raw("GET", "global/networks")
    status, reason, message = raw.refused("GET", "global/networks")
    assert (status, reason) == (403, "rateLimitExceeded")
    assert "compute.googleapis.com/global_reads" in message
    for zone, fits in ((ZONE, True), (f"{REGION}-c", False), ("us-east1-b", True)):
        raw("GET", f"zones/{zone}/disks")
        assert (raw.last.status_code == 200) == fits
    gce.bed.advance(60)
    raw("GET", "global/networks")
    assert raw.last.status_code == 200


@pytest.mark.parametrize(
    ("verb", "path", "group"),
    [
        ("GET", "aggregated/disks", "heavy_weight_read_requests"),
        ("GET", f"zones/{ZONE}/operations/o", "operation_read_requests_per_region"),
        ("POST", f"zones/{ZONE}/operations/o/wait", "heavy_weight_read_requests_per_region"),
        ("GET", "global/operations/o", "operation_read_requests"),
        ("POST", f"zones/{ZONE}/disks/d/createSnapshot", "global_resource_write_requests_per_region"),
        ("DELETE", "global/snapshots/s", "global_resource_write_requests"),
        ("DELETE", f"zones/{ZONE}/disks/d", "writes_per_region"),
        ("DELETE", "global/networks/n", "global_writes"),
    ],
)
def test_each_method_is_of_a_quota_group(gce: Local, raw: Raw, verb: str, path: str, group: str) -> None:
    gce.bed.configure(live_clock=False, throttling=True, rates={group: 0})
    body = {"name": "s"} if path.endswith("createSnapshot") else None
    status, reason, message = raw.refused(verb, path, body)
    assert (status, reason) == (403, "rateLimitExceeded")
    assert f"/{group}'" in message
    assert group in rates.RATES
