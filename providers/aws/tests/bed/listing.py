"""The describe actions: what is asked for by id or filter, what is visible yet, and pages.

moto is asked for everything and its choice is never trusted: it passes filters over in silence, ignores
MaxResults and shows at once what EC2 shows after a while.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from bed import lag
from bed.errors import EC2Error, not_found
from bed.filters import chosen
from bed.kinds import KINDS
from bed.official import Operation
from bed.region import Region
from bed.settings import Settings


@frozen
class List:
    """How one describe action names what it lists."""

    asked: str
    """The parameter that takes ids."""
    id: str
    """The member of a record that is its id."""
    code: str
    what: str


def _of(prefix: str, asked: str, id: str) -> List:
    return List(asked, id, KINDS[prefix].code, KINDS[prefix].what)


LISTS: Mapping[str, List] = {
    "DescribeVpcs": _of("vpc", "VpcIds", "VpcId"),
    "DescribeSubnets": _of("subnet", "SubnetIds", "SubnetId"),
    "DescribeSecurityGroups": _of("sg", "GroupIds", "GroupId"),
    "DescribeInternetGateways": _of("igw", "InternetGatewayIds", "InternetGatewayId"),
    "DescribeRouteTables": _of("rtb", "RouteTableIds", "RouteTableId"),
    "DescribeInstances": _of("i", "InstanceIds", "InstanceId"),
    "DescribeInstanceStatus": _of("i", "InstanceIds", "InstanceId"),
    "DescribeVolumes": _of("vol", "VolumeIds", "VolumeId"),
    "DescribeVolumesModifications": _of("vol", "VolumeIds", "VolumeId"),
    "DescribeSnapshots": _of("snap", "SnapshotIds", "SnapshotId"),
    "DescribeNetworkInterfaces": _of("eni", "NetworkInterfaceIds", "NetworkInterfaceId"),
    "DescribeAddresses": _of("eipalloc", "AllocationIds", "AllocationId"),
    "DescribeImages": _of("ami", "ImageIds", "ImageId"),
    "DescribeKeyPairs": List("KeyNames", "KeyName", "InvalidKeyPair.NotFound", "key pair"),
    "DescribeSecurityGroupRules": List(
        "SecurityGroupRuleIds",
        "SecurityGroupRuleId",
        "InvalidSecurityGroupRuleId.NotFound",
        "security group rule",
    ),
    "DescribeInstanceTypes": List("InstanceTypes", "InstanceType", "InvalidInstanceType", "instance type"),
}

ALL = 1_000_000

FIXED = frozenset({"DescribeImages", "DescribeInstanceTypes", "DescribeInstanceTypeOfferings"})
"""What a region offers: thousands of records that nothing changes. Small pages would only take time."""

_LAGGING = (
    frozenset(LISTS)
    - FIXED
    - {
        "DescribeInstanceStatus",
        "DescribeVolumesModifications",
        "DescribeNetworkInterfaces",
        "DescribeSecurityGroupRules",
    }
)
"""The lists that may show an older state."""

_EXCLUSIVE = re.compile(r"cannot specify this parameter and", re.IGNORECASE)


@define
class Listing:
    """Serves the describe actions of one bed."""

    settings: Settings
    _tokens: dict[str, list[Any]] = field(factory=dict)
    _numbers: Any = field(factory=itertools.count)

    def bare(self, operation: Operation, params: Mapping[str, Any]) -> dict[str, Any]:
        """What moto shall be asked: the parameters without those that are served here."""
        if self.member(operation) is None:
            return dict(params)
        known = LISTS.get(operation.name)
        ours = {"Filters", "MaxResults", "NextToken", "DryRun", *([known.asked] if known else ())}
        bare = {name: value for name, value in params.items() if name not in ours}
        if operation.name == "DescribeInstances":
            bare["MaxResults"] = ALL  # moto shows a hundred to whoever does not ask for more
        return bare

    def member(self, operation: Operation) -> str | None:
        """The member of the answer that is the list; None for an action that lists nothing."""
        if not operation.name.startswith("Describe") or operation.told is None:
            return None
        return next((name for name, each in operation.told.members.items() if each.type_name == "list"), None)

    def show(
        self, operation: Operation, params: Mapping[str, Any], told: dict[str, Any], there: Region
    ) -> dict[str, Any]:
        """The answer. `told` is everything that there is."""
        member = self.member(operation)
        if member is None:
            return told
        _check_pages(operation, params)
        item = operation.told.members[member].member
        if member == "Reservations":
            item = item.members["Instances"].member
        records = self.records(operation, told)
        known = LISTS.get(operation.name)
        if known:
            if there.settings.stale_seconds and operation.name in _LAGGING:
                records = lag.show(there, operation.name, known.id, records)
            there_to_see = _lingering(operation, known, _visible(known, records, there), there)
            records = _asked_for(known, params, there_to_see)
        records = chosen(operation, item, params.get("Filters", ()), records)
        page, token = self._page(operation, params, records)
        if member == "Reservations":
            page = _reserved(told[member], page)
        return {**told, member: page, **({"NextToken": token} if token else {})}

    def records(self, operation: Operation, told: Mapping[str, Any]) -> list[Any]:
        """The records of an answer that lists."""
        member = self.member(operation)
        if member == "Reservations":
            return [each for reservation in told[member] for each in reservation["Instances"]]
        return list(told.get(member or "", ()))

    def _page(
        self, operation: Operation, params: Mapping[str, Any], records: list[Any]
    ) -> tuple[list[Any], str]:
        if not operation.page:
            return records, ""
        token = params.get("NextToken")
        if token:
            if token not in self._tokens:
                raise EC2Error("InvalidNextToken", "The specified NextToken is not valid.")
            rest = self._tokens[token]
            keys = {_key(operation, each) for each in records}
            by_key = {_key(operation, each): each for each in records}
            records = [by_key[key] for key in rest if key in keys]
        size = params.get("MaxResults") or _default_page(operation)
        limit = self.settings.page_limit if operation.name not in FIXED else None
        if limit is not None and (size is None or size > limit):
            size = limit
        if size is None or len(records) <= size:
            return records, ""
        token = f"page-{next(self._numbers)}"
        self._tokens[token] = [_key(operation, each) for each in records[size:]]
        return records[:size], token


def lagging() -> dict[str, str]:
    """The lists that may show an older state, and the member of their records that is the id."""
    return {action: LISTS[action].id for action in sorted(_LAGGING)}


def _visible(known: List, records: Sequence[Any], there: Region) -> list[Any]:
    """Without what is too young: https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html."""
    youngest = there.clock.now() - there.settings.visibility_seconds
    return [each for each in records if there.born.get(str(each.get(known.id)), youngest) <= youngest]


def _lingering(operation: Operation, known: List, records: list[Any], there: Region) -> list[Any]:
    """With what was deleted a moment ago, as it was last seen."""
    oldest = there.clock.now() - there.settings.lingering_seconds
    last = there.listed.setdefault(operation.name, {})
    now = {str(each.get(known.id)): each for each in records}
    ghosts = [last[id] for id in last if id not in now and there.gone.get(id, oldest) > oldest]
    last.update(now)
    return [*records, *ghosts]


def _asked_for(known: List, params: Mapping[str, Any], records: list[Any]) -> list[Any]:
    asked = params.get(known.asked)
    if not asked:
        return records
    there = {each[known.id] for each in records}
    unknown = [id for id in asked if id not in there]
    if unknown:
        raise not_found(known.code, known.what, ", ".join(unknown))
    return [each for each in records if each[known.id] in asked]


def _default_page(operation: Operation) -> int | None:
    """Few actions have pages that nobody asked for: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/."""
    return 100 if operation.name == "DescribeInstanceTypes" else None


def _check_pages(operation: Operation, params: Mapping[str, Any]) -> None:
    """Where the model has no bounds, those that EC2 names when it refuses: from 5 to 1,000."""
    size = params.get("MaxResults")
    known = LISTS.get(operation.name)
    if size is None or known is None:
        return
    if not 5 <= size <= 1000:
        raise EC2Error(
            "InvalidParameterValue",
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value from 5 to 1000.",
        )
    documentation = operation.given.members["MaxResults"].documentation
    if params.get(known.asked) and _EXCLUSIVE.search(documentation):
        raise EC2Error(
            "InvalidParameterCombination",
            f"The parameter {known.asked} cannot be used with the parameter maxResults",
        )


def _key(operation: Operation, record: Mapping[str, Any]) -> Any:
    known = LISTS.get(operation.name)
    if known:
        return record.get(known.id)
    return str(sorted((key, str(value)) for key, value in record.items()))


def _reserved(reservations: Sequence[Mapping[str, Any]], page: Sequence[Mapping[str, Any]]) -> list[Any]:
    shown = {each["InstanceId"]: each for each in page}
    found = []
    for reservation in reservations:
        ids = [each["InstanceId"] for each in reservation["Instances"]]
        instances = [shown[id] for id in ids if id in shown]
        if instances:
            found.append({**reservation, "Instances": instances})
    return found
