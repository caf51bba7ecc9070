"""The parts of a network in EC2's records. All values of parts are text."""

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
"""Values of the tag `portinfra:part`: the public route table, the gateway, and what EC2 creates with the VPC.
"""

DETAIL_PARTS = ("dns", "default-group", "main-table", "gateway")
"""Parts that are known (as present or absent) only after a detail read, or once the network is complete."""

ANYWHERE = "0.0.0.0/0"

_NO_NAMES = Names(Scope("", ""), {})


def network_problem(parts: Parts) -> str:
    """Return what a network lacks or has too much; empty if it is complete."""
    if "vpc" in parts or "marked" not in parts:
        return "not all of its parts exist yet"
    if "way-out" in parts:
        return f"its main route table has a route to {parts['way-out']}"
    if "ingress" in parts or "egress" in parts:
        return "its default security group has rules"
    if "attached" not in parts:
        return "it has no internet gateway"
    if "table" not in parts or "route" not in parts:
        return "its public route table has no route to the internet"
    return "" if parts.get("dns") == "yes" else "its hosts get no DNS names"


def without(parts: Parts, *names: str) -> dict[str, str]:
    """Return the parts without those of these names."""
    return {name: value for name, value in parts.items() if name not in names}


def of_ours(records: Iterable[Record], scope: Scope, vpc: str, address: Address, part: str) -> list[Record]:
    """Return the records in a VPC with our mark as this part of the network, the first attempt first."""
    found = []
    for record in records:
        mark = marks.read_mark(record, scope)
        if mark and mark.address == address and mark.part == part and record.get("vpcId") == vpc:
            found.append((mark.attempt, record))
    return [record for _, record in sorted(found, key=lambda each: each[0])]


def tables(records: list[Record]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the public route table, and unused duplicates of it. Of several, the one in use counts."""
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
    """Return the parts of the table that EC2 created. Private subnets use it, so it must have no routes."""
    out = [
        destination
        for route in reading.items(record, "routeSet")
        for destination in (route.get("destinationCidrBlock"), route.get("destinationIpv6CidrBlock"))
        if destination and route.get("gatewayId") != "local"
    ]
    found = {"main-table": record["routeTableId"]}
    return {**found, "way-out": sorted(out)[0]} if out else found


def way_out_of(parts: Parts) -> dict[str, str]:
    """Return the parameters that name the surplus route of the main route table."""
    destination = parts["way-out"]
    name = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
    return {"RouteTableId": parts["main-table"], name: destination}


def default_group(record: Record) -> dict[str, str]:
    """Return the parts of the group that EC2 created. No host is in it, so it must allow nothing."""
    members = {"ingress": "ipPermissions", "egress": "ipPermissionsEgress"}
    rules = {
        way: permissions.to_rules(reading.items(record, member), _NO_NAMES) for way, member in members.items()
    }
    return {
        "default-group": record["groupId"],
        **{way: _to_text(found) for way, found in rules.items() if found},
    }


def new_parts() -> dict[str, str]:
    """Return the parts of a new VPC. A dry run uses them, because it reads nothing."""
    group = "sg-(default-group)"
    return {
        **known_of_new(),
        "default-group": group,
        "main-table": "(main-table)",
        GATEWAY: "",
        "ingress": _to_text([Rule("all", 0, 0, group)]),
        "egress": _to_text([permissions.ALL_OUT]),
    }


def is_new(parts: Parts) -> bool:
    """Return whether these are the parts of a VPC of which only the answer to its creation is known."""
    return not any(part in parts for part in DETAIL_PARTS)


def known_of_new() -> dict[str, str]:
    """Return the parts of a new VPC that no read needs to show: its hosts get no DNS names.

    https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
    """
    return {"dns": "no"}


def rules_of(parts: Parts, way: str) -> list[Rule]:
    """Return the surplus rules of the default group."""
    return [Rule(*rule) for rule in json.loads(parts[way])]


def _to_text(rules: Iterable[Rule]) -> str:
    return json.dumps([list(rule) for rule in rules])


def gateways(records: Iterable[Record], vpc: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the gateway of a VPC, attached or free, and duplicates of it that are free."""
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
