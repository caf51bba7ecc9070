"""Networks: a VPC with what isolates it, and with a route to the internet for public subnets.

Its parts, in the order of their creation: the VPC (`id`); DNS names for its hosts (`dns`); its default
security group without rules (`default-group`, `ingress`, `egress`); its main route table without routes,
which private subnets use (`main-table`, `way-out`); an internet gateway (`gateway`), attached (`attached`); a
route table for public subnets (`table`) with the route to the internet (`route`); and our mark on the group
and the table that EC2 created (`marked_ids`). None of them costs anything.

Until all parts exist, `detail` reads more than the lists by our tag. After that, the lists show everything.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra.model.address import Scope
from portinfra.model.observed import Observed, State
from portinfra.model.resources import Network
from portinfra.provider.interface import Answer, Call, NextCall, Refs, Wait
from portinfra_aws import marks, rates
from portinfra_aws.drivers import network_parts as parts_of
from portinfra_aws.drivers import permissions, reading
from portinfra_aws.drivers.base import AwsDriver, Observation, Owned, token
from portinfra_aws.drivers.network_parts import DEFAULT, DETAIL_PARTS, GATEWAY, TABLE, without
from portinfra_aws.drivers.reading import Record
from portinfra_aws.query import where

_INSIDE = ("DescribeSubnets", "DescribeSecurityGroups", "DescribeRouteTables")

_REVOKES = {"ingress": "RevokeSecurityGroupIngress", "egress": "RevokeSecurityGroupEgress"}


class NetworkDriver(AwsDriver[Network]):
    """A VPC. It can be doubled. Of several, the one with resources in it counts."""

    spec = Network
    lists = "DescribeVpcs"
    id_key = "vpcId"
    id_path = "vpc.vpcId"
    id_parameter = "VpcId"
    creates = "CreateVpc"
    deletes = "DeleteVpc"
    resource = "vpc"
    doubled = True
    replaces: frozenset[str] = frozenset({"cidr"})

    # Observe

    def survey(self, scope: Scope, only: Sequence[Observed[Network]] = ()) -> tuple[Call, ...]:
        """Return the lists of VPCs and of the resources in them.

        While portinfra waits for a VPC that it just created, nothing of ours is in it.
        """
        is_new = bool(only) and all(seen.id and parts_of.is_new(seen.parts) for seen in only)
        inside = () if is_new else _INSIDE
        return (*super().survey(scope), *(reading.list_owned(action, scope) for action in inside))

    def used_ids(self, observation: Observation) -> set[str]:
        """Return the VPCs that contain one of our resources; any may, where no list shows it."""
        if not _has_read_inside(observation):
            return {each["vpcId"] for each in reading.records(observation.answers, self.lists)}
        return {
            record.get("vpcId", "")
            for action in _INSIDE
            for record in reading.records(observation.answers, action)
        }

    def to_spec(self, owned: Owned, observation: Observation) -> Network:
        """Return the network of a record, with its CIDR."""
        return Network(owned.mark.address.name, owned.record["cidrBlock"], owned.mark.tags)

    def state(self, record: Record) -> State:
        """Return pending, then ready."""
        return "pending" if record.get("state") == "pending" else "ready"

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[Network]:
        """Return the VPC, with those of its parts that have our mark."""
        seen = super().to_observed(owned, observation)

        def ours(action: str, part: str) -> list[Record]:
            listed = reading.records(observation.answers, action)
            return parts_of.of_ours(listed, observation.names.scope, seen.id, seen.address, part)

        table, extras = parts_of.tables(ours("DescribeRouteTables", TABLE))
        parts = {**seen.parts, **table}
        groups, mains = ours("DescribeSecurityGroups", DEFAULT), ours("DescribeRouteTables", DEFAULT)
        if groups and mains:
            known = {**parts_of.default_group(groups[0]), **parts_of.main_table(mains[0])}
            parts = {**parts, **known, "dns": "yes", "marked": "yes"}
        if owned.record.get("state") == "pending":
            parts["vpc"] = "pending"
        if not _has_read_inside(observation):
            parts = {**parts_of.known_of_new(), **parts}
        return _with(evolve(seen, extras=tuple(extras)), parts, ready=owned.mark.named)

    def detail(self, seen: Observed[Network]) -> Call | None:
        """Return the next read of what no list by tag shows, until all parts exist."""
        missing = next((part for part in DETAIL_PARTS if part not in seen.parts), None)
        if missing is None:
            return None
        here = where("vpc-id", seen.id)
        if missing == "dns":
            action, attribute = "DescribeVpcAttribute", {"Attribute": "enableDnsHostnames"}
            return Call(action, {"VpcId": seen.id, **attribute}, rates=rates.classes(action))
        if missing == "default-group":
            return reading.list_all("DescribeSecurityGroups", here, where("group-name", "default"))
        if missing == "main-table":
            return reading.list_all("DescribeRouteTables", here, where("association.main", "true"))
        named = where("tag:Name", seen.parts["name"]), where(f"tag:{marks.PREFIX}part", GATEWAY)
        return reading.list_all("DescribeInternetGateways", *named)

    def absorb(
        self, seen: Observed[Network] | None, call: Call, answer: Answer | None
    ) -> Observed[Network] | None:
        """Return the network with the result of a detail read. A dry run assumes the parts of a new VPC."""
        if call.reads and seen is not None and answer is not None:
            found, extras = _parse_part(seen, call, answer)
            return _with(evolve(seen, extras=(*seen.extras, *extras)), {**seen.parts, **found})
        after = super().absorb(seen, call, answer)
        if call.action == self.creates and answer is None and after is not None:
            return _with(after, {**parts_of.new_parts(), **after.parts})
        return after

    # Change

    def parameters(self, want: Network, refs: Refs) -> dict[str, Any]:
        """Return its CIDR."""
        return {"CidrBlock": want.cidr}

    def finish(self, want: Network, seen: Observed[Network], refs: Refs) -> NextCall | None:
        """Return the next request for a missing or surplus part.

        portinfra first reads the details of a VPC that it just created.
        """
        parts = seen.parts
        if "vpc" in parts or any(part not in parts for part in DETAIL_PARTS):
            return Wait(self.becoming)
        if parts["dns"] != "yes":
            enable = {"VpcId": seen.id, "EnableDnsHostnames": {"Value": True}}
            return self._part("ModifyVpcAttribute", seen, enable, {**parts, "dns": "yes"})
        for way, action in _REVOKES.items():
            if way in parts:
                rules = permissions.native(parts_of.rules_of(parts, way), refs)
                revoked = {"GroupId": parts["default-group"], "IpPermissions": rules}
                return self._part(action, seen, revoked, without(parts, way), safe=False)
        if "way-out" in parts:
            closed = without(parts, "way-out")
            return self._part("DeleteRoute", seen, parts_of.way_out_of(parts), closed)
        if "route" not in parts:
            return self._open(want, seen, refs)
        if "marked" not in parts:
            tags = marks.pairs(marks.write(want, refs, DEFAULT))
            marked = {"ResourceId": [parts["default-group"], parts["main-table"]], "Tag": tags}
            return self._part("CreateTags", seen, marked, {**parts, "marked": "yes"})
        return super().finish(want, seen, refs)

    def _open(self, want: Network, seen: Observed[Network], refs: Refs) -> Call:
        """Return the next step towards a route to the internet for public subnets."""
        parts = seen.parts
        if not parts[GATEWAY]:
            tags = {"TagSpecification": [_specification("internet-gateway", want, refs, GATEWAY)]}
            fills = {GATEWAY: "internetGateway.internetGatewayId"}
            return self._part(
                "CreateInternetGateway", seen, tags, without(parts, GATEWAY), fills=fills, safe=False
            )
        if "attached" not in parts:
            both = {"InternetGatewayId": parts[GATEWAY], "VpcId": seen.id}
            return self._part("AttachInternetGateway", seen, both, {**parts, "attached": "yes"}, safe=False)
        if TABLE not in parts:
            tags = {"TagSpecification": [_specification("route-table", want, refs, TABLE)]}
            made = {"VpcId": seen.id, **tags, "ClientToken": token(refs, want, TABLE)}
            fills = {TABLE: "routeTable.routeTableId"}
            return self._part("CreateRouteTable", seen, made, parts, fills=fills)
        action = "ReplaceRoute" if "dead-route" in parts else "CreateRoute"
        route = {
            "RouteTableId": parts[TABLE],
            "DestinationCidrBlock": parts_of.ANYWHERE,
            "GatewayId": parts[GATEWAY],
        }
        opened = {**without(parts, "dead-route"), "route": parts[GATEWAY]}
        return self._part(action, seen, route, opened, safe=action == "ReplaceRoute")

    def delete(self, seen: Observed[Network]) -> Call:
        """Return the next deletion, in reverse order. EC2 deletes its group and table with the VPC."""
        parts = seen.parts
        if TABLE in parts:
            left = without(parts, TABLE, "route", "dead-route")
            return self._part("DeleteRouteTable", seen, {"RouteTableId": parts[TABLE]}, left)
        if parts.get(GATEWAY):
            named = {"InternetGatewayId": parts[GATEWAY]}
            if "attached" in parts:
                both = {**named, "VpcId": seen.id}
                return self._part("DetachInternetGateway", seen, both, without(parts, "attached"))
            return self._part("DeleteInternetGateway", seen, named, {**parts, GATEWAY: ""})
        return super().delete(seen)

    def marked_ids(self, seen: Observed[Network]) -> list[str]:
        """Return the ids of the VPC and all its parts."""
        names = ("id", GATEWAY, TABLE, "default-group", "main-table")
        return [seen.parts[name] for name in names if seen.parts.get(name)]

    def _part(
        self,
        action: str,
        seen: Observed[Network],
        parameters: Mapping[str, Any],
        parts: Mapping[str, str],
        *,
        fills: Mapping[str, str] | None = None,
        safe: bool = True,
    ) -> Call:
        """Return a request for one part. Its result has `parts`, and the parts that the answer fills."""
        then = _with(seen, {**parts, **dict.fromkeys(fills or (), "")})
        after = evolve(then, parts=dict(parts))
        return self.call(action, seen.address, parameters, after, fills=fills, safe=safe)


def _has_read_inside(observation: Observation) -> bool:
    """Return whether a read listed more than the VPCs themselves. It does not while a VPC is new."""
    return any(call.action in _INSIDE for call in observation.answers)


def _with(seen: Observed[Network], parts: Mapping[str, str], *, ready: bool = True) -> Observed[Network]:
    """Return the network with these parts. It is ready when all exist."""
    lacking = parts_of.network_problem(parts)
    state: State = "ready" if ready and not lacking else "pending"
    return evolve(seen, parts=dict(parts), state=state, reason=lacking if ready else seen.reason)


def _parse_part(
    seen: Observed[Network], call: Call, answer: Answer
) -> tuple[Mapping[str, str], Sequence[Mapping[str, str]]]:
    """Return the parts and duplicates that one detail read shows."""
    if call.action == "DescribeVpcAttribute":
        return {"dns": "yes" if answer["enableDnsHostnames"]["value"] == "true" else "no"}, ()
    records = list(reading.records_of(answer, call.action))
    if call.action == "DescribeInternetGateways":
        return parts_of.gateways(records, seen.id)
    if not records:
        return {}, ()
    if call.action == "DescribeSecurityGroups":
        return parts_of.default_group(records[0]), ()
    return parts_of.main_table(records[0]), ()


def _specification(resource: str, want: Network, refs: Refs, part: str) -> dict[str, Any]:
    return marks.specification(resource, marks.write(want, refs, part))
