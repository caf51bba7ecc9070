"""The bed without a socket: libcloud's requests are answered in this process, and a fork takes all along."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from libcloud.compute.drivers.ec2 import EC2NodeDriver

from bed.conformance_bed import REGION, AwsBed
from bed.identities import ACCOUNT


@pytest.fixture
def aws() -> Iterator[AwsBed]:
    with AwsBed() as bed:
        yield bed


@pytest.fixture
def libcloud(aws: AwsBed) -> Any:
    return EC2NodeDriver(
        os.environ["AWS_ACCESS_KEY_ID"],
        os.environ["AWS_SECRET_ACCESS_KEY"],
        region=REGION,
        secure=False,
        host="ec2.bed.invalid",
        port=80,
        signature_version="4",
    )


def create_vpc(libcloud: Any, cidr: str) -> None:
    libcloud.connection.request("/", params={"Action": "CreateVpc", "CidrBlock": cidr})


def test_a_client_of_before_the_fork_speaks_to_the_world_of_its_own_process(
    aws: AwsBed, libcloud: Any
) -> None:
    create_vpc(libcloud, "10.0.0.0/16")
    child = os.fork()
    if child == 0:
        try:
            create_vpc(libcloud, "10.1.0.0/16")
            os._exit(len(libcloud.ex_list_networks()))
        finally:
            os._exit(99)
    _, status = os.waitpid(child, 0)
    assert (os.waitstatus_to_exitcode(status), len(libcloud.ex_list_networks())) == (3, 2)


def test_a_dropped_connection_is_one(aws: AwsBed, libcloud: Any) -> None:
    aws.ec2.fault("dropped after", action="CreateVpc")
    with pytest.raises(requests.ConnectionError):
        create_vpc(libcloud, "10.0.0.0/16")
    assert any(line.startswith("vpc 10.0.0.0/16") for line in aws.ground_truth())


def test_what_a_person_makes_is_in_the_books(aws: AwsBed) -> None:
    aws.make_foreign()
    kinds = [line.split(" ")[0] for line in aws.ground_truth()]
    assert kinds == ["address", "group", "volume", "vpc"]
    assert all("Name=sample-data" in line for line in aws.ground_truth() if not line.startswith("group"))
    aws.reset()
    assert aws.ground_truth() == []


def test_key_pairs_with_a_claims_name_are_claims(aws: AwsBed) -> None:
    for name in ("portinfra-0a1b-claim-7", "mine"):
        aws.ec2.act(ACCOUNT, REGION, "CreateKeyPair", {"KeyName": name, "KeyType": "ed25519"})
    assert [line.split(" ")[0] for line in aws.ground_truth()] == ["claim", "key"]
