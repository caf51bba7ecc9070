"""The bed on the wire: what libcloud stumbles over in moto is repaired, and what is wrong is refused."""

import http.client
import xml.etree.ElementTree as ElementTree
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from libcloud.compute.drivers.ec2 import EC2NodeDriver

from bed import Local, hand
from bed.hand import refused


@pytest.fixture
def libcloud(ec2: Local) -> Any:
    url = urlsplit(ec2.endpoint)
    return EC2NodeDriver(
        "AKIABEDBEDBEDBEDBEDB",
        "bed-secret",
        region="us-east-1",
        secure=False,
        host=url.hostname,
        port=url.port,
        signature_version="4",
    )


def asked(libcloud: Any, **params: str) -> Any:
    return libcloud.connection.request("/", params=params).object


def test_libcloud_reads_answers_by_their_namespace(libcloud: Any) -> None:
    assert len(libcloud.ex_list_networks()) == 1
    assert libcloud.ex_create_security_group("web", "a role")["group_id"].startswith("sg-")


def test_what_was_done_without_more_to_say_answers_true(libcloud: Any, boto: Any) -> None:
    vpc = hand.network(boto)
    id = boto.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    answer = asked(libcloud, Action="AttachInternetGateway", InternetGatewayId=id, VpcId=vpc)
    assert answer.find("{http://ec2.amazonaws.com/doc/2016-11-15/}return").text == "true"


def test_one_connection_serves_many_requests(ec2: Local) -> None:
    connection = http.client.HTTPConnection(urlsplit(ec2.endpoint).netloc)
    for _ in range(3):
        connection.request("POST", "/", "Action=DescribeVpcs")
        response = connection.getresponse()
        assert (response.version, response.status) == (11, 403)
        assert ElementTree.fromstring(response.read()).find("Errors/Error/Code") is not None
    connection.close()


@pytest.mark.parametrize(
    ("params", "code", "name"),
    [
        ({"Action": "DescribeVpcs", "VpcIdd.1": "vpc-1"}, "UnknownParameter", "VpcIdd"),
        ({"Action": "DescribeVpcs", "VpcId.0": "vpc-1"}, "InvalidParameter", "VpcId"),
        ({"Action": "DescribeVpcs", "MaxResults": "many"}, "InvalidParameterValue", "MaxResults"),
        ({"Action": "DescribeVpcs", "MaxResults": "4"}, "InvalidParameterValue", "MaxResults"),
        ({"Action": "DescribeVpcs", "DryRun": "yes"}, "InvalidParameterValue", "DryRun"),
        ({"Action": "CreateVolume", "AvailabilityZone": "us-east-1a", "VolumeType": "gp9"},
         "InvalidParameterValue", "VolumeType"),
        ({"Action": "DeleteVpc"}, "MissingParameter", "VpcId"),
        ({"Action": "CreateTags", "ResourceId.1": "vpc-1", "Tag.1.Name": "x"},
         "UnknownParameter", "Tag.1.Name"),
        ({"Action": "RunInstances", "MinCount": "1"}, "MissingParameter", "MaxCount"),
        ({"Action": "ImportKeyPair", "KeyName": "k", "PublicKeyMaterial": "%"},
         "InvalidParameterValue", "PublicKeyMaterial"),
        ({"Action": "DescribeEverything"}, "InvalidAction", "DescribeEverything"),
    ],
)  # fmt: skip
def test_what_the_official_model_does_not_know_is_refused_and_kept(
    libcloud: Any, ec2: Local, params: dict[str, str], code: str, name: str
) -> None:
    with pytest.raises(Exception, match=code) as refusal:
        asked(libcloud, **params)
    assert name in str(refusal.value)
    assert len(ec2.bed.violations) == 1


def test_a_wrong_secret_is_refused(ec2: Local) -> None:
    with refused("SignatureDoesNotMatch"):
        hand.client(ec2.endpoint, secret="wrong").describe_vpcs()


def test_an_unknown_key_is_refused(ec2: Local) -> None:
    with refused("AuthFailure"):
        hand.client(ec2.endpoint, key="AKIANOBODYNOBODYNOBO").describe_vpcs()


def test_a_session_of_another_account_sees_that_account_only_and_ends(ec2: Local, boto: Any) -> None:
    hand.network(boto)
    sts = hand.client(ec2.endpoint, "sts")
    assert sts.get_caller_identity()["Account"] == "123456789012"
    role = sts.assume_role(RoleArn="arn:aws:iam::210987654321:role/portinfra", RoleSessionName="test")
    session = role["Credentials"]
    other = hand.client(
        ec2.endpoint,
        key=session["AccessKeyId"],
        secret=session["SecretAccessKey"],
        token=session["SessionToken"],
    )
    identity = hand.client(
        ec2.endpoint,
        "sts",
        key=session["AccessKeyId"],
        secret=session["SecretAccessKey"],
        token=session["SessionToken"],
    ).get_caller_identity()
    assert identity["Account"] == "210987654321"
    assert [vpc["IsDefault"] for vpc in other.describe_vpcs()["Vpcs"]] == [True]
    ec2.bed.advance(3601)
    with refused("RequestExpired"):
        other.describe_vpcs()


def test_a_dry_run_does_nothing(boto: Any) -> None:
    with pytest.raises(ClientError) as said:
        boto.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True)
    assert said.value.response["Error"]["Code"] == "DryRunOperation"
    assert said.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert len(boto.describe_vpcs()["Vpcs"]) == 1
