"""Checks of what a topology needs against what its provider can do, before any call."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from portinfra.model.catalogue import Capabilities
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.model.topology import Role, Topology
from portinfra.validation.native import NativeOptions, native_findings
from portinfra.validation.provider_values import ProviderValues
from portinfra.validation.types import checks

KEY_SHOWN = 40
"""How many characters of a tag's key a message shows."""


def ability_findings(
    topology: Topology, environment: Environment, capabilities: Capabilities, native_options: NativeOptions
) -> Iterator[Finding]:
    """Yield findings for what the environment's provider cannot do."""
    yield from place_findings(environment, capabilities)
    subject = f"environment.{environment.name}.cidr"
    provider = environment.provider
    yield from network_findings(environment.cidr, subject, environment.location, provider, capabilities)
    for name, tags, value in _values_with_tags(topology, environment):
        yield from tag_findings(tags, name, value.location, provider, capabilities)
    for role in topology.roles:
        yield from _role_findings(role, topology, environment, capabilities)
        yield from native_findings(f"role.{role.name}", role.native, role.location, native_options)


def place_findings(environment: Environment, capabilities: Capabilities) -> Iterator[Finding]:
    """Yield findings for an account or a key that the provider cannot have."""
    values = ProviderValues(environment.provider, capabilities, environment.location)
    yield from values.account(environment.account, f"environment.{environment.name}.account")
    yield from values.key(environment.key, f"environment.{environment.name}.key")


def _role_findings(
    role: Role, topology: Topology, environment: Environment, capabilities: Capabilities
) -> Iterator[Finding]:
    values = ProviderValues(environment.provider, capabilities, role.location)
    subject = f"role.{role.name}"
    if role.public and not capabilities.public_addresses:
        message = f"{environment.provider} has no public addresses"
        fix = "Leave public out, or use another provider."
        yield Finding("provider/public", message, fix, subject=f"{subject}.public", location=role.location)
    yield from values.user_data(role.user_data, f"{subject}.user_data")
    disk = environment.roles.get(role.name, {}).get("disk_gib", role.disk_gib)
    if isinstance(disk, int):
        yield from values.disk(disk, f"{subject}.disk_gib")
    for volume in role.volumes:
        of_volume = ProviderValues(environment.provider, capabilities, volume.location)
        yield from of_volume.disk(volume.gib, f"{subject}.volume.{volume.name}.gib")
        yield from of_volume.key(volume.key, f"{subject}.volume.{volume.name}.key")
    own = {*topology.tags, *environment.tags, *role.tags, *_here(role, environment)}
    fullest = max([len(own), *(len(own | {*volume.tags}) for volume in role.volumes)])
    yield from values.tag_count(fullest, f"{subject}.tags", whose="topology and environment")


def network_findings(
    cidr: str, subject: str, location: Location | None, provider: str, capabilities: Capabilities
) -> Iterator[Finding]:
    """Yield what is wrong with a network that is too large, or whose addresses are reserved."""
    try:
        network = IPv4Network(cidr)
    except ValueError:  # a wrong address has a finding of its own
        return
    largest = capabilities.network_prefix_min

    def wrong(message: str, fix: str) -> Finding:
        return Finding("provider/cidr", message, fix, subject=subject, location=location)

    if network.prefixlen < largest:
        within = IPv4Network((network.network_address, largest))
        message = f"{network} is larger than any network of {provider}, which may be a /{largest}"
        yield wrong(message, f"Use a part of it: '{within}'.")
    for reserved in capabilities.cidrs_reserved:
        if network.overlaps(IPv4Network(reserved)):
            fix = "Use addresses within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
            yield wrong(f"{provider} has no networks in {reserved}", fix)


def tag_findings(
    tags: Mapping[str, str], subject: str, location: Location | None, provider: str, limits: Capabilities
) -> Iterator[Finding]:
    """Yield what is wrong with tags that the provider cannot store."""
    key_max, value_max = limits.tag_key_max, limits.tag_value_max
    for key, value in sorted(tags.items()):
        if limits.tags_reserved and key.lower().startswith(limits.tags_reserved):
            rule = "reserved-tag"
            message = f"the tag {_short(key)} is reserved by {provider}"
            fix = "Choose another key for it."
        elif key_max is not None and not 0 < len(key) <= key_max:
            rule, message = "tag-key", f"the key {_short(key)} has {len(key)} characters"
            fix = f"Give it 1 to {key_max}: {provider} stores no others."
        elif value_max is not None and len(value) > value_max:
            rule, message = "tag-value", f"the value of the tag {_short(key)} has {len(value)} characters"
            fix = f"Shorten it: {provider} stores {value_max}."
        else:
            continue
        yield Finding(f"provider/{rule}", message, fix, subject=f"{subject}.tags", location=location)


def _values_with_tags(
    topology: Topology, environment: Environment
) -> Iterator[tuple[str, Mapping[str, str], Any]]:
    """Yield each value with tags of its own: how messages name it, its tags, and the value itself."""
    place = f"environment.{environment.name}"
    yield f"topology.{topology.name}", topology.tags, topology
    yield place, environment.tags, environment
    for role in topology.roles:
        yield f"role.{role.name}", role.tags, role
        yield f"{place}.role.{role.name}", _here(role, environment), environment
        for volume in role.volumes:
            yield f"role.{role.name}.volume.{volume.name}", volume.tags, volume


def _here(role: Role, environment: Environment) -> Mapping[str, str]:
    """Return the tags that an environment gives to a role. Tags of the wrong type have a finding of their
    own.
    """
    _, fits = checks(Role)["tags"]
    tags = environment.roles.get(role.name, {}).get("tags", {})
    return tags if fits(tags) else {}


def _short(key: str) -> str:
    return repr(key if len(key) <= KEY_SHOWN else f"{key[:KEY_SHOWN]}…")
