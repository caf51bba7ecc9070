"""Things made by hand with boto3, as a person would, for tests of the bed and for drift."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from bed.identities import ACCESS_KEY, SECRET

DEBIAN = "ami-0a1b2c3d4e5f60012"
REGION = "us-east-1"
ZONE = "us-east-1a"


def client(
    endpoint: str,
    service: str = "ec2",
    region: str = REGION,
    key: str = ACCESS_KEY,
    secret: str = SECRET,
    token: str | None = None,
) -> Any:
    """A client that never repeats a request."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30),
    )


@contextmanager
def refused(code: str) -> Iterator[list[str]]:
    """What is within is refused with this code; the list gets the message."""
    said: list[str] = []
    try:
        yield said
    except ClientError as error:
        got = error.response["Error"]
        said.append(got["Message"])
        assert got["Code"] == code, f"{got['Code']} instead of {code}: {got['Message']}"
    else:
        raise AssertionError(f"not refused, where {code} was expected")


def network(ec2: Any, cidr: str = "10.0.0.0/16") -> str:
    """A VPC."""
    id: str = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    return id


def subnet(ec2: Any, vpc: str, cidr: str = "10.0.0.0/24", zone: str = ZONE) -> str:
    """A subnet."""
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)
    id: str = made["Subnet"]["SubnetId"]
    return id


def group(ec2: Any, vpc: str, name: str = "web") -> str:
    """A security group."""
    id: str = ec2.create_security_group(GroupName=name, Description="a role", VpcId=vpc)["GroupId"]
    return id


def gateway(ec2: Any, vpc: str) -> str:
    """An internet gateway, attached."""
    id: str = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=id, VpcId=vpc)
    return id


def host(ec2: Any, subnet: str, groups: list[str], address: str = "", **more: Any) -> str:
    """An instance."""
    interface: dict[str, Any] = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": groups}
    if address:
        interface["PrivateIpAddress"] = address
    given = {"ImageId": DEBIAN, "InstanceType": "t3.small", "MinCount": 1, "MaxCount": 1, **more}
    id: str = ec2.run_instances(NetworkInterfaces=[interface], **given)["Instances"][0]["InstanceId"]
    return id


def volume(ec2: Any, gib: int = 10, zone: str = ZONE, **more: Any) -> str:
    """A volume."""
    made = ec2.create_volume(Size=gib, AvailabilityZone=zone, VolumeType="gp3", **more)
    id: str = made["VolumeId"]
    return id


def small_world(ec2: Any) -> tuple[str, str, str, str]:
    """A VPC, a subnet, a group and a host in them."""
    vpc = network(ec2)
    place = subnet(ec2, vpc)
    web = group(ec2, vpc)
    return vpc, place, web, host(ec2, place, [web], "10.0.0.10")


def state(ec2: Any, id: str) -> str:
    """The state of an instance."""
    found = ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]
    name: str = found["State"]["Name"]
    return name
