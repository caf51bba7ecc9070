"""Renamed roles: a resource with the old name becomes the resource with the new one."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve

from portinfra.format import suggestion
from portinfra.model.address import Address
from portinfra.model.change import Change
from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observation, Observed
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import FirewallRules, Instance, Spec, Volume, traits
from portinfra.planning.roles import is_named_by, role_of
from portinfra.provider.interface import Driver


def rename_resources(
    placed: Placed, observation: Observation, drivers: Mapping[type[Spec], Driver[Any]]
) -> Observation:
    """Return the observation with resources of renamed roles under the addresses that are wanted now.

    Their `Observed.address` is still the old one. So a driver sees that it must rewrite the owner. Kinds
    whose owner cannot be rewritten keep their old address, and so are replaced.
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
    """Yield a finding for each volume that can never have its role's new name: its host would start with a
    blank volume.
    """
    given_up = options.allow_data_loss
    return [
        Finding(
            "plan/cannot-rename",
            f"it cannot be renamed in this cloud, and an empty {new} would take its place",
            f"Keep the name that the role had, or permit its loss: --allow-data-loss {old}.",
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


def find_unknown_former_names(
    placed: Placed, observation: Observation, decided: Mapping[Address, Change]
) -> Iterator[Finding]:
    """Yield a finding for each role that the plan creates and whose former name no resource has.

    It is an error where the plan deletes hosts of undeclared roles: the former name may be meant for one of
    them. An empty environment has nothing to rename. A role that exists was renamed before.
    """
    declared = {role.name for role in placed.topology.roles}
    deleted = [each for each, change in decided.items() if change.action == "delete"]
    going = sorted({role_of(placed, each) for each in deleted if each.kind == Instance.kind} - declared)
    created = {placed.roles.get(each) for each, change in decided.items() if change.action == "create"}
    for role in placed.topology.roles if observation.resources else ():
        known = (role.name, role.renamed_from or role.name)
        exists = any(is_named_by(address, name) for address in observation.resources for name in known)
        if not role.renamed_from or role.name not in created or exists:
            continue
        meant = (f"Did you mean {going[0]!r}?" if len(going) == 1 else suggestion(known[1], going)) + " "
        yield Finding(
            "plan/unknown-former-name",
            f"nothing of {role.renamed_from!r} exists: {role.name} would be a new role"
            + (f", while the plan deletes hosts of {', '.join(going)}" if going else ""),
            f"{meant.lstrip()}If {role.name!r} is a new role, leave renamed_from out.",
            Severity.ERROR if going else Severity.WARNING,
            f"role.{role.name}.renamed_from",
            role.location,
        )


def _moves(placed: Placed) -> list[tuple[Address, Address]]:
    """Yield the old and the new address of every resource of a renamed role."""
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
