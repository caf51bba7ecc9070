"""What a topology needs, against what its provider can do: refused here, before any call."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from portinfra.model.catalogue import Capabilities
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.model.topology import Role, Topology
from portinfra.validation.native import NativeOptions, native_findings
from portinfra.validation.types import checks

KEY_SHOWN = 40
"""Characters of a tag's key that a message shows."""


def ability_findings(
    topology: Topology, environment: Environment, capabilities: Capabilities, native_options: NativeOptions
) -> Iterator[Finding]:
    """What the environment's provider cannot do."""
    yield from key_findings(environment, capabilities)
    subject = f"environment.{environment.name}.cidr"
    provider = environment.provider
    yield from network_findings(environment.cidr, subject, environment.location, provider, capabilities)
    for bearing, tags, bearer in _tagged(topology, environment):
        yield from tag_findings(tags, bearing, bearer.location, provider, capabilities)
    for role in topology.roles:
        yield from _role_findings(role, environment, capabilities)
        yield from _volume_findings(role, environment, capabilities)
        yield from _tag_count_findings(role, topology, environment, capabilities)
        yield from native_findings(f"role.{role.name}", role.native, role.location, native_options)


def key_findings(environment: Environment, capabilities: Capabilities) -> Iterator[Finding]:
    """Return a finding for a key where the provider has none of the user's own."""
    if environment.key is not None and not capabilities.customer_keys:
        yield Finding(
            "provider/key",
            f"{environment.provider} has no keys of your own",
            "Leave key out: the provider's own key encrypts then.",
            subject=f"environment.{environment.name}.key",
            location=environment.location,
        )


def _wrong(role: Role, rule: str, attribute: str, message: str, fix: str) -> Finding:
    volumes = (each for each in role.volumes if attribute.startswith(f"volume.{each.name}."))
    location = next((each.location for each in volumes), role.location)
    return Finding(
        f"provider/{rule}", message, fix, subject=f"role.{role.name}.{attribute}", location=location
    )


def _role_findings(role: Role, environment: Environment, capabilities: Capabilities) -> Iterator[Finding]:
    provider = environment.provider
    if role.public and not capabilities.public_addresses:
        message = f"{provider} has no public addresses"
        yield _wrong(role, "public", "public", message, "Leave public out, or place it elsewhere.")
    size = len(role.user_data.encode())
    if size > capabilities.user_data_max_bytes:
        message = f"{size} bytes; {provider} takes {capabilities.user_data_max_bytes}"
        yield _wrong(role, "user-data", "user_data", message, "Let it fetch the rest, or make it shorter.")
    disk = environment.roles.get(role.name, {}).get("disk_gib", role.disk_gib)
    if isinstance(disk, int):
        yield from _size_findings(role, "disk_gib", disk, environment, capabilities)


def _size_findings(
    role: Role, attribute: str, gib: int, environment: Environment, capabilities: Capabilities
) -> Iterator[Finding]:
    least, most = capabilities.volume_min_gib, capabilities.volume_max_gib
    if not least <= gib <= most:
        message = f"{gib} GiB is no size of disk that {environment.provider} has"
        yield _wrong(role, "disk-size", attribute, message, f"Use {least} to {most}.")


def _volume_findings(role: Role, environment: Environment, capabilities: Capabilities) -> Iterator[Finding]:
    for volume in role.volumes:
        attribute = f"volume.{volume.name}.gib"
        yield from _size_findings(role, attribute, volume.gib, environment, capabilities)
        if volume.key is not None and not capabilities.customer_keys:
            message = f"{environment.provider} has no keys of your own"
            fix = "Leave key out: the provider's own key encrypts then."
            yield _wrong(role, "key", f"volume.{volume.name}.key", message, fix)


def _tag_count_findings(
    role: Role, topology: Topology, environment: Environment, capabilities: Capabilities
) -> Iterator[Finding]:
    own = {*topology.tags, *environment.tags, *role.tags, *_here(role, environment)}
    fullest = max([len(own), *(len(own | {*volume.tags}) for volume in role.volumes)])
    if fullest > capabilities.tags_max:
        message = (
            f"{fullest} tags, with those of topology and environment; "
            f"{environment.provider} keeps {capabilities.tags_max}"
        )
        yield _wrong(role, "tags", "tags", message, "Use fewer.")


def network_findings(
    cidr: str, subject: str, location: Location | None, provider: str, capabilities: Capabilities
) -> Iterator[Finding]:
    """Return what is wrong with a network that is too large, or of addresses that nobody can have."""
    try:
        network = IPv4Network(cidr)
    except ValueError:  # which is a finding of its own
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
    """Return what is wrong with tags that the provider cannot keep."""
    key_max, value_max = limits.tag_key_max, limits.tag_value_max
    for key, value in sorted(tags.items()):
        if limits.tags_reserved and key.lower().startswith(limits.tags_reserved):
            rule = "reserved-tag"
            message = f"the tag {_short(key)} is {provider}'s own, and not yours to set"
            fix = "Choose another key for it."
        elif key_max is not None and not 0 < len(key) <= key_max:
            rule, message = "tag-key", f"the key {_short(key)} has {len(key)} characters"
            fix = f"Give it 1 to {key_max}: {provider} keeps no others."
        elif value_max is not None and len(value) > value_max:
            rule, message = "tag-value", f"the value of the tag {_short(key)} has {len(value)} characters"
            fix = f"Shorten it: {provider} keeps {value_max}."
        else:
            continue
        yield Finding(f"provider/{rule}", message, fix, subject=f"{subject}.tags", location=location)


def _tagged(topology: Topology, environment: Environment) -> Iterator[tuple[str, Mapping[str, str], Any]]:
    """All that bears tags of its own: what it is called, its tags, and the value itself."""
    place = f"environment.{environment.name}"
    yield f"topology.{topology.name}", topology.tags, topology
    yield place, environment.tags, environment
    for role in topology.roles:
        yield f"role.{role.name}", role.tags, role
        yield f"{place}.role.{role.name}", _here(role, environment), environment
        for volume in role.volumes:
            yield f"role.{role.name}.volume.{volume.name}", volume.tags, volume


def _here(role: Role, environment: Environment) -> Mapping[str, str]:
    """The tags that an environment gives to a role; of the wrong type, they are a finding of its own."""
    _, fits = checks(Role)["tags"]
    tags = environment.roles.get(role.name, {}).get("tags", {})
    return tags if fits(tags) else {}


def _short(key: str) -> str:
    return repr(key if len(key) <= KEY_SHOWN else f"{key[:KEY_SHOWN]}…")
