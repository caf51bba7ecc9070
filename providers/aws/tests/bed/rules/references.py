"""Ids in a request: well formed, of the right kind, and of something that is there.

moto invents a security group for an id that it does not know, and fails in its own ways at others.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bed.call import Call, before
from bed.errors import EC2Error
from bed.kinds import KINDS, kind_of, missing

PREFIXES: Mapping[str, tuple[str, ...]] = {
    "VpcId": ("vpc",),
    "SubnetId": ("subnet",),
    "GroupId": ("sg",),
    "Groups": ("sg",),
    "SecurityGroupIds": ("sg",),
    "InternetGatewayId": ("igw",),
    "RouteTableId": ("rtb",),
    "InstanceId": ("i",),
    "VolumeId": ("vol",),
    "SnapshotId": ("snap",),
    "NetworkInterfaceId": ("eni",),
    "AllocationId": ("eipalloc",),
    "AssociationId": ("rtbassoc", "eipassoc"),
    "ImageId": ("ami",),
    "Resources": tuple(KINDS),
}
"""Parameter → the kinds of id that it takes. A list's plural ending is left away."""

ELSEWHERE = frozenset({"SourceSnapshotId", "SourceImageId"})


@before()
def ids_are_known(call: Call) -> None:
    """Malformed ids have a code of their own; young ones are not found yet.

    "the API follows an eventual consistency model […] you might get InvalidInstanceID.NotFound":
    https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
    """
    describes = call.action.startswith("Describe")
    for name, id in _ids(call.params):
        kind = kind_of(id)
        if kind is None or kind.prefix not in PREFIXES[name]:
            raise EC2Error(_malformed(name), f'Invalid id: "{id}" (expecting "{PREFIXES[name][0]}-...")')
        if describes:
            continue
        youngest = call.now - call.there.settings.reference_seconds
        if kind.find(call.backend, id) is None or call.there.born.get(id, youngest) > youngest:
            raise missing(id)


def _ids(params: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(params, Mapping):
        for key, value in params.items():
            if key not in ELSEWHERE:
                yield from _ids(value, key)
    elif isinstance(params, list):
        for item in params:
            yield from _ids(item, name)
    elif isinstance(params, str):
        known = name if name in PREFIXES else name.removesuffix("s")
        if known in PREFIXES:
            yield known, params


def _malformed(name: str) -> str:
    if name == "Resources":
        return "InvalidID"
    code = KINDS[PREFIXES[name][0]].code
    return {"InvalidGroup.NotFound": "InvalidGroupId.Malformed"}.get(
        code, code.replace("NotFound", "Malformed")
    )
