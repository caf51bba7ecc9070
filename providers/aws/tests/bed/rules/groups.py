"""Security groups: names, rules that are there once, and groups that something still uses."""

import ipaddress
import itertools
import re
from collections.abc import Iterator
from typing import Any

from bed.call import Call, before, instead
from bed.errors import EC2Error
from bed.kinds import KINDS

RULES_MAX = 60
"""https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html, inbound and outbound each:
the quota of an account that did not ask for more.
"""

_TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*")


@before("CreateSecurityGroup")
def group_name_is_allowed(call: Call) -> None:
    """ "Up to 255 characters; can't start with sg-; a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*"."""
    name, description = call.params["GroupName"], call.params.get("Description", "")
    if name == "default":
        raise EC2Error("InvalidGroup.Reserved", "Cannot use reserved security group name: default")
    for parameter, value in (("groupName", name), ("GroupDescription", description)):
        if not value or len(value) > 255 or not _TEXT.fullmatch(value) or value.startswith("sg-"):
            raise EC2Error("InvalidParameterValue", f"Value ({value}) for parameter {parameter} is invalid.")


@before("DeleteSecurityGroup")
def group_is_unused(call: Call) -> None:
    """ "Fails if the group is associated with an instance or referenced by another security group"."""
    id = call.params.get("GroupId")
    group = KINDS["sg"].find(call.backend, id) if id else None
    if group is None:
        raise EC2Error("MissingParameter", "The request must contain the parameter groupId")
    if group.is_default:
        raise EC2Error(
            "CannotDelete", f'the specified group: "{id}" name: "default" cannot be deleted by a user'
        )
    used = any(id in {each.id for each in eni.group_set} for eni in call.backend.enis.values())
    named = any(
        rule.source_group.get("GroupId") == id
        for other in _groups(call.backend)
        if other is not group
        for rule in (*other.ingress_rules, *other.egress_rules)
    )
    if used or named:
        raise EC2Error("DependencyViolation", f"resource {id} has a dependent object")


@before("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
def rules_are_sound(call: Call) -> None:
    """All or nothing: moto does what comes before the first rule that it refuses.

    EC2 "canonicalizes IPv4 and IPv6 CIDRs", and takes ports with tcp and udp only.
    """
    group = KINDS["sg"].find(call.backend, call.params["GroupId"])
    there = [_known(rule) for rule in _rules(call, group)]
    asked = _all_asked(call, group)
    for number, rule in enumerate(asked):
        if rule in asked[:number]:
            raise EC2Error("InvalidParameterValue", "The same permission must not appear multiple times")
    for rule in asked:
        if rule in there:
            raise EC2Error(
                "InvalidPermission.Duplicate",
                f'the specified rule "peer: {rule[3]}, {rule[0]}" already exists',
            )
    if len(there) + len(asked) > call.there.settings.quotas.get("rules", RULES_MAX):
        raise EC2Error(
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
        )


@instead("RevokeSecurityGroupIngress")
@instead("RevokeSecurityGroupEgress")
def rules_are_known_by_what_they_allow(call: Call) -> dict[str, Any]:
    """ "If the values you specify do not match the existing rule's values, the action returns an error".

    moto also compares what does not make a rule: its description, and whether its peer's account is said.
    """
    group = KINDS["sg"].find(call.backend, call.params["GroupId"])
    there = _rules(call, group)
    ids = call.params.get("SecurityGroupRuleIds", [])
    asked = _all_asked(call, group) if not ids else [_known(rule) for rule in there if rule.id in ids]
    if any(rule not in map(_known, there) for rule in asked) or len(asked) < len(ids):
        raise EC2Error(
            "InvalidPermission.NotFound", "The specified rule does not exist in this security group."
        )
    there[:] = [rule for rule in there if _known(rule) not in asked]
    return {"Return": True}


def _rules(call: Call, group: Any) -> list[Any]:
    rules: list[Any] = group.egress_rules if "Egress" in call.action else group.ingress_rules
    return rules


def _all_asked(call: Call, group: Any) -> list[tuple[Any, ...]]:
    permissions = call.params.get("IpPermissions")
    if not permissions:
        raise EC2Error("MissingParameter", "The request must contain the parameter ipPermissions")
    return [rule for permission in permissions for rule in _asked(call, group, permission)]


def _asked(call: Call, group: Any, permission: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    protocol = {"6": "tcp", "17": "udp", "1": "icmp", "all": "-1"}.get(
        permission.get("IpProtocol", ""), permission.get("IpProtocol", "")
    )
    if not protocol:
        raise EC2Error(
            "InvalidParameterValue",
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
        )
    low, high = permission.get("FromPort"), permission.get("ToPort")
    if protocol in ("tcp", "udp"):
        if low is None or high is None or not 0 <= low <= high <= 65535:
            raise EC2Error(
                "InvalidParameterValue",
                f"Invalid TCP/UDP port range ({low}:{high}); both ports must be given",
            )
    elif protocol == "-1":
        low = high = None
    elif protocol == "icmp" and (low is None or high is None):
        raise EC2Error("InvalidParameterValue", "ICMP code (-1) and type (-1) must both be given")
    for block in permission.get("IpRanges", ()):
        try:
            block["CidrIp"] = str(ipaddress.IPv4Network(block.get("CidrIp", ""), strict=False))
        except ValueError:
            raise EC2Error(
                "InvalidParameterValue", f"CIDR block {block.get('CidrIp')} is malformed"
            ) from None
        yield protocol, low, high, block["CidrIp"]
    for block in permission.get("Ipv6Ranges", ()):
        yield protocol, low, high, block["CidrIpv6"]
    for pair in permission.get("UserIdGroupPairs", ()):
        peer = KINDS["sg"].find(call.backend, pair.get("GroupId", ""))
        if peer is None or peer.vpc_id != group.vpc_id:
            raise EC2Error(
                "InvalidGroup.NotFound",
                f"You have specified two resources that belong to different networks: {pair.get('GroupId')}",
            )
        yield protocol, low, high, peer.id


def _known(rule: Any) -> tuple[Any, ...]:
    peer = rule.cidr_ipv4 or rule.cidr_ipv6 or rule.source_group.get("GroupId")
    return rule.ip_protocol, rule.from_port, rule.to_port, peer


def _groups(backend: Any) -> list[Any]:
    return list(itertools.chain.from_iterable(vpc.values() for vpc in backend.groups.values()))
