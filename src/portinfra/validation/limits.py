"""Limits of a provider that only placed resources show. They are checked before any call.

Rules are counted after flows are merged. Tags and user data are measured as the provider receives them.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.catalogue import Capabilities, Catalogue
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.model.placed import Placed
from portinfra.model.resources import Attachment, Firewall, FirewallRules, Instance, Rule, Spec, Volume
from portinfra.model.topology import Flow
from portinfra.provider.abilities import NativeLimits
from portinfra.provider.interface import ProviderPlugin
from portinfra.value import frozen

WAYS = ("ingress", "egress")
RULES = "rules"
"""The rule of a finding about too many rules in one firewall."""


@frozen
class Excess:
    """What one resource has too much of."""

    rule: str
    attribute: str
    message: str
    fix: str


def rule_findings(placed: Placed, plugin: ProviderPlugin, catalogue: Catalogue) -> Iterator[Finding]:
    """Yield one finding for each role that has more rules than its account may have in one firewall."""
    limits = evolve(plugin.capabilities, rules_max=catalogue.rules_max)
    for address, spec in placed.resources.items():
        role = placed.roles.get(address)
        for excess in _rules(spec, plugin.name, limits) if isinstance(spec, FirewallRules) else ():
            if excess.rule != RULES:
                continue
            fix = excess.fix
            if catalogue.rules_max_is_default:
                fix += f" {catalogue.rules_max} is the default: the quota of this account was not read."
            yield Finding(
                f"provider/{RULES}",
                excess.message,
                fix,
                subject=f"role.{role}.{excess.attribute}" if role else f"{address}.{excess.attribute}",
                location=_location(placed, address, excess),
            )


def limit_findings(placed: Placed, plugin: ProviderPlugin) -> Iterator[Finding]:
    """Yield one finding for each limit that a role exceeds, with the line of what exceeds it.

    All hosts of a role are alike, and so are their volumes. So the first of each name is measured.
    """
    volumes = Counter(spec.instance for spec in placed.resources.values() if isinstance(spec, Attachment))
    measured = set()
    for address, spec in placed.resources.items():
        role = placed.roles.get(address)
        volume = address.name.removeprefix(role or "").lstrip("0123456789")
        alike = (role, spec.kind, volume if isinstance(spec, Volume) else "")
        if alike in measured:
            continue
        measured.add(alike)
        for excess in excesses(spec, plugin, volumes[address]):
            yield Finding(
                f"provider/{excess.rule}",
                excess.message,
                excess.fix,
                subject=f"role.{role}.{excess.attribute}" if role else f"{address}.{excess.attribute}",
                location=_location(placed, address, excess),
            )


def single_findings(spec: Spec, plugin: ProviderPlugin, location: Location) -> Iterator[Finding]:
    """Yield one finding for each limit that a single resource exceeds."""
    for excess in excesses(spec, plugin):
        subject = f"{spec.address}.{excess.attribute}"
        yield Finding(
            f"provider/{excess.rule}", excess.message, excess.fix, subject=subject, location=location
        )


def attachment_findings(
    spec: Spec, wanted: Mapping[Address, Spec], plugin: ProviderPlugin
) -> Iterator[Finding]:
    """Yield a finding if a single attachment exceeds what its host may have."""
    host = wanted.get(spec.instance) if isinstance(spec, Attachment) and spec.instance else None
    if isinstance(host, Instance):
        others = (each for each in wanted.values() if isinstance(each, Attachment))
        number = sum(each.instance == host.address for each in others)
        for excess in _volumes(host, number, plugin):
            yield Finding(
                f"provider/{excess.rule}", excess.message, excess.fix, subject=f"{spec.address}.instance"
            )


def excesses(spec: Spec, plugin: ProviderPlugin, volumes: int = 0) -> Iterator[Excess]:
    """Yield what a resource has too much of. For a host, its number of volumes counts, too."""
    limits = plugin.capabilities
    if isinstance(spec, FirewallRules):
        yield from _rules(spec, plugin.name, limits)
    if isinstance(spec, Firewall):
        yield from _mark(spec.tags, plugin.name, limits)
    if isinstance(spec, Instance):
        yield from _birth(spec, plugin)
        yield from _volumes(spec, volumes, plugin)
    yield from _spelled_tags(getattr(spec, "tags", {}), plugin)


def _rules(spec: FirewallRules, provider: str, limits: Capabilities) -> Iterator[Excess]:
    for way in WAYS:
        rules: tuple[Rule, ...] = getattr(spec, way)
        most = limits.rules_max
        if most is not None and len(rules) > most:
            yield Excess(
                RULES,
                way,
                f"its flows need {len(rules):,} {way} rules, and {provider} has at most {most:,} "
                "in one firewall",
                "Declare fewer or wider flows: neighbouring ports, or one range of addresses, are one rule.",
            )
        peers = Counter(rule[:3] for rule in rules)
        traffic, number = max(peers.items(), key=lambda item: item[1], default=(("", 0, 0), 0))
        if limits.rule_peers_max is not None and number > limits.rule_peers_max:
            yield Excess(
                "rule-peers",
                way,
                f"{number:,} peers of {traffic[0]} {traffic[1]}-{traffic[2]}, and a rule of {provider} "
                f"has at most {limits.rule_peers_max:,}",
                "Name wider ranges of addresses.",
            )


def _mark(tags: Mapping[str, str], provider: str, limits: Capabilities) -> Iterator[Excess]:
    size = len(json.dumps(dict(tags), separators=(",", ":")))
    if limits.mark_text_max is not None and size > limits.mark_text_max:
        yield Excess(
            "tag-text",
            "tags",
            f"the tags have {size:,} characters as JSON, with those of topology and environment; "
            f"{provider} keeps {limits.mark_text_max:,} of a firewall",
            "Use fewer or shorter tags. A character beyond ASCII counts as six.",
        )


def _birth(host: Instance, plugin: ProviderPlugin) -> Iterator[Excess]:
    most = plugin.capabilities.birth_max_bytes
    size = plugin.birth_bytes(host) if isinstance(plugin, NativeLimits) else len(host.user_data.encode())
    if most is not None and size > most:
        yield Excess(
            "birth-data",
            "user_data",
            f"user data, ssh_keys and mounts take {size:,} bytes together; {plugin.name} takes {most:,}",
            "Name fewer keys, or let the host fetch the rest of its user data.",
        )


def _volumes(host: Instance, number: int, plugin: ProviderPlugin) -> Iterator[Excess]:
    machine_type = plugin.sizes.get(host.machine_type, host.machine_type)
    most = volumes_max(plugin.capabilities, machine_type)
    if most is not None and number > most:
        yield Excess(
            "volumes",
            "volumes",
            f"{number} volumes; {plugin.name} attaches {most} to {machine_type}",
            "Use fewer, larger volumes, or another size.",
        )


def volumes_max(limits: Capabilities, machine_type: str) -> int | None:
    """Return how many volumes a host of a machine type may have besides its root disk; None: any number."""
    patterns = limits.volumes_per_host_max.items()
    return next((most for pattern, most in patterns if fnmatchcase(machine_type, pattern)), None)


def _spelled_tags(tags: Mapping[str, str], plugin: ProviderPlugin) -> Iterator[Excess]:
    """Return tags as the provider spells them. A character that it does not have becomes several."""
    if not isinstance(plugin, NativeLimits):
        return
    limits = plugin.capabilities
    for key, value in sorted(tags.items()):
        ((spelt_key, spelt_value),) = plugin.spell_tags({key: value}).items()
        for what, text, most in (
            ("key", spelt_key, limits.tag_key_max),
            ("value", spelt_value, limits.tag_value_max),
        ):
            if most is not None and len(text) > most:
                yield Excess(
                    f"tag-{what}",
                    "tags",
                    f"the {what} of the tag {key!r} takes {len(text)} characters as {plugin.name} spells it; "
                    f"{most} is the most",
                    "Shorten it. What is not lower case, a digit, - or _ takes four characters a byte.",
                )


def _location(placed: Placed, address: Address, excess: Excess) -> Location:
    """Return the line of the widest flow if there are too many rules, else that of the role."""
    role = placed.roles.get(address)
    flows = [flow for flow in placed.topology.flows if role in _ends(flow, excess.attribute)]
    return max(flows, key=_width).location if flows else placed.location(address)


def _ends(flow: Flow, way: str) -> tuple[str, ...]:
    return {"ingress": flow.targets, "egress": flow.sources}.get(way, ())


def _width(flow: Flow) -> int:
    """Return how many rules a flow makes at most."""
    return len(flow.sources) * len(flow.targets) * (len(flow.tcp) + len(flow.udp) + flow.icmp)
