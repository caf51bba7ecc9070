"""Recovery plans: the environments that they name, which no one disaster or mistake may take together."""

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
    """Environments that are not there, or that do not stand apart; addresses that a drill cannot have."""
    places = {environment.name: environment for environment in environments}
    for attribute in ("source", "target"):
        name = getattr(recovery, attribute)
        if name not in places:
            fix = suggestion(name, places, "Declare it.")
            message = f"there is no environment {name!r}"
            yield whole(recovery).wrong("unknown-environment", attribute, message, fix)
    source, target = places.get(recovery.source), places.get(recovery.target)
    if recovery.source == recovery.target:
        message, fix = f"{recovery.target!r} cannot stand in for itself", "Name another environment."
        yield whole(recovery).wrong("same-environment", "target", message, fix)
    elif source is not None and target is not None:
        yield from _apart_findings(recovery, source, target)
    yield from _drill_findings(recovery, target)


def _apart_findings(recovery: RecoveryPlan, source: Environment, target: Environment) -> Iterator[Finding]:
    if source.on == target.on:
        message = f"{source.name!r} and {target.name!r} are both at {source.on}: one disaster takes both"
        yield whole(recovery).wrong("same-place", "target", message, "Place the target elsewhere.")
    if source.account and source.account == target.account and source.provider == target.provider:
        message = (
            f"{source.name!r} and {target.name!r} are one account: one mistake takes both ({name_rule('R1')})"
        )
        yield whole(recovery).wrong(
            "same-account", "target", message, "Give the target an account of its own."
        )


def _drill_findings(recovery: RecoveryPlan, target: Environment | None) -> Iterator[Finding]:
    """The addresses of a drill, which must have room for what the target holds."""
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
    """A network of IPv4 addresses; None for what is none."""
    try:
        return IPv4Network(text)
    except ValueError:
        return None


def key_findings(
    recovery: RecoveryPlan, topology: Topology, environments: Sequence[Environment]
) -> Iterator[Finding]:
    """Copies of snapshots go from account to account, which those under a provider's own key cannot."""
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
    """Roles with data that have another number of hosts in the source than in the target.

    With seed `each`, a host without a counterpart would come back blank, or its data would stay behind. With
    seed `one`, the first host needs a counterpart.
    """
    places = {environment.name: environment for environment in environments}
    source, target = places.get(recovery.source), places.get(recovery.target)
    if source is None or target is None:
        return  # which is another finding
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
    """Return the number of hosts that a role has in an environment, as it is declared."""
    return environment.roles.get(role.name, {}).get("count", role.count)
