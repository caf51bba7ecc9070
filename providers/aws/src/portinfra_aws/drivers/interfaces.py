"""Network interfaces of other AWS services in our networks: load balancers, NAT gateways, Lambda, endpoints.

No subnet or group can be deleted before them. Interfaces of instances are not included: the list of instances
has them. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterface.html
"""

from collections.abc import Iterator, Sequence

from portinfra.model.observed import Foreign
from portinfra.provider.interface import Call, Names
from portinfra_aws import marks
from portinfra_aws.drivers import reading
from portinfra_aws.drivers.reading import Answers
from portinfra_aws.query import where

LISTS = "DescribeNetworkInterfaces"


def list_within(networks: Sequence[str]) -> Call:
    """Return the list of all network interfaces in these networks."""
    return reading.list_all(LISTS, where("vpc-id", *networks))


def foreign(answers: Answers, names: Names) -> Iterator[Foreign]:
    """Yield interfaces without an instance, with their service's description: `ELB
    app/shop/50dc6c495c0c9188`.
    """
    for record in reading.records(answers, LISTS):
        homes = (names.address_of(record.get(key)) for key in ("subnetId", "vpcId"))
        home = next((address for address in homes if address), None)
        if home is None or (record.get("attachment") or {}).get("instanceId"):
            continue
        groups = (names.address_of(group.get("groupId")) for group in reading.items(record, "groupSet"))
        bound = tuple(sorted({address for address in groups if address}))
        titles = (marks.tags_of(record).get("Name"), record.get("description"), record.get("interfaceType"))
        title = next((text for text in titles if text), "")
        zone = record.get("availabilityZone") or None
        yield Foreign("network interface", record["networkInterfaceId"], home, title, zone, bound)
