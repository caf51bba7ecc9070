"""The bed's faults strike the request that they are set for, before or after its effect."""

import pytest
import requests

from emulator import Local
from emulator.raw import Raw

NETWORK = {"name": "n", "autoCreateSubnetworks": False}


def networks(raw: Raw) -> int:
    return len(raw("GET", "global/networks").get("items", ()))


@pytest.mark.parametrize(
    ("mishap", "status", "reason"),
    [
        ("throttled", 403, "rateLimitExceeded"),
        ("unavailable", 503, "backendError"),
        ("internal error", 500, "internalError"),
    ],
)
def test_an_error_of_the_service_has_no_effect(
    gce: Local, raw: Raw, mishap: str, status: int, reason: str
) -> None:
    gce.bed.fault(mishap, action="networks.insert")
    assert raw.refused("POST", "global/networks", NETWORK)[:2] == (status, reason)
    assert networks(raw) == 0
    raw("POST", "global/networks", NETWORK)
    assert networks(raw) == 1


def test_the_front_end_answers_in_html(gce: Local, raw: Raw) -> None:
    gce.bed.fault("html error")
    assert "<title>Error 502" in raw("GET", "global/networks")
    assert raw.last.status_code == 502


@pytest.mark.parametrize(("mishap", "left"), [("dropped before", 0), ("dropped after", 1)])
def test_a_connection_breaks_before_or_after_the_effect(gce: Local, raw: Raw, mishap: str, left: int) -> None:
    gce.bed.fault(mishap, action="networks.insert")
    with pytest.raises(requests.ConnectionError):
        raw("POST", "global/networks", NETWORK)
    assert networks(raw) == left


def test_a_fault_waits_for_its_request_and_lasts_as_long_as_it_should(gce: Local, raw: Raw) -> None:
    gce.bed.fault("unavailable", at=3, times=2)
    statuses = []
    for _ in range(5):
        raw("GET", "global/networks")
        statuses.append(raw.last.status_code)
    assert statuses == [200, 200, 503, 503, 200]


def test_faults_can_be_taken_back(gce: Local, raw: Raw) -> None:
    gce.bed.fault("unavailable", times=100)
    gce.bed.calm()
    assert networks(raw) == 0


def test_a_slow_answer_takes_time_by_the_clock(gce: Local, raw: Raw) -> None:
    gce.bed.configure(live_clock=False)
    before = gce.bed.clock.now()
    gce.bed.fault("slow", seconds=20)
    networks(raw)
    assert gce.bed.clock.now() == before + 20
