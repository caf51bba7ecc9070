"""The bed's faults strike the request that they are set for, before or after its effect."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from bed import Local, hand
from bed.hand import refused


def vpcs(boto: Any) -> int:
    return len(boto.describe_vpcs()["Vpcs"])


@pytest.mark.parametrize(
    ("mishap", "code", "status"),
    [
        ("throttled", "RequestLimitExceeded", 503),
        ("unavailable", "Unavailable", 503),
        ("internal error", "InternalError", 500),
        ("html error", "500", 500),
    ],
)
def test_an_error_of_the_service_has_no_effect(
    ec2: Local, boto: Any, mishap: str, code: str, status: int
) -> None:
    ec2.bed.fault(mishap, action="CreateVpc")
    with pytest.raises(ClientError) as said:
        hand.network(boto)
    assert said.value.response["Error"]["Code"] == code
    assert said.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert vpcs(boto) == 1
    hand.network(boto)


@pytest.mark.parametrize(("mishap", "left"), [("dropped before", 1), ("dropped after", 2)])
def test_a_connection_breaks_before_or_after_the_effect(
    ec2: Local, boto: Any, mishap: str, left: int
) -> None:
    ec2.bed.fault(mishap, action="CreateVpc")
    with pytest.raises(ConnectionClosedError):
        hand.network(boto)
    assert vpcs(boto) == left


def test_a_fault_waits_for_its_request_and_lasts_as_long_as_it_should(ec2: Local, boto: Any) -> None:
    ec2.bed.fault("unavailable", at=3, times=2)
    assert [vpcs(boto), vpcs(boto)] == [1, 1]
    for _ in range(2):
        with refused("Unavailable"):
            vpcs(boto)
    assert vpcs(boto) == 1


def test_faults_can_be_taken_back(ec2: Local, boto: Any) -> None:
    ec2.bed.fault("unavailable", times=100)
    ec2.bed.calm()
    assert vpcs(boto) == 1


def test_a_slow_answer_takes_time_by_the_clock(ec2: Local, boto: Any) -> None:
    ec2.bed.configure(live_clock=False)
    before = ec2.bed.clock.now()
    ec2.bed.fault("slow", seconds=20)
    vpcs(boto)
    assert ec2.bed.clock.now() == before + 20
