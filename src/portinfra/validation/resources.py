"""One resource by itself, as `connect` ensures it.

What placement guarantees of the resources of a topology is checked here.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from portinfra.model.address import RESOURCE_NAME_MAX
from portinfra.model.catalogue import Capabilities
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.model.resources import (
    KINDS,
    Attachment,
    Firewall,
    FirewallRules,
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
from portinfra.provider.interface import ProviderPlugin
from portinfra.validation.abilities import network_findings, tag_findings
from portinfra.validation.environments import PREFIX_LONGEST, PREFIX_SHORTEST, ZONES_MAX
from portinfra.validation.names import LABEL, name_findings, suggestion
from portinfra.validation.topologies import is_mountable, reserved_tags
from portinfra.validation.types import SWITCH, TAGS, TEXT, TEXTS, Check, or_none, what_it_is


def resource_findings(
    spec: Spec,
    plugin: ProviderPlugin,
    location: Location,
    *,
    may_be_empty: Collection[str] = (),
) -> Iterator[Finding]:
    """Return what is wrong with the attributes of a resource: types, names, limits.

    `may_be_empty` are the attributes that the provider does not show of an existing resource. What an
    attribute refers to, and what a location offers, is checked when it is planned.
    """
    if type(spec) not in CHECKS:
        kinds = ", ".join(kind.__name__ for kind in KINDS)
        message = f"a value of type {type(spec).__name__} is no resource"
        yield Finding("resource/kind", message, f"Give one of {kinds}.", location=location)
        return
    checks = CHECKS[type(spec)] | {
        name: check for name, check in _limits(plugin.capabilities).items() if name in CHECKS[type(spec)]
    }
    checks = {n: check for n, check in checks.items() if n not in may_be_empty or getattr(spec, n)}
    wrong = {name: words for name, (words, fits) in checks.items() if not fits(getattr(spec, name))}
    for name, words in wrong.items():
        yield Finding(
            "resource/wrong-value",
            f"{name} must be {words}, and is {_shown(spec, name)}",
            f"Give {name} as {words}.",
            subject=f"{spec.address}.{name}",
            location=location,
        )
    if not wrong:
        yield from _more_findings(spec, plugin, location)


def _more_findings(spec: Spec, plugin: ProviderPlugin, location: Location) -> Iterator[Finding]:
    subject, provider, capabilities, native = spec.address, plugin.name, plugin.capabilities, plugin.native
    yield from name_findings(spec.name, RESOURCE_NAME_MAX, "resource/name", f"{subject}.name", location)
    if isinstance(spec, Network) and spec.cidr:
        yield from network_findings(spec.cidr, f"{subject}.cidr", location, provider, capabilities)
    tags = getattr(spec, "tags", {})
    yield from reserved_tags(tags, subject, location)
    yield from tag_findings(tags, subject, location, provider, capabilities)
    for option in sorted(set(getattr(spec, "native", {})) - set(native)):
        message = f"{provider} has no option {option!r}"
        fix = suggestion(option, native, f"{provider} has no options.")
        where = f"{subject}.native.{option}"
        yield Finding("provider/unknown-option", message, fix, subject=where, location=location)


def _shown(spec: Spec, name: str) -> str:
    value = getattr(spec, name)
    shows = isinstance(value, str | int) and name not in traits(type(spec)).secret
    return repr(value) if shows else what_it_is(value)


def _is_filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(least: int, most: int | None = None) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and least <= value and (most is None or value <= most)

    return fits


def _is_network(value: Any) -> bool:
    try:
        return isinstance(value, str) and "/" in value and str(IPv4Network(value)) == value
    except ValueError:
        return False


def _is_subnet(value: Any) -> bool:
    return _is_network(value) and PREFIX_SHORTEST <= IPv4Network(value).prefixlen <= PREFIX_LONGEST


def _is_ipv4(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(IPv4Address(value)) == value
    except ValueError:
        return False


def _is_rule(value: Any) -> bool:
    if not isinstance(value, Rule) or not isinstance(value.peer, str):
        return False
    ports = (value.first, value.last)
    if not all(map(_is_number(0, 65535), ports)) or not (_is_network(value.peer) or value.peer_firewall):
        return False
    if value.protocol == "icmp":
        return ports == (0, 0)
    return value.protocol in ("tcp", "udp") and 1 <= value.first <= value.last


def _is_mount(value: Any) -> bool:
    return (
        isinstance(value, Mount)
        and _is_filled(value.device)
        and isinstance(value.place, str)
        and is_mountable(value.place)
        and isinstance(value.restored, bool)
    )


def _are(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, tuple) and all(map(fits, value))


def _address(kind: str) -> Check:
    def fits(value: Any) -> bool:
        return isinstance(value, str) and value.startswith(f"{kind}.") and value != f"{kind}."

    return f"the address of its {kind}, {kind}.NAME", fits


NAME: Check = ("text", lambda value: isinstance(value, str))
FILLED: Check = ("text that is not empty", _is_filled)
ZONE: Check = (
    f"a zone's name, or its number from 0 to {ZONES_MAX - 1}",
    lambda value: _is_filled(value) or _is_number(0, ZONES_MAX - 1)(value),
)
NETWORK: Check = ("a range of IPv4 addresses such as '10.0.0.0/16'", _is_network)
SUBNET: Check = (f"a range such as '10.0.0.0/24', from /{PREFIX_SHORTEST} to /{PREFIX_LONGEST}", _is_subnet)
RULES: Check = (
    "rules, each Rule('tcp' or 'udp', first, last, peer) with ports from 1 to 65535, or "
    "Rule('icmp', 0, 0, peer), where a peer is a CIDR or firewall.NAME",
    _are(_is_rule),
)
COPY: Check = (
    "'REGION/ID', or '' for one that is taken of a volume",
    lambda value: value == "" or (isinstance(value, str) and all(map(_is_filled, value.partition("/")))),
)
MOUNT: Check = (
    "an absolute path of letters, digits, '.', '_' and '-', or ''",
    lambda value: value == "" or (isinstance(value, str) and is_mountable(value)),
)
OPTIONS: Check = (
    "a mapping of options",
    lambda value: isinstance(value, Mapping) and all(isinstance(key, str) for key in value),
)
LINE: Check = ("the line where it was written", lambda value: isinstance(value, Location))

CHECKS: Mapping[type[Spec], dict[str, Check]] = {
    Network: {"name": NAME, "cidr": NETWORK, "tags": TAGS},
    Subnet: {
        "name": NAME,
        "network": _address("network"),
        "cidr": SUBNET,
        "zone": ZONE,
        "public": SWITCH,
        "tags": TAGS,
    },
    Firewall: {
        "name": NAME,
        "network": _address("network"),
        "tags": TAGS,
        "cidr": (NETWORK[0] + ", or ''", lambda value: value == "" or _is_network(value)),
    },
    FirewallRules: {"name": NAME, "firewall": _address("firewall"), "ingress": RULES, "egress": RULES},
    Instance: {
        "name": NAME,
        "subnet": _address("subnet"),
        "firewall": _address("firewall"),
        "zone": ZONE,
        "private_address": ("an IPv4 address such as '10.0.0.10'", _is_ipv4),
        "machine_type": FILLED,
        "image": FILLED,
        "image_id": TEXT,
        "disk_gib": ("a whole number", _is_number(1)),
        "key": or_none(FILLED),
        "power": ("'running' or 'stopped'", lambda value: value in ("running", "stopped")),
        "protect": SWITCH,
        "tags": TAGS,
        "native": OPTIONS,
        "ends_after": ("a whole number of seconds, 0 or more", _is_number(0)),
        "mounts": ("mounts, each Mount(device, absolute path)", _are(_is_mount)),
        "ssh_keys": TEXTS,
        "user_data": TEXT,
    },
    Volume: {
        "name": NAME,
        "gib": ("a whole number", _is_number(1)),
        "mount": MOUNT,
        "zone": ZONE,
        "key": or_none(FILLED),
        "source": or_none(FILLED),
        "protect": SWITCH,
        "tags": TAGS,
        "location": LINE,
    },
    Attachment: {
        "name": NAME,
        "instance": _address("instance"),
        "volume": _address("volume"),
        "device": (
            "a name of a-z, 0-9 and hyphens",
            lambda value: isinstance(value, str) and bool(LABEL.fullmatch(value)),
        ),
    },
    PublicAddress: {"name": NAME, "instance": or_none(_address("instance")), "tags": TAGS},
    Snapshot: {
        "name": NAME,
        "volume": or_none(_address("volume")),
        "copy_of": COPY,
        "key": or_none(FILLED),
        "shared_with": TEXT,
        "tags": TAGS,
    },
}
"""What each attribute of each kind must be, whatever the provider."""


def _limits(capabilities: Capabilities) -> dict[str, Check]:
    """Return what attributes of these names must be with this provider."""
    least, most = capabilities.volume_min_gib, capabilities.volume_max_gib
    disk: Check = (f"a whole number of GiB, {least} to {most}", _is_number(least, most))
    bytes_max, tags_max = capabilities.user_data_max_bytes, capabilities.tags_max
    limits: dict[str, Check] = {
        "gib": disk,
        "disk_gib": disk,
        "user_data": (
            f"text of at most {bytes_max} bytes",
            lambda value: isinstance(value, str) and len(value.encode()) <= bytes_max,
        ),
        "tags": (
            f"{TAGS[0]}, at most {tags_max}",
            lambda value: TAGS[1](value) and len(value) <= tags_max,
        ),
    }
    if not capabilities.customer_keys:
        limits["key"] = ("None, as the provider has no keys of your own", lambda value: value is None)
    return limits
