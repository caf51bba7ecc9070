"""Firewalls: security groups without their rules."""

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Firewall
from portinfra.provider.interface import Call, Names, NextCall, Refs
from portinfra_aws.drivers import permissions, reading
from portinfra_aws.drivers.base import AwsDriver, Observation, Owned
from portinfra_aws.drivers.instance import InstanceDriver, groups_of
from portinfra_aws.drivers.reading import Answers, Record
from portinfra_aws.query import where

_NO_NAMES = Names(Scope("", ""), {})


class FirewallDriver(AwsDriver[Firewall]):
    """A security group. Its name is unique in the network, so it cannot be doubled.

    EC2 creates it with all egress.
    """

    spec = Firewall
    lists = "DescribeSecurityGroups"
    id_key = "groupId"
    id_path = "groupId"
    id_parameter = "GroupId"
    creates = "CreateSecurityGroup"
    deletes = "DeleteSecurityGroup"
    resource = "security-group"
    replaces: frozenset[str] = frozenset({"network"})
    holds: frozenset[str] = frozenset({"network"})

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[Firewall]:
        """Return the group. It is pending while its only rule is EC2's rule for all egress."""
        seen = super().to_observed(owned, observation)
        parts = {**seen.parts, "group-name": owned.record.get("groupName", "")}
        if has_default_rules(owned.record):
            why = "it still allows all egress"
            return evolve(seen, parts={**parts, "as-made": "yes"}, state="pending", reason=why)
        return evolve(seen, parts=parts)

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return all groups of these networks, and the hosts, whose records show their groups."""
        here = where("vpc-id", *networks)
        return (reading.list_all(self.lists, here), *InstanceDriver().lists_within(networks))

    def homes(self, record: Record) -> list[str]:
        """Return its network. The default group is part of the network, so it has none."""
        return [] if record.get("groupName") == "default" else [record.get("vpcId", "")]

    def bound_addresses(self, record: Record, answers: Answers, names: Names) -> set[Address]:
        """Return our hosts that are in it, and our firewalls that its rules name."""
        hosts = reading.records(answers, InstanceDriver.lists)
        ids = [host["instanceId"] for host in hosts if record["groupId"] in groups_of(host)]
        rules = permissions.to_rules(reading.items(record, "ipPermissions"), names)
        rules += permissions.to_rules(reading.items(record, "ipPermissionsEgress"), names)
        peers = {rule.peer_firewall for rule in rules}
        return {address for address in (*map(names.address_of, ids), *peers) if address}

    def to_spec(self, owned: Owned, observation: Observation) -> Firewall:
        """Return the firewall of a record, with its network."""
        network = observation.names.address_of(owned.record.get("vpcId"))
        return Firewall(owned.mark.address.name, network, owned.mark.tags)

    def parameters(self, want: Firewall, refs: Refs) -> dict[str, Any]:
        """Return network, name, and the description that EC2 requires."""
        return {
            "VpcId": refs.id(want.network),
            "GroupName": _free_name(refs.name(want), want.address, refs),
            "GroupDescription": f"{want.name} of {refs.scope}",
        }

    def create(self, want: Firewall, refs: Refs) -> Call:
        """Return the creation. EC2 creates the group with all egress allowed."""
        call = super().create(want, refs)
        assert call.after is not None
        name = call.parameters["GroupName"]
        parts = {**call.after.parts, "group-name": name, "as-made": "yes"}
        return evolve(call, after=evolve(call.after, parts=parts))

    def finish(self, want: Firewall, seen: Observed[Firewall], refs: Refs) -> NextCall | None:
        """Return the call that removes EC2's egress rule before any other change."""
        if "as-made" not in seen.parts:
            return super().finish(want, seen, refs)
        parts = {name: id for name, id in seen.parts.items() if name != "as-made"}
        parameters = {"GroupId": seen.id, "IpPermissions": permissions.native([permissions.ALL_OUT], refs)}
        after = evolve(seen, parts=parts, state="ready", reason="")
        return self.call("RevokeSecurityGroupEgress", seen.address, parameters, after)


def has_default_rules(record: Record) -> bool:
    """Return whether a group has only the one rule that EC2 gives to each."""
    out = permissions.to_rules(reading.items(record, "ipPermissionsEgress"), _NO_NAMES)
    return out == (permissions.ALL_OUT,) and not reading.items(record, "ipPermissions")


def _free_name(name: str, address: Address, refs: Refs) -> str:
    """Return a name that no other group has. No name may begin as the ids of groups do.

    A group keeps its name when its role is renamed. So a new role with the old name needs another.
    """
    name = f"portinfra-{name}" if name.startswith("sg-") else name
    taken = {seen.parts.get("group-name") for other, seen in refs.seen.items() if other != address}
    number = 1
    while (free := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return free
