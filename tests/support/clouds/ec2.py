"""EC2 by boto3. Security groups are stateful and only allow; a host without a route has none.

https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from functools import cache
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from clouds.world import Arrives, Disk, Host, World, called


def world(boto: Any, scope: str) -> World:
    """What is there in one region. `scope` begins the names: `payments-production`."""
    instances = [
        i for page in _pages(boto, "describe_instances") for r in page["Reservations"] for i in r["Instances"]
    ]
    instances = [i for i in instances if i["State"]["Name"] != "terminated"]
    names = {i["InstanceId"]: called(_name(i), scope) for i in instances}
    volumes = {v["VolumeId"]: v for page in _pages(boto, "describe_volumes") for v in page["Volumes"]}
    networks = {instance["VpcId"] for instance in instances}
    subnets = [s for page in _pages(boto, "describe_subnets") for s in page["Subnets"]]
    subnets = [subnet for subnet in subnets if subnet["VpcId"] in networks]
    roots = {_root(instance) for instance in instances}
    assert all(volume["Encrypted"] for volume in volumes.values())
    return World(
        {names[i["InstanceId"]]: _host(i, volumes[_root(i)]) for i in instances},
        {called(_name(v), scope): _disk(v, names) for id, v in volumes.items() if id not in roots},
        {called(_name(s), scope): s["CidrBlock"] for s in subnets},
        _network(boto, instances, subnets),
    )


def _pages(boto: Any, action: str) -> Any:
    return boto.get_paginator(action).paginate()


def _name(record: Any) -> str:
    return next(tag["Value"] for tag in record["Tags"] if tag["Key"] == "Name")


def _root(instance: Any) -> str:
    mappings = instance["BlockDeviceMappings"]
    return next(m["Ebs"]["VolumeId"] for m in mappings if m["DeviceName"] == instance["RootDeviceName"])


def _host(instance: Any, root: Any) -> Host:
    return Host(
        instance["PrivateIpAddress"],
        instance["Placement"]["AvailabilityZone"],
        root["Size"],
        bool(instance.get("PublicIpAddress")),
        instance["State"]["Name"] == "running",
    )


def _disk(volume: Any, names: dict[str, str]) -> Disk:
    (attached,) = volume["Attachments"]
    return Disk(
        volume["Size"], volume["AvailabilityZone"], names[attached["InstanceId"]], volume["Encrypted"]
    )


def _network(boto: Any, instances: list[Any], subnets: list[Any]) -> Arrives:
    hosts = {i["PrivateIpAddress"]: i for i in instances}
    groups = {
        g["GroupId"]: g for page in _pages(boto, "describe_security_groups") for g in page["SecurityGroups"]
    }
    ours = [IPv4Network(subnet["CidrBlock"]) for subnet in subnets]
    ways_out = _ways_out(boto, subnets)

    def arrives(source: str, target: str, protocol: str, port: int) -> bool:
        sender, receiver = hosts.get(source), hosts.get(target)
        if sender is None or receiver is None:
            host, other = (receiver, source) if sender is None else (sender, target)
            inside = any(IPv4Address(other) in network for network in ours)
            if host is None or inside or not host.get("PublicIpAddress") or host["SubnetId"] not in ways_out:
                return False
        elif sender["VpcId"] != receiver["VpcId"]:
            return False
        out = sender is None or lets(
            _groups(sender), "IpPermissionsEgress", _groups(receiver), target, protocol, port
        )
        return out and (
            receiver is None
            or lets(_groups(receiver), "IpPermissions", _groups(sender), source, protocol, port)
        )

    @cache
    def lets(
        mine: tuple[str, ...], way: str, others: tuple[str, ...], other: str, protocol: str, port: int
    ) -> bool:
        return any(
            _about(rule, protocol, port) and _names(rule, others, other)
            for group in mine
            for rule in groups[group][way]
        )

    return arrives


def _ways_out(boto: Any, subnets: list[Any]) -> set[str]:
    """Subnets whose table leads to an internet gateway; the main table is that of all that have no other."""
    tables = [t for page in _pages(boto, "describe_route_tables") for t in page["RouteTables"]]
    explicit = {a["SubnetId"]: t for t in tables for a in t["Associations"] if a.get("SubnetId")}
    main = {t["VpcId"]: t for t in tables for a in t["Associations"] if a.get("Main")}
    found = set()
    for subnet in subnets:
        table = explicit.get(subnet["SubnetId"]) or main[subnet["VpcId"]]
        if any(r.get("GatewayId", "").startswith("igw-") for r in table["Routes"]):
            found.add(subnet["SubnetId"])
    return found


def _groups(instance: Any) -> tuple[str, ...]:
    return tuple(group["GroupId"] for group in instance["SecurityGroups"]) if instance else ()


def _about(rule: Any, protocol: str, port: int) -> bool:
    if rule["IpProtocol"] == "-1":
        return True
    if rule["IpProtocol"] != protocol:
        return False
    return protocol == "icmp" or rule["FromPort"] <= port <= rule["ToPort"]


def _names(rule: Any, groups: tuple[str, ...], address: str) -> bool:
    if any(pair["GroupId"] in groups for pair in rule["UserIdGroupPairs"]):
        return True
    return any(IPv4Address(address) in IPv4Network(each["CidrIp"]) for each in rule["IpRanges"])
