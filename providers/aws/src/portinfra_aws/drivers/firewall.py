"""Firewalls: security groups, as empty shells."""

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Firewall
from portinfra.provider.interface import Call, Names, NextCall, Refs
from portinfra_aws.drivers import permissions, reading
from portinfra_aws.drivers.base import AwsDriver, Owned, Told
from portinfra_aws.drivers.instance import InstanceDriver, groups_of
from portinfra_aws.drivers.reading import Answers, Record
from portinfra_aws.query import where

_NOBODY = Names(Scope("", ""), {})


class FirewallDriver(AwsDriver[Firewall]):
    """A group; its name within the network keeps it from being doubled. As made, it lets all out."""

    spec = Firewall
    lists = "DescribeSecurityGroups"
    id_key = "groupId"
    id_path = "groupId"
    id_parameter = "GroupId"
    creates = "CreateSecurityGroup"
    deletes = "DeleteSecurityGroup"
    resource = "security-group"
    replaces = frozenset({"network"})
    holds = frozenset({"network"})

    def to_observed(self, owned: Owned, told: Told) -> Observed[Firewall]:
        """One that still lets all out, and nothing else, is not made ready yet."""
        seen = super().to_observed(owned, told)
        parts = {**seen.parts, "group-name": owned.record.get("groupName", "")}
        if as_made(owned.record):
            why = "it still lets everything out"
            return evolve(seen, parts={**parts, "as-made": "yes"}, state="pending", reason=why)
        return evolve(seen, parts=parts)

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return all groups of these networks, and the hosts: they tell which of them is in which group."""
        here = where("vpc-id", *networks)
        return (reading.list_all(self.lists, here), *InstanceDriver().lists_within(networks))

    def homes(self, record: Record) -> list[str]:
        """Return its network. The default group comes with the network."""
        return [] if record.get("groupName") == "default" else [record.get("vpcId", "")]

    def bound_addresses(self, record: Record, answers: Answers, names: Names) -> set[Address]:
        """Return our hosts that are in it, and our firewalls that its rules name."""
        hosts = reading.records(answers, InstanceDriver.lists)
        ids = [host["instanceId"] for host in hosts if record["groupId"] in groups_of(host)]
        rules = permissions.to_rules(reading.items(record, "ipPermissions"), names)
        rules += permissions.to_rules(reading.items(record, "ipPermissionsEgress"), names)
        peers = {rule.peer_firewall for rule in rules}
        return {address for address in (*map(names.address_of, ids), *peers) if address}

    def to_spec(self, owned: Owned, told: Told) -> Firewall:
        """The network that it is of."""
        network = told.names.address_of(owned.record.get("vpcId"))
        return Firewall(owned.mark.address.name, network, owned.mark.tags)

    def parameters(self, want: Firewall, refs: Refs) -> dict[str, Any]:
        """Network, name, and the description that EC2 insists on."""
        return {
            "VpcId": refs.id(want.network),
            "GroupName": _free_name(refs.name(want), want.address, refs),
            "GroupDescription": f"{want.name} of {refs.scope}",
        }

    def create(self, want: Firewall, refs: Refs) -> Call:
        """What EC2 makes is open outwards."""
        call = super().create(want, refs)
        assert call.after is not None
        name = call.parameters["GroupName"]
        parts = {**call.after.parts, "group-name": name, "as-made": "yes"}
        return evolve(call, after=evolve(call.after, parts=parts))

    def finish(self, want: Firewall, seen: Observed[Firewall], refs: Refs) -> NextCall | None:
        """Close it before anything else happens to it."""
        if "as-made" not in seen.parts:
            return super().finish(want, seen, refs)
        parts = {name: id for name, id in seen.parts.items() if name != "as-made"}
        parameters = {"GroupId": seen.id, "IpPermissions": permissions.native([permissions.ALL_OUT], refs)}
        after = evolve(seen, parts=parts, state="ready", reason="")
        return self.call("RevokeSecurityGroupEgress", seen.address, parameters, after)


def as_made(record: Record) -> bool:
    """Whether a group has the one rule that EC2 gives to each, and no other."""
    out = permissions.to_rules(reading.items(record, "ipPermissionsEgress"), _NOBODY)
    return out == (permissions.ALL_OUT,) and not reading.items(record, "ipPermissions")


def _free_name(name: str, address: Address, refs: Refs) -> str:
    """A group keeps its name when its role is renamed, so a new role of the old name needs another. None may
    begin as the ids of groups do.
    """
    name = f"portinfra-{name}" if name.startswith("sg-") else name
    taken = {seen.parts.get("group-name") for other, seen in refs.seen.items() if other != address}
    number = 1
    while (free := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return free
