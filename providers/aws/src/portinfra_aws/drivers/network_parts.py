"""What EC2's records say about the parts of a network. All values of parts are text."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from portinfra.model.address import Address, Scope
from portinfra.model.resources import Rule
from portinfra.provider.interface import Names
from portinfra_aws import marks
from portinfra_aws.drivers import permissions, reading
from portinfra_aws.drivers.reading import Record

Parts = Mapping[str, str]

TABLE, GATEWAY, DEFAULT = "table", "gateway", "default"
"""What the tag `portinfra:part` says: the public route table, the gateway, and what EC2 made with the VPC."""

LOOKS = ("dns", "default-group", "main-table", "gateway")
"""Parts that are known, be it as absent, only after a closer look or once all is there."""

ANYWHERE = "0.0.0.0/0"

_NOBODY = Names(Scope("", ""), {})


def lacking(parts: Parts) -> str:
    """What a network lacks that it must have, or has that it must not; empty: nothing."""
    if "vpc" in parts or "marked" not in parts:
        return "not all of it is made yet"
    if "way-out" in parts:
        return f"its main route table leads out, to {parts['way-out']}"
    if "ingress" in parts or "egress" in parts:
        return "its default security group lets something through"
    if "attached" not in parts:
        return "it has no internet gateway"
    if "table" not in parts or "route" not in parts:
        return "its public route table does not lead to the internet"
    return "" if parts.get("dns") == "yes" else "its hosts are given no names"


def without(parts: Parts, *names: str) -> dict[str, str]:
    """The parts that are left."""
    return {name: value for name, value in parts.items() if name not in names}


def of_ours(records: Iterable[Record], scope: Scope, vpc: str, address: Address, part: str) -> list[Record]:
    """The records in a VPC that bear our mark as this part of the network, the first attempt first."""
    found = []
    for record in records:
        mark = marks.read_mark(record, scope)
        if mark and mark.address == address and mark.part == part and record.get("vpcId") == vpc:
            found.append((mark.attempt, record))
    return [record for _, record in sorted(found, key=lambda each: each[0])]


def tables(records: list[Record]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The public route table, and doubles of it that nothing uses: of several, the one in use."""
    if not records:
        return {}, []
    first, *others = sorted(records, key=lambda table: not _in_use(table))
    extras = [{TABLE: table["routeTableId"]} for table in others if not _in_use(table)]
    return {TABLE: first["routeTableId"], **_way_out(first)}, extras


def _in_use(table: Record) -> bool:
    return bool(reading.items(table, "associationSet")) or "route" in _way_out(table)


def _way_out(table: Record) -> dict[str, str]:
    for route in reading.items(table, "routeSet"):
        if route.get("destinationCidrBlock") == ANYWHERE:
            gateway = route.get("gatewayId", "")
            if gateway.startswith("igw-") and route.get("state") == "active":
                return {"route": gateway, GATEWAY: gateway, "attached": "yes"}
            return {"dead-route": "yes"}
    return {}


def main_table(record: Record) -> dict[str, str]:
    """The table that EC2 made: private subnets follow it, so it leads nowhere."""
    out = [
        destination
        for route in reading.items(record, "routeSet")
        for destination in (route.get("destinationCidrBlock"), route.get("destinationIpv6CidrBlock"))
        if destination and route.get("gatewayId") != "local"
    ]
    found = {"main-table": record["routeTableId"]}
    return {**found, "way-out": sorted(out)[0]} if out else found


def way_out_of(parts: Parts) -> dict[str, str]:
    """The parameters that name the way out of the main route table."""
    destination = parts["way-out"]
    name = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
    return {"RouteTableId": parts["main-table"], name: destination}


def default_group(record: Record) -> dict[str, str]:
    """The group that EC2 made: nobody bears it, so it lets nothing through."""
    ways = {"ingress": "ipPermissions", "egress": "ipPermissionsEgress"}
    rules = {
        way: permissions.to_rules(reading.items(record, member), _NOBODY) for way, member in ways.items()
    }
    return {
        "default-group": record["groupId"],
        **{way: _to_text(found) for way, found in rules.items() if found},
    }


def as_made() -> dict[str, str]:
    """What a VPC brings along: for a dry run, which looks at nothing."""
    group = "sg-(default-group)"
    return {
        "dns": "no",
        "default-group": group,
        "main-table": "(main-table)",
        GATEWAY: "",
        "ingress": _to_text([Rule("all", 0, 0, group)]),
        "egress": _to_text([permissions.ALL_OUT]),
    }


def rules_of(parts: Parts, way: str) -> list[Rule]:
    """The rules of the default group that are too many."""
    return [Rule(*rule) for rule in json.loads(parts[way])]


def _to_text(rules: Iterable[Rule]) -> str:
    return json.dumps([list(rule) for rule in rules])


def gateways(records: Iterable[Record], vpc: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The gateway of a VPC, attached or free, and doubles of it that are free."""
    attached: list[Any] = []
    free: list[Any] = []
    for record in records:
        on = [each.get("vpcId") for each in reading.items(record, "attachmentSet")]
        if vpc in on:
            attached.append(record)
        elif not on:
            free.append(record)
    free.sort(key=lambda record: (marks.attempt(record), record["internetGatewayId"]))
    first, *doubles = [*attached, *free] or [None]
    if first is None:
        return {GATEWAY: ""}, []
    more = {"attached": "yes"} if attached else {}
    extras = [{GATEWAY: record["internetGatewayId"]} for record in doubles if record in free]
    return {GATEWAY: first["internetGatewayId"], **more}, extras
