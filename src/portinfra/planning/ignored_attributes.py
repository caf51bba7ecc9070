"""Differences that a role ignores. No apply repairs them, so a plan names them."""

from collections.abc import Iterator, Mapping

from portinfra.format import count, join_runs
from portinfra.model.address import Address
from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import Spec, present_name
from portinfra.model.topology import Role
from portinfra.planning.changes import Drivers, ignored_differences

RULE = "plan/ignored"

NAMED_MAX = 4
"""A note names at most so many resources one by one."""


def ignored_findings(
    placed: Placed,
    wanted: Mapping[Address, Spec],
    observation: Observation,
    drivers: Drivers,
    options: PlanOptions,
) -> Iterator[Finding]:
    """Yield a note for each selected role with resources that differ in attributes that it ignores.

    `wanted` has the declared resources, with the provider's own names.
    """
    for role in placed.topology.roles:
        if not role.ignore or (options.only and role.name not in options.only):
            continue
        found = _differing(role, placed, wanted, observation, drivers)
        if found and options.addresses is None:
            what = ", ".join(f"{name.replace('_', ' ')} of {_name(some)}" for name, some in found.items())
            yield Finding(
                RULE,
                f"it ignores what differs: {what}",
                "To have it repaired, remove the attribute from ignore.",
                Severity.NOTE,
                f"role.{role.name}.ignore",
                role.location,
            )


def _differing(
    role: Role, placed: Placed, wanted: Mapping[Address, Spec], observation: Observation, drivers: Drivers
) -> dict[str, list[Address]]:
    """Return the resources of a role that differ, by the present name of the ignored attribute."""
    found: dict[str, list[Address]] = {}
    for address, want in wanted.items():
        seen = observation.resources.get(address)
        if seen is None or placed.roles.get(address) != role.name:
            continue
        for difference in ignored_differences(want, seen, role.ignore, drivers[type(want)]):
            found.setdefault(present_name(difference.field), []).append(address)
    return found


def _name(addresses: list[Address]) -> str:
    return join_runs(addresses) if len(addresses) <= NAMED_MAX else count(len(addresses), "resource")
