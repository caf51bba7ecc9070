"""What there is, by moto's own word: comparable lines without ids, never through the API under test.

Left out: the default VPC of each region with all that belongs to it, the images' own snapshots, default
network ACLs, main route tables that hold nothing but the local route, and what is on its way out: terminated
instances and those that shut down, with the volumes that go with them.
"""

import itertools
from collections.abc import Collection, Iterator
from typing import Any

from bed import engine
from bed.kinds import instances

Line = tuple[str, str]
"""An id, whose tags belong in the line, and the line."""

GOING = ("shutting-down", "terminated")


def ground_truth(
    account: str | None = None, region: str | None = None, without: Collection[str] = ()
) -> list[str]:
    """A sorted line for each thing, its kind first, of one account or region or of all.

    `without` are the keys of tags that differ between worlds that are the same.
    """
    return sorted(
        f"{line.format(tags=_tags(backend, id, without))} @{owner}/{place}"
        for owner, place, backend in engine.backends()
        if account in (None, owner) and region in (None, place)
        for id, line in _lines(backend)
    )


def _tags(backend: Any, id: str, without: Collection[str]) -> str:
    tags = backend.tags.get(id, {})
    return " ".join(f"{key}={tags[key]}" for key in sorted(tags) if key not in without)


def _lines(backend: Any) -> Iterator[Line]:
    own = {vpc.id for vpc in backend.vpcs.values() if not vpc.is_default}
    names = _names(backend)
    for vpc in backend.vpcs.values():
        if vpc.id in own:
            dns = f"dns={_yes(vpc.enable_dns_support)} hostnames={_yes(vpc.enable_dns_hostnames)}"
            yield _line("vpc", vpc.id, vpc.cidr_block, dns)
    for subnet in itertools.chain.from_iterable(zone.values() for zone in backend.subnets.values()):
        if subnet.vpc_id in own:
            public = f"auto-public={_yes(subnet.map_public_ip_on_launch)}"
            yield _line("subnet", subnet.id, subnet.cidr_block, subnet.availability_zone, public)
    for gateway in backend.internet_gateways.values():
        attached = names.get(gateway.vpc.id, "?") if gateway.vpc else "nothing"
        yield _line("gateway", gateway.id, f"on {attached}")
    yield from _route_tables(backend, own, names)
    yield from _groups(backend, own, names)
    yield from _instances(backend, names)
    yield from _volumes(backend, names)
    for address in backend.addresses:
        where = names.get(address.instance.id, "?") if address.instance else "nothing"
        yield _line("address", address.allocation_id, f"on {where}")
    for snapshot in backend.snapshots.values():
        if not snapshot.from_ami:
            yield _line(
                "snapshot",
                snapshot.id,
                f"{snapshot.volume_size} GiB",
                snapshot.status,
                f"encrypted={_yes(snapshot.encrypted)}",
                f"key={snapshot.kms_key_id or '-'}",
            )
    for pair in backend.key_pairs.values():
        yield _line("key pair", pair.id, pair.key_name)


def _route_tables(backend: Any, own: set[str], names: dict[str, str]) -> Iterator[Line]:
    for table in backend.route_tables.values():
        if table.vpc_id not in own:
            continue
        routes = [
            f"{route.destination_cidr_block}→{_target(route)}" for route in table.routes if not route.local
        ]
        subnets = [names.get(target, "?") for target in table._associations.values()]
        if table.main_association_id and not routes and not subnets:
            continue
        yield _line("route table", table.id, *sorted(routes), f"for {','.join(sorted(subnets)) or '-'}")


def _target(route: Any) -> str:
    return "gateway" if route.gateway else "instance" if route.instance else "?"


def _groups(backend: Any, own: set[str], names: dict[str, str]) -> Iterator[Line]:
    for group in itertools.chain.from_iterable(vpc.values() for vpc in backend.groups.values()):
        if group.vpc_id not in own:
            continue
        rules = [f"in {_rule(rule, names)}" for rule in group.ingress_rules]
        rules += [f"out {_rule(rule, names)}" for rule in group.egress_rules]
        yield _line("group", group.id, names[group.id], f"[{'; '.join(sorted(rules))}]")


def _rule(rule: Any, names: dict[str, str]) -> str:
    ports = "all" if rule.from_port is None else f"{rule.from_port}-{rule.to_port}"
    peer = rule.cidr_ipv4 or rule.cidr_ipv6 or names.get(rule.source_group.get("GroupId", ""), "?")
    return f"{rule.ip_protocol} {ports} {peer}"


def _instances(backend: Any, names: dict[str, str]) -> Iterator[Line]:
    for instance in instances(backend):
        if instance.state in GOING:
            continue
        groups = {group.id for nic in instance.nics.values() for group in nic.group_set}
        yield _line(
            "instance",
            instance.id,
            instance.state,
            instance.instance_type,
            instance.availability_zone,
            instance.private_ip,
            instance.image_id,
            f"groups={','.join(sorted(names.get(group, '?') for group in groups))}",
            f"imds={instance.metadata_options.http_tokens}",
        )


def _volumes(backend: Any, names: dict[str, str]) -> Iterator[Line]:
    for volume in backend.volumes.values():
        attachment = volume.attachment
        if _goes(attachment):
            continue
        yield _line(
            "volume",
            volume.id,
            f"{volume.size} GiB",
            volume.volume_type,
            volume.availability_zone,
            f"encrypted={_yes(volume.encrypted)}",
            f"key={volume.kms_key_id or '-'}",
        )
        if attachment and attachment.status != "detaching":
            host = names.get(attachment.instance.id, "?")
            yield "", f"attachment {names[volume.id]} on {host} as {attachment.device}"


def _goes(attachment: Any) -> bool:
    """Whether a volume is deleted with the host that it is on, which is shutting down."""
    if not attachment or attachment.instance.state not in GOING:
        return False
    return bool(attachment.instance.block_device_mapping[attachment.device].delete_on_termination)


def _names(backend: Any) -> dict[str, str]:
    """Id → the Name tag, or what else tells it apart from others without its id."""
    found = {id: tags["Name"] for id, tags in backend.tags.items() if "Name" in tags}
    for group in itertools.chain.from_iterable(vpc.values() for vpc in backend.groups.values()):
        found.setdefault(group.id, group.name)  # which stays when somebody renames it
    for volume in backend.volumes.values():
        found.setdefault(volume.id, "unnamed")
    return found


def _line(kind: str, id: str, *facts: Any) -> Line:
    told = " ".join((kind, *map(str, facts))).replace("{", "{{").replace("}", "}}")
    return id, f"{told} {{{{{{tags}}}}}}"


def _yes(value: Any) -> str:
    return "yes" if value in (True, "true") else "no"
