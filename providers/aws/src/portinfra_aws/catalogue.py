"""What a region offers, from six reads. Three more reads, of quotas, may fail."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from attrs import frozen

from portinfra.model.catalogue import Catalogue, MachineType, Quota, Zone
from portinfra.model.environment import Environment
from portinfra.provider.interface import Answer, Call
from portinfra_aws import actions, pinned
from portinfra_aws.published import FAMILIES, IMAGES, SIZES, STORAGE, VCPUS, machine, runs_images
from portinfra_aws.query import where

Record = Mapping[str, Any]


def calls(environment: Environment) -> tuple[Call, ...]:
    """Return the reads of the account, images, machine types, zones and quotas."""
    types = sorted({*(f"{family}.*" for family in FAMILIES), *SIZES.values(), *_machine_types(environment)})
    offered = {
        "LocationType": "availability-zone",
        "Filter": [where("instance-type", *types)],
        "MaxResults": 1000,
    }
    images = {
        "Owner": sorted({image.owner for image in IMAGES.values()}),
        "Filter": [
            where("name", *sorted(image.pattern for image in IMAGES.values())),
            where("state", "available"),
        ],
        "MaxResults": 1000,
    }
    ids = pinned.list_ids(environment)
    by_id = [
        where("image-id", *ids),
        where("state", "available"),
        where("architecture", "x86_64"),
        where("root-device-type", "ebs"),
    ]
    return (
        IDENTITY,
        _read_call("DescribeImages", images),
        *([_read_call("DescribeImages", {"Filter": by_id, "MaxResults": 1000})] if ids else []),
        _read_call("DescribeInstanceTypeOfferings", offered),
        _read_call("DescribeAvailabilityZones", {}),
        _read_call(
            "DescribeAccountAttributes", {}
        ),  # the API model has no name for the attribute of VPC addresses
        _read_call("DescribeAddresses", {}),
        *(Call("GetServiceQuota", quota.parameters, optional=True) for quota in (*QUOTAS, RULES)),
    )


def assemble(environment: Environment, answers: Mapping[Call, Sequence[Answer]]) -> Catalogue:
    """Return the catalogue. Zones are in the order of their ids, which are the same in every account."""
    pages: dict[str, list[Answer]] = {}
    for call, found in answers.items():
        pages.setdefault(call.action, []).extend(found)
    images = _records(pages["DescribeImages"], "imagesSet")
    offers: dict[str, set[str]] = {}
    for record in _records(pages["DescribeInstanceTypeOfferings"], "instanceTypeOfferingSet"):
        offers.setdefault(record["instanceType"], set()).add(record["location"])
    all_zones = _records(pages["DescribeAvailabilityZones"], "availabilityZoneInfo")
    of_the_region = [z for z in all_zones if z.get("zoneType", "availability-zone") == "availability-zone"]
    zones = sorted((Zone(z["zoneName"], z["zoneId"]) for z in of_the_region), key=lambda zone: zone.id)
    return Catalogue(
        region=environment.region,
        account=pages["GetCallerIdentity"][0]["Account"],
        zones=tuple(zones),
        sizes=SIZES,
        machine_types={
            name: MachineType(name, *machine(name), frozenset(offers[name])) for name in sorted(offers)
        },
        images={**_newest(images), **pinned.usable_images(images, pinned.list_ids(environment))},
        quotas=(*_quotas(pages), *_service_quotas(pages)),
        rules_max=_service_quota_values(pages).get(RULES.code),
    )


IDENTITY = Call("GetCallerIdentity")
"""The read of the account and the principal of the credentials."""

ADDRESSES_MAX = "vpc-max-elastic-ips"
"""The only needed quota that EC2's own API returns. Service Quotas returns the others.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAccountAttributes.html
"""


@frozen
class ServiceQuota:
    """A quota that Service Quotas returns, if the credentials may read it. AWS reports no usage of it."""

    service: str
    code: str
    kind: str
    unit: int
    """The number of units of the kind in one unit of the quota."""

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters that name it in a request."""
        return {"ServiceCode": self.service, "QuotaCode": self.code}


QUOTAS = (
    ServiceQuota("ec2", "L-1216C47A", VCPUS, 1),
    ServiceQuota("ebs", "L-7A658B76", STORAGE, 1024),  # in TiB
)
"""Quotas of separate services. A list of one service has pages of 100, so one read for each is cheapest.

https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html,
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html.
"""


RULES = ServiceQuota("vpc", "L-0EA8095F", "rules of a security group", 1)
"""The quota counts each direction. https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"""


def _machine_types(environment: Environment) -> Iterable[str]:
    """Return the machine types that the environment itself names."""
    return (size for size in environment.own_sizes if "." in size and runs_images(size))


def _read_call(action: str, parameters: Mapping[str, Any]) -> Call:
    return Call(action, parameters, rates=(action,) if action in actions.READS else ())


def _records(pages: Sequence[Answer], member: str) -> list[Record]:
    return [record for page in pages for record in page.get(member) or ()]


def _quotas(pages: Mapping[str, Sequence[Answer]]) -> Iterator[Quota]:
    """Yield the quota of elastic addresses. It counts all addresses of the account."""
    used = len(_records(pages["DescribeAddresses"], "addressesSet"))
    for record in _records(pages["DescribeAccountAttributes"], "accountAttributeSet"):
        values = record.get("attributeValueSet") or ()
        if record["attributeName"] == ADDRESSES_MAX and values:
            yield Quota("public-address", int(values[0]["attributeValue"]), used)


def _service_quotas(pages: Mapping[str, Sequence[Answer]]) -> Iterator[Quota]:
    values = _service_quota_values(pages)
    for quota in QUOTAS:
        value = values.get(quota.code)
        yield Quota(quota.kind, None if value is None else value * quota.unit, None)


def _service_quota_values(pages: Mapping[str, Sequence[Answer]]) -> dict[str, int]:
    """Return code → value of each quota that the credentials could read."""
    quotas = [page["Quota"] for page in pages.get("GetServiceQuota", ())]
    return {quota["QuotaCode"]: int(quota["Value"]) for quota in quotas if quota.get("Value") is not None}


def _newest(records: Sequence[Record]) -> dict[str, str]:
    """Return logical image → id of its newest version. A version with another root device does not count."""
    newest: dict[str, str] = {}
    for record in sorted(records, key=lambda r: (r["creationDate"], r["imageId"])):
        for name, image in IMAGES.items():
            if (
                record["imageOwnerId"] == image.owner
                and record.get("rootDeviceName") == image.root
                and fnmatchcase(record["name"], image.pattern)
            ):
                newest[name] = record["imageId"]
    return newest
