"""Quotas of an account in a region, each with the code that EC2 refuses with.

https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
"""

import itertools
from collections.abc import Callable
from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPES

from bed.call import Call, before, shown
from bed.errors import EC2Error
from bed.kinds import instances

LIVE = ("pending", "running")

PLENTY = 1000
"""The elastic addresses of an account that no test limits: a new one has five, and is given more."""


def _vcpus(machine_type: str) -> int:
    return int(INSTANCE_TYPES.get(machine_type, {}).get("VCpuInfo", {}).get("DefaultVCpus", 1))


def _used_vcpus(backend: Any) -> int:
    return sum(_vcpus(each.instance_type) for each in instances(backend) if each.state in LIVE)


def _flat(groups: Any) -> int:
    return len(list(itertools.chain.from_iterable(groups.values())))


# action → quota, error code, how much is used
QUOTAS: dict[str, tuple[str, str, Callable[[Any], int]]] = {
    "CreateVpc": ("vpc", "VpcLimitExceeded", lambda backend: len(backend.vpcs)),
    "CreateInternetGateway": (
        "gateway",
        "InternetGatewayLimitExceeded",
        lambda backend: len(backend.internet_gateways),
    ),
    "CreateSubnet": ("subnet", "SubnetLimitExceeded", lambda backend: _flat(backend.subnets)),
    "CreateSecurityGroup": ("group", "SecurityGroupLimitExceeded", lambda backend: _flat(backend.groups)),
    "CreateVolume": ("volume", "VolumeLimitExceeded", lambda backend: len(backend.volumes)),
    "CreateSnapshot": ("snapshot", "SnapshotLimitExceeded", lambda backend: len(backend.snapshots)),
    "AllocateAddress": ("address", "AddressLimitExceeded", lambda backend: len(backend.addresses)),
    "RunInstances": ("vcpu", "VcpuLimitExceeded", _used_vcpus),
}


@shown("DescribeAccountAttributes")
def address_quota_is_told(call: Call, told: dict[str, Any]) -> None:
    """Of quotas this tells elastic addresses alone.

    "max-instances: This attribute is no longer supported. The returned value does not reflect your actual
    vCPU limit": https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAccountAttributes.html
    """
    limit = str(call.there.settings.quotas.get("address", PLENTY))
    asked = call.params.get("AttributeNames")
    told["AccountAttributes"] = [
        {**each, "AttributeValues": [{"AttributeValue": limit}]}
        if "elastic-ips" in each["AttributeName"]
        else each
        for each in told["AccountAttributes"]
        if not asked or each["AttributeName"] in asked
    ]


@before(*QUOTAS)
def quota_is_left(call: Call) -> None:
    """Only what the settings limit is limited."""
    kind, code, used = QUOTAS[call.action]
    limit = call.there.settings.quotas.get(kind)
    if limit is None:
        return
    wanted = 1
    if kind == "vcpu":
        wanted = call.params["MaxCount"] * _vcpus(call.params.get("InstanceType", "m1.small"))
    if used(call.backend) + wanted > limit:
        raise EC2Error(code, f"The maximum number of {kind}s has been reached: {limit}.")
