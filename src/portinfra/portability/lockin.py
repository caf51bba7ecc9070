"""Lock-in: what in a declaration belongs to one provider, and needs a decision before a move (R23)."""

from collections.abc import Iterable, Iterator, Mapping

from portinfra.model.environment import Environment
from portinfra.model.location import Location
from portinfra.model.plain import plain
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.topology import Role, Topology
from portinfra.model.vault import Vault
from portinfra.placement import role_in
from portinfra.value import frozen

SIZES = ("small", "medium", "large", "xlarge")
"""The sizes that every provider has."""

IMAGES = ("debian-12", "ubuntu-24.04")
"""The images that every provider has."""


@frozen
class Tie:
    """One part of a declaration that needs a certain provider."""

    provider: str
    subject: str
    """`role.web.size`, `environment.production.key`."""
    value: str
    meaning: str
    """What it is, and what a move needs in its place."""
    location: Location


def ties(
    topology: Topology,
    environments: Iterable[Environment],
    native: Mapping[str, Mapping[str, str]],
    recoveries: Iterable[RecoveryPlan] = (),
) -> list[Tie]:
    """Return everything that is specific to a provider, once each.

    Native options of roles and vaults come first. Then comes what each environment names: sizes and images
    that not every provider has, location, account, key, zones, credentials. `native` has, by provider, what
    each native option does.
    """
    found: dict[Tie, None] = {}
    for role in topology.roles:
        found.update(dict.fromkeys(_native(f"role.{role.name}", role, native)))
    for plan in recoveries:
        if plan.vault:
            found.update(dict.fromkeys(_native(f"recovery.{plan.name}.vault", plan.vault, native)))
    for environment in environments:
        for role in topology.roles:
            found.update(dict.fromkeys(_of_host(role_in(role, environment), environment)))
        found.update(dict.fromkeys(_of_environment(environment)))
    return list(found)


def _native(subject: str, of: Role | Vault, native: Mapping[str, Mapping[str, str]]) -> Iterator[Tie]:
    for provider, options in sorted(of.native.items()):
        for name, value in sorted(options.items()):
            meaning = native.get(provider, {}).get(name, "an option of this provider only")
            yield Tie(provider, f"{subject}.native.{name}", str(plain(value)), meaning, of.location)


def _of_host(role: Role, environment: Environment) -> Iterator[Tie]:
    for name, value, known in (("size", role.size, SIZES), ("image", role.image, IMAGES)):
        if value not in known:
            meaning = f"a provider's own {name}; every provider has {', '.join(known)}"
            yield Tie(environment.provider, f"role.{role.name}.{name}", value, meaning, role.location)


def _of_environment(environment: Environment) -> Iterator[Tie]:
    """Return what an environment names. Its location counts too: every environment has one."""
    own = (
        ("on", environment.on, "the location"),
        ("account", environment.account, "an account of this provider"),
        ("key", environment.key, "a key kept by this provider; a move needs one of the other's"),
        ("zones", ", ".join(environment.zones), "zone names of this provider; left out, they are chosen"),
        ("credentials", ", ".join(sorted(environment.credentials)), "references to credentials"),
    )
    for name, value, meaning in own:
        if value:
            yield Tie(
                environment.provider,
                f"environment.{environment.name}.{name}",
                value,
                meaning,
                environment.location,
            )
