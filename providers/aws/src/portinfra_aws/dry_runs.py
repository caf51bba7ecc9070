"""Dry runs: EC2 says whether a write is allowed, and does nothing.

"Checks whether you have the required permissions for the action, without actually making the request":
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html (DryRun). Each is a request of
its own, so each kind of write is tried once, and one to an existing resource only where there is one.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.observed import Observed
from portinfra.model.resources import Instance, Network, Spec, Volume
from portinfra.provider.interface import Answer, Call
from portinfra_aws import rates
from portinfra_aws.marks import SCOPE, specification
from portinfra_aws.records import PUBLIC_KEY

FLAG = "DryRun"
"""The parameter of a dry run. It is never a write."""

ALLOWED, DENIED = "allowed", "denied"
"""The keys of the answer that the provider makes of EC2's errors."""

CODE_ALLOWED, CODE_DENIED = "DryRunOperation", "UnauthorizedOperation"

_NAME = "portinfra-dry-run"
_TAGGED: Mapping[str, str] = {
    "AllocateAddress": "elastic-ip",
    "CreateInternetGateway": "internet-gateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSnapshot": "snapshot",
    "CreateSubnet": "subnet",
    "CreateVolume": "volume",
    "CreateVpc": "vpc",
    "ImportKeyPair": "key-pair",
    "RunInstances": "instance",
}
"""Creation → what bears the owner's tags: a policy may ask for them."""

S = TypeVar("S", bound=Spec)


def calls(
    environment: Environment, catalogue: Catalogue, seen: Mapping[Address, Observed[Any]]
) -> tuple[Call, ...]:
    """Return the dry runs of the writes of a takeover, at most 16."""
    return tuple(_call(action, given) for action, given in _writes(environment, catalogue, seen))


def denied(answer: Answer) -> tuple[str, ...]:
    """Return the action that an answer denies: `ec2:RunInstances`."""
    return (str(answer[DENIED]),) if DENIED in answer else ()


def _writes(
    environment: Environment, catalogue: Catalogue, seen: Mapping[Address, Observed[Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    zones = environment.zones or [zone.name for zone in catalogue.zones]
    images, sizes = sorted(catalogue.images.values()), sorted(catalogue.sizes.values())
    key = base64.b64encode(PUBLIC_KEY.encode()).decode()
    network, host, volume = _first(seen, Network), _first(seen, Instance), _first(seen, Volume)
    yield "CreateVpc", {"CidrBlock": environment.cidr}
    yield "CreateInternetGateway", {}
    yield "AllocateAddress", {"Domain": "vpc"}
    yield "ImportKeyPair", {"KeyName": _NAME, "PublicKeyMaterial": key}
    yield "CreateVolume", {"AvailabilityZone": zones[0], "Size": 1, "VolumeType": "gp3", "Encrypted": True}
    if images and sizes:
        host_of_any = {"ImageId": images[0], "InstanceType": sizes[0], "MinCount": 1, "MaxCount": 1}
        yield "RunInstances", host_of_any
    if network:
        yield "CreateRouteTable", {"VpcId": network.id}
        yield "CreateSubnet", {"VpcId": network.id, "CidrBlock": network.spec.cidr}
        group = {"GroupName": _NAME, "GroupDescription": _NAME, "VpcId": network.id}
        yield "CreateSecurityGroup", group
    if host:
        for action in ("StartInstances", "StopInstances", "TerminateInstances"):
            yield action, {"InstanceId": [host.id]}
    if volume:
        yield "CreateSnapshot", {"VolumeId": volume.id}
        yield "DeleteVolume", {"VolumeId": volume.id}
    if host and volume:
        yield "AttachVolume", {"VolumeId": volume.id, "InstanceId": host.id, "Device": "/dev/sdz"}
        yield "DetachVolume", {"VolumeId": volume.id}


def _call(action: str, parameters: Mapping[str, Any]) -> Call:
    tags = {"Name": _NAME, SCOPE: _NAME}
    kind = _TAGGED.get(action)
    tagged = {"TagSpecification": [specification(kind, tags)]} if kind else {}
    return Call(action, {**parameters, **tagged, FLAG: True}, rates=rates.classes(action))


def _first(seen: Mapping[Address, Observed[Any]], kind: type[S]) -> Observed[S] | None:
    """Return the first resource of a kind that exists, by address."""
    return next((seen[address] for address in sorted(seen) if isinstance(seen[address].spec, kind)), None)
