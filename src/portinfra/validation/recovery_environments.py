"""Checks of recovery plans: their environments, which one disaster or mistake should not affect together."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from portinfra.format import suggestion
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.reference_rules import name_rule
from portinfra.model.topology import Role, Topology
from portinfra.validation.recovery_part import drill_part, usual_between, whole


def place_findings(recovery: RecoveryPlan, environments: Sequence[Environment]) -> Iterator[Finding]:
    """Yield findings for environments that do not exist or are not independent, and for impossible drill
    addresses.
    """
    places = {environment.name: environment for environment in environments}
    for attribute in ("source", "target"):
        name = getattr(recovery, attribute)
        if name not in places:
            fix = suggestion(name, places, "Declare it.")
            message = f"there is no environment {name!r}"
            yield whole(recovery).wrong("unknown-environment", attribute, message, fix)
    source, target = places.get(recovery.source), places.get(recovery.target)
    if recovery.source == recovery.target:
        message, fix = f"{recovery.target!r} cannot take over from itself", "Name another environment."
        yield whole(recovery).wrong("same-environment", "target", message, fix)
    elif source is not None and target is not None:
        yield from _apart_findings(recovery, source, target)
    yield from _drill_findings(recovery, target)


def _apart_findings(recovery: RecoveryPlan, source: Environment, target: Environment) -> Iterator[Finding]:
    if source.on == target.on:
        message = f"{source.name!r} and {target.name!r} are both at {source.on}: one disaster can affect both"
        yield whole(recovery).wrong("same-place", "target", message, "Place the target elsewhere.")
    if source.account and source.account == target.account and source.provider == target.provider:
        same = f"{source.name!r} and {target.name!r} are one account"
        message = f"{same}, so one mistake can affect both ({name_rule('R1')})"
        yield whole(recovery).wrong(
            "same-account", "target", message, "Give the target an account of its own."
        )


def _drill_findings(recovery: RecoveryPlan, target: Environment | None) -> Iterator[Finding]:
    """Yield what is wrong with the addresses of a drill, which must have room for the target's hosts."""
    part, attribute, cidr = drill_part(recovery, "cidr")
    if not cidr:
        return
    room, needed = network(cidr), network(target.cidr) if target else None
    if room is None:
        message = f"{cidr!r} is no network of IPv4 addresses"
        yield part.wrong("drill-cidr", attribute, message, "Write 10.99.0.0/16, for example.")
    elif target and needed and room.prefixlen > needed.prefixlen:
        message = f"{room} has less room than {target.name!r} needs ({needed})"
        fix = f"Write a network of /{needed.prefixlen} or larger."
        yield part.wrong("drill-cidr", attribute, message, fix)


def network(text: str) -> IPv4Network | None:
    """Return a network of IPv4 addresses; None for any other text."""
    try:
        return IPv4Network(text)
    except ValueError:
        return None


def key_findings(
    recovery: RecoveryPlan, topology: Topology, environments: Sequence[Environment]
) -> Iterator[Finding]:
    """Yield a finding for copies of snapshots between accounts under a provider's own key, which is
    impossible.
    """
    usual = usual_between(recovery, environments)
    keyless = [
        f"{role.name}/{volume.name}"
        for role in topology.roles
        if role.name in recovery.roles
        for volume in role.volumes
        if volume.key is None and (recovery.policy(role.name, volume.name).engine or usual) == "native"
    ]
    for environment in environments:
        named = environment.name in (recovery.source, recovery.target)
        if keyless and named and environment.key is None:
            write = environment.location.write("key", '"alias/…"')
            yield Finding(
                "recovery/no-key",
                f"the data of {', '.join(keyless)} goes to another account in recovery plan "
                f"{recovery.name!r}, and copies under the provider's own key cannot leave theirs",
                f"Name a key of your own: {write} on AWS, its path elsewhere.",
                subject=f"environment.{environment.name}.key",
                location=environment.location,
            )


def count_findings(
    recovery: RecoveryPlan, topology: Topology, environments: Sequence[Environment]
) -> Iterator[Finding]:
    """Yield a finding for roles with data whose number of hosts differs between source and target.

    With seed `each`, a host without a counterpart would start blank, or its data would not be restored. With
    seed `one`, the first host needs a counterpart.
    """
    places = {environment.name: environment for environment in environments}
    source, target = places.get(recovery.source), places.get(recovery.target)
    if source is None or target is None:
        return  # that is another finding
    for role in topology.roles:
        if role.name not in recovery.roles or not role.volumes:
            continue
        there, here = _count(role, source), _count(role, target)
        seeds = {recovery.policy(role.name, volume.name).seed for volume in role.volumes}
        if there == here or (seeds == {"one"} and there and here):
            continue
        seed = recovery.location.write("seed", '"one"')
        yield whole(recovery).wrong(
            "unequal-counts",
            "waves",
            f"role {role.name!r} ({role.location}) has {there} hosts in {source.name!r} ({source.location}) "
            f"and {here} in {target.name!r} ({target.location}), and each host needs the data of its own",
            f"Give it one count in both; or {seed} in its data, where the others join the first host.",
        )


def _count(role: Role, environment: Environment) -> object:
    """Return the declared number of hosts of a role in an environment."""
    return environment.roles.get(role.name, {}).get("count", role.count)
