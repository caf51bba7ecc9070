"""Dry runs: EC2 reports whether a write is allowed, and does nothing.

"Checks whether you have the required permissions for the action, without actually making the request":
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html (DryRun). Each dry run is a
request. So portinfra tries each kind of write once, and writes to existing resources only if there is one.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.observed import Observed
from portinfra.model.placed import Placed
from portinfra.model.resources import Firewall, Instance, Network, PublicAddress, Spec, Subnet, Volume
from portinfra.provider.interface import Answer, Call
from portinfra_aws import rates
from portinfra_aws.marks import SCOPE, specification
from portinfra_aws.records import PUBLIC_KEY

FLAG = "DryRun"
"""The parameter of a dry run. A call with it never writes."""

ALLOWED, DENIED = "allowed", "denied"
"""The keys of the answer into which the provider turns EC2's errors."""

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
"""Creating action → the resource that has the owner's tags. A policy may require them."""

S = TypeVar("S", bound=Spec)


def calls(placed: Placed, catalogue: Catalogue, seen: Mapping[Address, Observed[Any]]) -> tuple[Call, ...]:
    """Return the dry runs of the writes of a takeover, at most 16."""
    return tuple(_call(action, given, placed.scope) for action, given in _writes(placed, catalogue, seen))


def denied_actions(answer: Answer) -> tuple[str, ...]:
    """Return the action that an answer denies: `ec2:RunInstances`."""
    return (str(answer[DENIED]),) if DENIED in answer else ()


def _writes(
    placed: Placed, catalogue: Catalogue, seen: Mapping[Address, Observed[Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    zones = placed.environment.zones or [zone.name for zone in catalogue.zones]
    missing = {type(spec) for address, spec in placed.resources.items() if address not in seen}
    key = base64.b64encode(PUBLIC_KEY.encode()).decode()
    network, host, volume = _first(seen, Network), _first(seen, Instance), _first(seen, Volume)
    if Network in missing:
        yield "CreateVpc", {"CidrBlock": placed.environment.cidr}
    if PublicAddress in missing:
        yield "CreateInternetGateway", {}
        yield "AllocateAddress", {"Domain": "vpc"}
    yield "ImportKeyPair", {"KeyName": _NAME, "PublicKeyMaterial": key}
    yield "CreateVolume", {"AvailabilityZone": zones[0], "Size": 1, "VolumeType": "gp3", "Encrypted": True}
    for wanted in [spec for spec in placed.resources.values() if isinstance(spec, Instance)][:1]:
        yield "RunInstances", _first_host(wanted, catalogue, seen)
    if network and Subnet in missing:
        yield "CreateRouteTable", {"VpcId": network.id}
        yield "CreateSubnet", {"VpcId": network.id, "CidrBlock": network.spec.cidr}
    if network and Firewall in missing:
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


def _first_host(
    wanted: Instance, catalogue: Catalogue, seen: Mapping[Address, Observed[Any]]
) -> dict[str, Any]:
    """Return the image, size and subnet of a host, because a policy may permit only some of them."""
    image = catalogue.images.get(wanted.image, wanted.image)
    size = catalogue.sizes.get(wanted.machine_type, wanted.machine_type)
    host = {"ImageId": image, "InstanceType": size, "MinCount": 1, "MaxCount": 1}
    subnet = seen.get(wanted.subnet) if wanted.subnet else None
    return {**host, "SubnetId": subnet.id} if subnet else host


def _call(action: str, parameters: Mapping[str, Any], scope: Scope) -> Call:
    tags = {"Name": _NAME, SCOPE: str(scope)}
    kind = _TAGGED.get(action)
    tagged = {"TagSpecification": [specification(kind, tags)]} if kind else {}
    return Call(action, {**parameters, **tagged, FLAG: True}, rates=rates.classes(action))


def _first(seen: Mapping[Address, Observed[Any]], kind: type[S]) -> Observed[S] | None:
    """Return the first resource of a kind that exists, by address."""
    return next((seen[address] for address in sorted(seen) if isinstance(seen[address].spec, kind)), None)
