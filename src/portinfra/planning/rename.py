"""A renamed role keeps its resources: what bears the old name is taken for the new."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.finding import Finding
from portinfra.model.observed import Observation, Observed
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import FirewallRules, Spec, Volume, traits
from portinfra.provider.interface import Driver


def rename_resources(
    placed: Placed, observation: Observation, drivers: Mapping[type[Spec], Driver[Any]]
) -> Observation:
    """The observation with resources of renamed roles under the addresses that are wanted now.

    Their `Observed.address` is still the old one: that is how a driver sees that the owner must be rewritten.
    Kinds whose owner cannot be rewritten keep their old address, and so are replaced.
    """
    moves = {
        old: new
        for old, new in _moves(placed)
        if old in observation.resources
        and new not in observation.resources
        and drivers[type(observation.resources[old].spec)].renames
    }
    if not moves:
        return observation
    resources = {
        moves.get(address, address): _redirect(seen, moves) for address, seen in observation.resources.items()
    }
    return evolve(observation, resources=resources)


def find_stranded_volumes(
    placed: Placed,
    observation: Observation,
    drivers: Mapping[type[Spec], Driver[Any]],
    options: PlanOptions,
) -> list[Finding]:
    """One finding for each volume that bears its role's old name for good, so that its host would come up
    beside a blank one.
    """
    given_up = options.allow_data_loss
    return [
        Finding(
            "plan/cannot-rename",
            f"it keeps its name here, and {new}, with nothing in it, would take its place",
            f"Keep the name that the role had, or give its contents up: --allow-data-loss {old}.",
            subject=old,
            location=placed.location(new),
        )
        for old, new in _moves(placed)
        if old.kind == Volume.kind
        and old in observation.resources
        and new not in observation.resources
        and not drivers[Volume].renames
        and not given_up.intersection((old, "all"))
    ]


def _moves(placed: Placed) -> list[tuple[Address, Address]]:
    """Old and new address of every resource of a renamed role."""
    before = {role.name: role.renamed_from for role in placed.topology.roles if role.renamed_from}
    return [
        (Address(f"{address.kind}.{before[role]}{address.name[len(role) :]}"), address)
        for address, role in placed.roles.items()
        if role in before
    ]


def _redirect(seen: Observed[Spec], moves: Mapping[Address, Address]) -> Observed[Spec]:
    if not any(reference in moves for reference in seen.spec.references()):
        return seen
    changed: dict[str, Any] = {
        name: moves.get(getattr(seen.spec, name), getattr(seen.spec, name))
        for name in traits(type(seen.spec)).references
    }
    if isinstance(seen.spec, FirewallRules):
        for way in ("ingress", "egress"):
            rules = getattr(seen.spec, way)
            changed[way] = tuple(sorted(r._replace(peer=moves.get(Address(r.peer), r.peer)) for r in rules))
    return evolve(seen, spec=evolve(seen.spec, **changed))
