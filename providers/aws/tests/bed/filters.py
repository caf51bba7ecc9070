"""Filters of the describe actions: the names that EC2 documents, found in the record that is shown.

EC2's names follow its records: `attachment.instance-id` is `Attachments[].InstanceId`. The few that do not
are listed, with a name or two that EC2 takes and no longer documents. Any other that is not documented is
refused, as EC2 does; one that is documented and not found here is a gap of the bed, and says so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from bed.errors import EC2Error
from bed.official import Operation
from portinfra.testing.emulator import Unserved

Record = Mapping[str, Any]
Path = tuple[str, ...]

OTHERWISE: Mapping[str, Mapping[str, str]] = {
    "DescribeInstances": {
        "availability-zone": "Placement.AvailabilityZone",
        "instance-state-name": "State.Name",
        "instance-state-code": "State.Code",
        "instance.group-id": "SecurityGroups.GroupId",
        "instance.group-name": "SecurityGroups.GroupName",
        "network-interface.group-id": "NetworkInterfaces.Groups.GroupId",
        "network-interface.addresses.private-ip-address": (
            "NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress"
        ),
        "block-device-mapping.volume-id": "BlockDeviceMappings.Ebs.VolumeId",
        "ip-address": "PublicIpAddress",
        "dns-name": "PublicDnsName",
        "reason": "StateTransitionReason",
        "state-reason-code": "StateReason.Code",
    },
    "DescribeInstanceStatus": {"instance-state-name": "InstanceState.Name"},
    "DescribeVolumes": {"status": "State", "attachment.status": "Attachments.State"},
    "DescribeSnapshots": {"status": "State"},
    "DescribeVpcs": {"cidr": "CidrBlock", "cidr-block": "CidrBlock", "is-default": "IsDefault"},
    "DescribeSubnets": {"cidr": "CidrBlock"},
    "DescribeImages": {"owner-alias": "ImageOwnerAlias", "is-public": "Public"},
    "DescribeKeyPairs": {"fingerprint": "KeyFingerprint"},
    "DescribeNetworkInterfaces": {
        "addresses.private-ip-address": "PrivateIpAddresses.PrivateIpAddress",
        "group-id": "Groups.GroupId",
    },
    "DescribeSecurityGroups": {
        "ip-permission.cidr": "IpPermissions.IpRanges.CidrIp",
        "ip-permission.group-id": "IpPermissions.UserIdGroupPairs.GroupId",
        "egress.ip-permission.cidr": "IpPermissionsEgress.IpRanges.CidrIp",
        "egress.ip-permission.group-id": "IpPermissionsEgress.UserIdGroupPairs.GroupId",
    },
    "DescribeVolumesModifications": {},
}


def chosen(operation: Operation, item: Any, filters: Sequence[Record], records: Sequence[Any]) -> list[Any]:
    """The records that pass every filter; `item` is their shape."""
    tests = [(_path(operation, item, each), _patterns(each)) for each in filters]
    return [record for record in records if all(_passes(record, *test) for test in tests)]


def _passes(record: Record, path: Path | str, patterns: Sequence[re.Pattern[str]]) -> bool:
    values = _tag_values(record, path) if isinstance(path, str) else _at(record, path)
    return any(pattern.fullmatch(value) for value in values for pattern in patterns)


def _tag_values(record: Record, name: str) -> Iterator[str]:
    for tag in record.get("Tags", record.get("TagSet", ())):
        if name in ("tag-key", "tag-value"):
            yield tag["Key" if name == "tag-key" else "Value"]
        elif tag["Key"] == name.removeprefix("tag:"):
            yield tag["Value"]


def _at(value: Any, path: Path) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif path:
        if path[0] in value:
            yield from _at(value[path[0]], path[1:])
    else:
        yield str(value).lower() if isinstance(value, bool) else str(value)


def _patterns(given: Record) -> list[re.Pattern[str]]:
    return [_pattern(value) for value in given.get("Values", ())]


@cache
def _pattern(value: str) -> re.Pattern[str]:
    """`*` and `?` are wildcards unless a backslash precedes them."""
    parts = re.findall(r"\\[*?\\]|.", value, re.DOTALL)
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(part) or re.escape(part[-1]) for part in parts), re.DOTALL)


def _path(operation: Operation, item: Any, given: Record) -> Path | str:
    name = given.get("Name")
    if not name:
        raise EC2Error("InvalidParameterValue", "The filter 'null' is invalid")
    if not given.get("Values"):
        raise EC2Error("InvalidParameterValue", f"The filter '{name}' must have at least one value")
    if len(given["Values"]) > 200:
        raise EC2Error("FilterLimitExceeded", "The maximum number of filter values specified is 200")
    if name.startswith("tag:") or name in ("tag-key", "tag-value"):
        if not any(known.startswith("tag") for known in operation.filters):
            raise EC2Error("InvalidParameterValue", f"The filter '{name}' is invalid")
        return str(name)
    if name not in operation.filters and name not in OTHERWISE.get(operation.name, ()):
        raise EC2Error("InvalidParameterValue", f"The filter '{name}' is invalid")
    return _documented(operation, item, name)


@cache
def _documented(operation: Operation, item: Any, name: str) -> Path:
    known = OTHERWISE.get(operation.name, {}).get(name)
    if known is not None:
        return tuple(known.split("."))
    path, shape = [], item
    for part in name.split("."):
        found = _member(shape, part.replace("-", "").lower())
        if found is None:
            raise Unserved(f"the bed does not know where the filter {name} of {operation.name} looks")
        path.append(found)
        shape = shape.members[found]
        shape = shape.member if shape.type_name == "list" else shape
    return tuple(path)


def _member(shape: Any, part: str) -> str | None:
    if shape.type_name != "structure":
        return None
    for name in shape.members:
        if name.lower() in (part, f"{part}s"):
            return str(name)
    return None
