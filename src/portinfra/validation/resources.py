"""Checks of one resource by itself, as `connect` ensures it.

Placement guarantees the same for the resources of a topology.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network

from attrs import fields

from portinfra.format import suggestion
from portinfra.model.address import RESOURCE_NAME_MAX
from portinfra.model.annotations import what_it_is
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.model.resources import (
    KINDS,
    Firewall,
    Instance,
    Mount,
    Network,
    PublicAddress,
    Rule,
    Snapshot,
    Spec,
    Subnet,
    Volume,
    traits,
)
from portinfra.model.schema import attributes
from portinfra.provider.interface import ProviderPlugin
from portinfra.validation.abilities import network_findings, tag_findings
from portinfra.validation.characters import character_findings
from portinfra.validation.creation import birth_findings
from portinfra.validation.environments import PREFIX_LONGEST, PREFIX_SHORTEST, ZONES_MAX
from portinfra.validation.former_names import former_name_findings
from portinfra.validation.limits import single_findings
from portinfra.validation.mounts import is_mountable, mount_findings
from portinfra.validation.names import LABEL, name_findings
from portinfra.validation.provider_values import ProviderValues
from portinfra.validation.topologies import reserved_tags
from portinfra.validation.types import Check, checks


def resource_findings(
    spec: Spec,
    plugin: ProviderPlugin,
    location: Location,
    *,
    may_be_empty: Collection[str] = (),
) -> Iterator[Finding]:
    """Yield what is wrong with the attributes of a resource: types, names, limits.

    `may_be_empty` has the attributes of an existing resource that the provider does not show. The plan checks
    what an attribute refers to, and what a location offers.
    """
    if type(spec) not in KINDS:
        kinds = ", ".join(kind.__name__ for kind in KINDS)
        message = f"a value of type {type(spec).__name__} is no resource"
        yield Finding("resource/kind", message, f"Give one of {kinds}.", location=location)
        return
    wrong = {
        name: words
        for name, (words, fits) in _checks(type(spec)).items()
        if not fits(value := getattr(spec, name)) and (value or name not in may_be_empty)
    }
    for name, words in wrong.items():
        yield Finding(
            "resource/wrong-value",
            f"{name} must be {words}, and is {_describe_value(spec, name)}",
            f"Give {name} as {words}.",
            subject=f"{spec.address}.{name}",
            location=location,
        )
    if wrong:
        return
    characters = list(_character_findings(spec, location))
    yield from characters
    if not characters:
        yield from _more_findings(spec, plugin, location)


def _character_findings(spec: Spec, location: Location) -> Iterator[Finding]:
    secrets = traits(type(spec)).secret
    for name in (each.name for each in fields(type(spec)) if each.name not in ("name", "location")):
        value, where = getattr(spec, name), f"{spec.address}.{name}"
        yield from character_findings(value, where, "resource", location, secret=name in secrets)


def _more_findings(spec: Spec, plugin: ProviderPlugin, location: Location) -> Iterator[Finding]:
    """Yield what else is wrong, once each text can be encoded."""
    subject, provider, capabilities, native = spec.address, plugin.name, plugin.capabilities, plugin.native
    yield from name_findings(spec.name, RESOURCE_NAME_MAX, "resource/name", f"{subject}.name", location)
    if isinstance(spec, Instance):
        yield from birth_findings(spec.user_data, spec.ssh_keys, subject, location)
    if isinstance(spec, Network) and spec.cidr:
        yield from network_findings(spec.cidr, f"{subject}.cidr", location, provider, capabilities)
    if isinstance(spec, Volume):
        yield from mount_findings(spec, (), subject)
        yield from former_name_findings(spec, subject, "resource")
    yield from _provider_findings(spec, ProviderValues(provider, capabilities, location))
    tags = getattr(spec, "tags", {})
    yield from reserved_tags(tags, subject, location)
    yield from tag_findings(tags, subject, location, provider, capabilities)
    yield from single_findings(spec, plugin, location)
    for option in sorted(set(getattr(spec, "native", {})) - set(native)):
        message = f"{provider} has no option {option!r}"
        fix = suggestion(option, native, f"{provider} has no options.")
        where = f"{subject}.native.{option}"
        yield Finding("provider/unknown-option", message, fix, subject=where, location=location)


def _provider_findings(spec: Spec, values: ProviderValues) -> Iterator[Finding]:
    subject = spec.address
    for name in ("gib", "disk_gib"):
        if hasattr(spec, name):
            yield from values.disk(getattr(spec, name), f"{subject}.{name}")
    yield from values.key(getattr(spec, "key", None), f"{subject}.key")
    yield from values.user_data(getattr(spec, "user_data", ""), f"{subject}.user_data")
    yield from values.tag_count(len(getattr(spec, "tags", {})), f"{subject}.tags")


def _describe_value(spec: Spec, name: str) -> str:
    value = getattr(spec, name)
    shows = isinstance(value, str | int) and name not in traits(type(spec)).secret
    return repr(value) if shows else what_it_is(value)


def _is_filled(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(least: int, most: int | None = None) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return least <= value and (most is None or value <= most)

    return fits


def _is_network(value: object) -> bool:
    try:
        return isinstance(value, str) and "/" in value and str(IPv4Network(value)) == value
    except ValueError:
        return False


def _is_subnet(value: object) -> bool:
    return _is_network(value) and PREFIX_SHORTEST <= IPv4Network(value).prefixlen <= PREFIX_LONGEST


def _is_ipv4(value: object) -> bool:
    try:
        return isinstance(value, str) and str(IPv4Address(value)) == value
    except ValueError:
        return False


def _is_rule(value: object) -> bool:
    if not isinstance(value, Rule) or not isinstance(value.peer, str):
        return False
    ports = (value.first, value.last)
    if not all(map(_is_number(0, 65535), ports)) or not (_is_network(value.peer) or value.peer_firewall):
        return False
    if value.protocol == "icmp":
        return ports == (0, 0)
    return value.protocol in ("tcp", "udp") and 1 <= value.first <= value.last


def _is_mount(value: object) -> bool:
    return (
        isinstance(value, Mount)
        and _is_filled(value.device)
        and isinstance(value.place, str)
        and is_mountable(value.place)
        and isinstance(value.restored, bool)
    )


def _are(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, tuple) and all(map(fits, value))


def _address(kind: str) -> Check:
    def fits(value: object) -> bool:
        return isinstance(value, str) and value.startswith(f"{kind}.") and value != f"{kind}."

    return f"the address of its {kind}, {kind}.NAME", fits


FILLED: Check = ("text that is not empty", _is_filled)
NETWORK: Check = ("a range of IPv4 addresses such as '10.0.0.0/16'", _is_network)
RULES: Check = (
    "rules, each Rule('tcp' or 'udp', first, last, peer) with ports from 1 to 65535, or "
    "Rule('icmp', 0, 0, peer), where a peer is a CIDR or firewall.NAME",
    _are(_is_rule),
)

VALUES: Mapping[str, Check] = {
    "cidr": NETWORK,
    "zone": (
        f"a zone's name, or its number from 0 to {ZONES_MAX - 1}",
        lambda value: _is_filled(value) or _is_number(0, ZONES_MAX - 1)(value),
    ),
    "ingress": RULES,
    "egress": RULES,
    "private_address": ("an IPv4 address such as '10.0.0.10'", _is_ipv4),
    "machine_type": FILLED,
    "image": FILLED,
    "key": FILLED,
    "source": FILLED,
    "power": ("'running' or 'stopped'", lambda value: value in ("running", "stopped")),
    "ends_after": ("a whole number of seconds, 0 or more", _is_number(0)),
    "mounts": ("mounts, each Mount(device, absolute path)", _are(_is_mount)),
    "birth": (
        "the text that portinfra wrote, or ''",
        lambda value: isinstance(value, str) and bool(re.fullmatch(r"([0-9a-f]+(-[0-9a-f]+){3})?", value)),
    ),
    "device": (
        "a name of a-z, 0-9 and hyphens",
        lambda value: isinstance(value, str) and bool(LABEL.fullmatch(value)),
    ),
    "copy_of": (
        "'REGION/ID', or '' for one that is taken of a volume",
        lambda value: value == "" or (isinstance(value, str) and all(map(_is_filled, value.partition("/")))),
    ),
    "size_gib": ("a whole number of GiB, 1 or more", _is_number(1)),
    "location": ("the line where it was written", lambda value: isinstance(value, Location)),
}
"""What the value of an attribute must be, beyond its type, in every kind that has it."""

OF_ONE_KIND: Mapping[tuple[type[Spec], str], Check] = {
    (Subnet, "cidr"): (
        f"a range such as '10.0.0.0/24', from /{PREFIX_SHORTEST} to /{PREFIX_LONGEST}",
        _is_subnet,
    ),
    (Firewall, "cidr"): (NETWORK[0] + ", or ''", lambda value: value == "" or _is_network(value)),
}
MAY_BE_NONE: Mapping[type[Spec], tuple[str, ...]] = {PublicAddress: ("instance",), Snapshot: ("volume",)}
"""References that may be left out. Elsewhere None means that an existing resource refers to a deleted one."""


def _checks(kind: type[Spec]) -> Mapping[str, Check]:
    """Return what each attribute of a kind must be, with any provider."""
    may_be_none = {each.name for each in attributes(kind) if each.may_be_none}
    known: dict[str, Check] = {}
    for name in (each.name for each in fields(kind)):
        check = OF_ONE_KIND.get((kind, name)) or VALUES.get(name)
        if name in traits(kind).references:
            optional = name in MAY_BE_NONE.get(kind, ())
            known[name] = _or_none(_address(name)) if optional else _address(name)
        elif check:
            known[name] = _or_none(check) if name in may_be_none else check
        else:
            known[name] = checks(kind)[name]
    return known


def _or_none(check: Check) -> Check:
    return f"{check[0]} or None", lambda value: value is None or check[1](value)
