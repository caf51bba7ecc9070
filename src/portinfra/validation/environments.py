"""Checks of environments: their locations, addresses and zones, and their overrides of roles."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from portinfra.format import nearest_spelling, suggestion
from portinfra.model.annotations import kind_of
from portinfra.model.environment import OVERRIDABLE, Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.reference_rules import name_rule
from portinfra.model.topology import Role
from portinfra.validation.names import SCOPE_NAME_MAX, name_findings, repeated_names
from portinfra.validation.topologies import RESERVED_PREFIX
from portinfra.validation.types import checks

ON = re.compile(r"[a-z][a-z0-9_-]*:\S+")
ZONES_MAX = 4
LOGICAL_SIZES = ("small", "medium", "large", "xlarge")
UNKNOWN_NAMES = ("environment/unknown-role", "environment/unknown-key")
"""Rules about names that do not exist: such an attribute has no effect."""

PREFIX_SHORTEST = 16
PREFIX_LONGEST = 28
PRIVATE = [IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]
"""Private addresses: RFC 1918, and the shared address space of RFC 6598."""


def environment_findings(environment: Environment) -> Iterator[Finding]:
    """Yield what is wrong with an environment by itself."""
    subject = f"environment.{environment.name}"
    name = environment.name
    yield from name_findings(name, SCOPE_NAME_MAX, "environment/name", subject, environment.location)
    if not ON.fullmatch(environment.on):
        message = f"{environment.on!r} is no location"
        yield _wrong(environment, "on", message, "Write PROVIDER:LOCATION, as in 'aws:us-east-1'.")
    if environment.key is not None and not environment.key.strip():
        fix = "Name a key, or leave it out: the provider's own key encrypts then."
        yield _wrong(environment, "key", "the key is empty", fix)
    for tag in sorted(environment.tags):
        if tag.lower().startswith(RESERVED_PREFIX):
            message = f"tags that begin with {RESERVED_PREFIX!r} mark the owner of a resource"
            yield _wrong(environment, "tags", message, f"Rename the tag {tag!r}.", rule="reserved-tag")
    for rate, calls in environment.calls_per_minute.items():
        if calls < 1:
            message = f"{calls} calls a minute of {rate!r} is no rate"
            yield _wrong(environment, "calls_per_minute", message, "Use 1 or more, or leave it out.")
    yield from _address_findings(environment)
    yield from _zone_findings(environment)


def _wrong(
    environment: Environment,
    attribute: str,
    message: str,
    fix: str,
    *,
    rule: str = "",
    severity: Severity = Severity.ERROR,
) -> Finding:
    return Finding(
        f"environment/{rule or attribute.replace('_', '-')}",
        message,
        fix,
        severity,
        subject=f"environment.{environment.name}.{attribute}",
        location=environment.location,
    )


def _address_findings(environment: Environment) -> Iterator[Finding]:
    prefix = environment.subnet_prefix
    is_size = PREFIX_SHORTEST <= prefix <= PREFIX_LONGEST
    if not is_size:
        message = f"/{prefix} is no size of subnet that every cloud has"
        yield _wrong(environment, "subnet_prefix", message, f"Use {PREFIX_SHORTEST} to {PREFIX_LONGEST}.")
    try:
        network = IPv4Network(environment.cidr, strict=False)
    except ValueError:
        message = f"{environment.cidr!r} is no range of IPv4 addresses"
        yield _wrong(environment, "cidr", message, "Write it as '10.10.0.0/16'.")
        return
    if str(network) != environment.cidr:
        yield _wrong(
            environment, "cidr", f"{environment.cidr!r} does not name a network", f"Write '{network}'."
        )
    if is_size and prefix <= network.prefixlen:
        message = f"a /{prefix} subnet for each role and zone does not fit into {network}"
        fix = f"Give a larger cidr than /{prefix}, or a longer subnet_prefix than /{network.prefixlen}."
        yield _wrong(environment, "subnet_prefix", message, fix)
    if not any(network.subnet_of(private) for private in PRIVATE):
        message = f"{network} is not set aside for private networks"
        fix = "Use addresses within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10."
        yield _wrong(environment, "cidr", message, fix, rule="public-cidr", severity=Severity.WARNING)


def _zone_findings(environment: Environment) -> Iterator[Finding]:
    zones = environment.zones
    if len(zones) > ZONES_MAX:
        message = f"{len(zones)} zones; each role has room for {ZONES_MAX}"
        yield _wrong(
            environment, "zones", message, f"Name at most {ZONES_MAX}, or none: then portinfra chooses three."
        )
    for zone in sorted(repeated_names(zones)):
        yield _wrong(environment, "zones", f"{zone!r} is named twice", "Name each zone once.")
    if any(not zone.strip() for zone in zones):
        yield _wrong(environment, "zones", "a zone's name is empty", "Name it as the provider does.")


def override_findings(
    environment: Environment, roles: Sequence[Role], unknown: Severity = Severity.ERROR
) -> Iterator[Finding]:
    """Yield what is wrong with the overrides of roles. `unknown` is the severity of an unknown role."""
    names = {role.name for role in roles}
    for name, overrides in environment.roles.items():
        if name not in names:
            message, fix = f"there is no role {name!r}", suggestion(name, names, "Declare the role.")
            yield _wrong(environment, f"role.{name}", message, fix, rule="unknown-role", severity=unknown)
        for attribute, value in overrides.items():
            yield from _override_findings(environment, name, attribute, value)


def unknown_key_findings(
    environment: Environment, roles: Sequence[Role], severity: Severity = Severity.ERROR
) -> Iterator[Finding]:
    """Yield a finding for each key of `sizes`, `images` and `keys` that misspells a used name.

    A key that resembles no used name may be meant for another topology: one table may serve several.
    """
    names = {
        "sizes": {*LOGICAL_SIZES, *(role.size for role in roles)},
        "images": {role.image for role in roles},
        "keys": {volume.key for role in roles for volume in role.volumes if volume.key},
    }
    for attribute, used in names.items():
        given: Mapping[str, str] = getattr(environment, attribute)
        for name in sorted(given.keys() - used):
            if near := nearest_spelling(name, used - given.keys()):
                message = f"no role has {name!r}"
                fix = f"Did you mean {near!r}? What nothing uses has no effect."
                yield _wrong(environment, attribute, message, fix, rule="unknown-key", severity=severity)


def _override_findings(environment: Environment, name: str, attribute: str, value: Any) -> Iterator[Finding]:
    subject = f"role.{name}.{attribute}"
    if attribute not in OVERRIDABLE:
        fix = suggestion(attribute, OVERRIDABLE, "")
        message = f"{attribute!r} cannot differ between environments"
        yield _wrong(environment, subject, message, fix, rule="unknown-attribute")
        return
    words, fits = checks(Role)[attribute]
    if not fits(value):
        message = f"must be {words}, and is {kind_of(value)}"
        yield _wrong(environment, subject, message, f"Give {attribute} as {words}.", rule="wrong-type")
    elif attribute == "count" and value < 0:
        yield _wrong(environment, subject, f"{value} is no number of hosts", "Use 0 or more.", rule="count")
    elif attribute in ("size", "image") and not value.strip():
        fix = f"Leave {attribute} out to have the role's own."
        yield _wrong(environment, subject, f"the {attribute} is empty", fix, rule=f"empty-{attribute}")


def shared_account_findings(environments: Iterable[Environment]) -> Iterator[Finding]:
    """Yield a finding for environments that share one account (R1)."""
    by_account: dict[tuple[str, str], list[Environment]] = defaultdict(list)
    for environment in environments:
        if environment.account:
            by_account[environment.provider, environment.account].append(environment)
    for sharing in by_account.values():
        for environment in sharing[1:]:
            message = (
                f"it shares its account with {sharing[0].name!r}: a mistake in one reaches the other "
                f"({name_rule('R1')})"
            )
            fix = "Give each environment an account of its own."
            yield _wrong(
                environment, "account", message, fix, rule="shared-account", severity=Severity.WARNING
            )
