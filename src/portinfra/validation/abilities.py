"""What a topology needs, against what its provider can do: refused here, before any call."""

from collections.abc import Iterator, Mapping

from portinfra.model.catalogue import Capabilities
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.topology import Role, Topology
from portinfra.validation.names import suggestion

NativeOptions = Mapping[str, Mapping[str, str]]
"""Provider → option → one line of what it does."""


def ability_findings(
    topology: Topology, environment: Environment, capabilities: Capabilities, native_options: NativeOptions
) -> Iterator[Finding]:
    """What the environment's provider cannot do."""
    if environment.key is not None and not capabilities.customer_keys:
        yield Finding(
            "provider/key",
            f"{environment.provider} has no keys of your own",
            "Leave key out: the provider's own key encrypts then.",
            subject=f"environment.{environment.name}.key",
            location=environment.location,
        )
    for role in topology.roles:
        yield from _role_findings(role, environment, capabilities)
        yield from _volume_findings(role, environment, capabilities)
        yield from _tag_findings(role, topology, environment, capabilities)
        yield from _native_findings(role, native_options)


def _wrong(role: Role, rule: str, attribute: str, message: str, fix: str) -> Finding:
    return Finding(
        f"provider/{rule}", message, fix, subject=f"role.{role.name}.{attribute}", location=role.location
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


def _tag_findings(
    role: Role, topology: Topology, environment: Environment, capabilities: Capabilities
) -> Iterator[Finding]:
    here = environment.roles.get(role.name, {}).get("tags", {})
    own = {*topology.tags, *environment.tags, *role.tags, *(here if isinstance(here, Mapping) else ())}
    fullest = max([len(own), *(len(own | {*volume.tags}) for volume in role.volumes)])
    if fullest > capabilities.tags_max:
        message = (
            f"{fullest} tags, with those of topology and environment; "
            f"{environment.provider} keeps {capabilities.tags_max}"
        )
        yield _wrong(role, "tags", "tags", message, "Use fewer.")


def _native_findings(role: Role, native_options: NativeOptions) -> Iterator[Finding]:
    """Options that a provider does not have. One that is not installed here cannot be asked."""
    for provider, options in role.native.items():
        if provider not in native_options:
            continue
        known = native_options[provider]
        for option in options:
            if option not in known:
                attribute = f"native.{provider}.{option}"
                fix = suggestion(option, known, f"{provider} has no options.")
                yield _wrong(role, "unknown-option", attribute, f"{provider} has no option {option!r}", fix)
