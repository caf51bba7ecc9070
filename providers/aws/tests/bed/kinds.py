"""The kinds of id that EC2 has: how each begins, where moto keeps it, and what EC2 says when it is unknown.

Codes: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, and what the service
answers in practice where that page is silent.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import frozen

from bed.errors import EC2Error, not_found

ID = re.compile(r"([a-z]+(?:-[a-z]+)*)-([0-9a-f]{8}|[0-9a-f]{17})")


@frozen
class Kind:
    """One kind of id."""

    prefix: str
    what: str
    code: str
    """The error code of one that is unknown."""
    find: Callable[[Any, str], Any]
    """The object in a backend of moto's; None where there is none."""


def _in(attribute: str) -> Callable[[Any, str], Any]:
    return lambda backend, id: getattr(backend, attribute).get(id)


def _in_each(attribute: str) -> Callable[[Any, str], Any]:
    return lambda backend, id: next(
        (found[id] for found in getattr(backend, attribute).values() if id in found), None
    )


def _address(part: str) -> Callable[[Any, str], Any]:
    return lambda backend, id: next(
        (address for address in backend.addresses if getattr(address, part) == id), None
    )


def _association(backend: Any, id: str) -> Any:
    return next((each for each in backend.route_tables.values() if id in each.all_associations_ids), None)


def _key_pair(backend: Any, id: str) -> Any:
    return next((each for each in backend.key_pairs.values() if each.id == id), None)


def _instance(backend: Any, id: str) -> Any:
    return next((each for each in instances(backend) if each.id == id), None)


def instances(backend: Any) -> Iterator[Any]:
    """Every instance of a region, terminated ones included."""
    for reservation in backend.reservations.values():
        yield from reservation.instances


KINDS: Mapping[str, Kind] = {
    kind.prefix: kind
    for kind in (
        Kind("vpc", "vpc", "InvalidVpcID.NotFound", _in("vpcs")),
        Kind("subnet", "subnet", "InvalidSubnetID.NotFound", _in_each("subnets")),
        Kind("sg", "security group", "InvalidGroup.NotFound", _in_each("groups")),
        Kind("igw", "internetGateway", "InvalidInternetGatewayID.NotFound", _in("internet_gateways")),
        Kind("rtb", "routeTable", "InvalidRouteTableID.NotFound", _in("route_tables")),
        Kind("rtbassoc", "association", "InvalidAssociationID.NotFound", _association),
        Kind("i", "instance", "InvalidInstanceID.NotFound", _instance),
        Kind("vol", "volume", "InvalidVolume.NotFound", _in("volumes")),
        Kind("snap", "snapshot", "InvalidSnapshot.NotFound", _in("snapshots")),
        Kind("eni", "networkInterface", "InvalidNetworkInterfaceID.NotFound", _in("enis")),
        Kind("eipalloc", "allocation", "InvalidAllocationID.NotFound", _address("allocation_id")),
        Kind("eipassoc", "association", "InvalidAssociationID.NotFound", _address("association_id")),
        Kind("key", "key pair", "InvalidKeyPair.NotFound", _key_pair),
        Kind("ami", "image", "InvalidAMIID.NotFound", _in("amis")),
    )
}


def kind_of(id: str) -> Kind | None:
    """The kind that an id is of; None where it is no id, or of a kind that the bed does not follow."""
    found = ID.fullmatch(id)
    return KINDS.get(found[1]) if found else None


def missing(id: str) -> EC2Error:
    """The error of an id that is of a kind, and unknown."""
    kind = kind_of(id)
    assert kind is not None
    return not_found(kind.code, kind.what, id)
