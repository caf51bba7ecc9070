"""The lists that drivers read: by our tag, in large pages, each list once for all kinds that need it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from portinfra.model.address import Scope
from portinfra.provider.interface import Answer, Call
from portinfra_aws import marks, rates
from portinfra_aws.query import where

Record = Mapping[str, Any]
Answers = Mapping[Call, Sequence[Answer]]

MEMBERS: Mapping[str, str] = {
    "DescribeAddresses": "addressesSet",
    "DescribeInstances": "reservationSet",
    "DescribeInternetGateways": "internetGatewaySet",
    "DescribeNetworkInterfaces": "networkInterfaceSet",
    "DescribeRouteTables": "routeTableSet",
    "DescribeSecurityGroups": "securityGroupInfo",
    "DescribeSnapshots": "snapshotSet",
    "DescribeSubnets": "subnetSet",
    "DescribeVolumes": "volumeSet",
    "DescribeVolumesModifications": "volumeModificationSet",
    "DescribeVpcs": "vpcSet",
}
"""Action → the member of its answer that is the list."""

_PAGE: Mapping[str, int] = {
    "DescribeRouteTables": 100,
    "DescribeVolumes": 500,
    "DescribeVolumesModifications": 500,
}
_PAGE_USUAL = 1000
_NO_PAGES = ("DescribeAddresses",)


def list_owned(action: str, scope: Scope, *filters: Mapping[str, Any], **more: Any) -> Call:
    """Return the list of all resources that have the scope's tag and match the filters."""
    return list_all(action, where(f"tag:{marks.SCOPE}", str(scope)), *filters, **more)


def list_all(action: str, *filters: Mapping[str, Any], **more: Any) -> Call:
    """Return the list of all resources that match the filters."""
    pages = {} if action in _NO_PAGES else {"MaxResults": _PAGE.get(action, _PAGE_USUAL)}
    return Call(action, {**more, "Filter": list(filters), **pages}, rates=rates.classes(action))


def records(answers: Answers, action: str) -> Iterator[Record]:
    """Yield the records in the answers to one action."""
    for call, pages in answers.items():
        if call.action == action:
            for page in pages:
                yield from records_of(page, action)


def records_of(page: Answer, action: str) -> Iterator[Record]:
    """Yield the records of one page. EC2 lists instances inside reservations."""
    for record in page.get(MEMBERS[action]) or ():
        if action == "DescribeInstances":
            yield from record.get("instancesSet") or ()
        else:
            yield record


def items(record: Mapping[str, Any], member: str) -> list[Record]:
    """Return a list within a record; empty if it has none."""
    return list(record.get(member) or ())
