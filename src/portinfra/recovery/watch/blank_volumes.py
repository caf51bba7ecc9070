"""Volumes that a plan creates blank, although their data exists elsewhere."""

from collections.abc import Iterable, Iterator, Mapping

from portinfra.command_text import command
from portinfra.execution.connection import Connection
from portinfra.model.address import Address
from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.plan import Plan
from portinfra.model.resources import Volume
from portinfra.placement import place
from portinfra.recovery.groups import Group, digest, groups
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.points import Point, points
from portinfra.recovery.ledger.takeovers import activated_number
from portinfra.recovery.points.coverage import AGAINST, coverage
from portinfra.recovery.points.listing import VaultListing
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.situation import End, Situation, peer_of
from portinfra.recovery.vault.listing import list_for


def blank_volume_findings(recovery: Recovery, plan: Plan, end: End, now: Situation) -> Iterator[Finding]:
    """Yield a warning for each place that has the newest data of volumes which a plan of one end creates
    blank: the other environment, or a point. It reads both ends only where the plan creates volumes.
    """
    created = [
        change.address
        for change in plan.changes
        if change.action == "create"
        and isinstance(spec := plan.wanted.get(change.address), Volume)
        and not spec.source
    ]
    if plan.destroys or not created or not now.answers(peer_of(end)):
        return
    environment, is_active = plan.placed.environment, end == now.active
    for where, volumes in _places_of_data(recovery, end, now, created).items():
        listed, are, their = ", ".join(each.name for each in volumes), "is", "its"
        if len(volumes) > 1:
            are, their = "are", "their"
        yield Finding(
            "recovery/blank-volume",
            f"{listed} {are} created blank in {environment.name}: {where} has {their} newest data",
            _fix(recovery, end, is_active=is_active) + _advice_for_roles(recovery, plan, volumes),
            Severity.WARNING,
            subject=f"environment.{environment.name}",
            location=environment.location,
        )


def _places_of_data(
    recovery: Recovery, end: End, now: Situation, created: Iterable[Address]
) -> dict[str, list[Address]]:
    """Return the places that have the newest data of volumes, in words, each with those volumes.

    An end that was active has data on its own volumes. A point at the other end that came later is newer. A
    point is only named if its data can be restored.
    """
    way = recovery.from_end(end)
    with Connection.to(way.target) as peer:
        resources = peer.observe(way.target_scope).resources if now.authority is not None else {}
        contents = Ledger(peer, way.ledger).read()
        known = points(contents.entries)
        snapshots = peer.observe(way.points) if known else Observation()
    vault = list_for(way, known, snapshots)
    was_active = way.is_reversed or now.facts(peer_of(end)).activated is not None
    placed = place(way.topology, way.target)
    declared = {volume: group for group in groups(way, placed) for volume in group.volumes}
    found: dict[str, list[Address]] = {}
    for volume in sorted(created):
        with_data = (each for each in known if _restores(each, volume, declared, placed, snapshots, vault))
        point = next(with_data, None)
        has_own = was_active and volume in resources
        if point and (not has_own or point.number > activated_number(contents)):
            found.setdefault(f"point {point.id} in {way.target.name}", []).append(volume)
        elif has_own:
            found.setdefault(f"the volume of {way.target.name}", []).append(volume)
    return found


def _restores(
    point: Point,
    volume: Address,
    declared: Mapping[Address, Group],
    placed: Placed,
    snapshots: Observation,
    vault: VaultListing,
) -> bool:
    """Return whether data of a volume can be restored from a point, by the verdicts about the declared group
    of that volume. Volumes of the group that the point never had count for nothing.

    A point of a former group, or of a role that the plan leaves out, is judged for this volume alone. If the
    vault cannot be listed, a point there has the volumes that its digest names.
    """
    group = declared.get(volume)
    if group is None or group.name != point.group:
        group = Group(point.group, (), (volume,))
    verdicts = coverage(placed, group, point, snapshots, vault).verdicts
    is_known = point.is_in_vault and point.digest == digest(group.volumes)
    has_data = {"covered", "not listed"} if is_known else {"covered"}
    mine = next(each.judgement for each in verdicts if each.volume == volume)
    others = {each.judgement for each in verdicts} - {"missing"}
    return mine in has_data and not others & AGAINST


def _fix(recovery: Recovery, end: End, *, is_active: bool) -> str:
    """Return how the data gets onto the volumes of an end."""
    name = recovery.plan.name
    to_here, to_peer = ("failover", "failback") if end == "target" else ("failback", "failover")
    if not is_active:
        return f"A takeover restores it: {command('dr', to_here, name)}."
    return (
        f"Apply it if the role needs no data. To use that data, make the other environment active: "
        f"{command('dr', to_peer, name)}."
    )


def _advice_for_roles(recovery: Recovery, plan: Plan, volumes: Iterable[Address]) -> str:
    """Return what to do meanwhile with roles that the recovery plan leaves out; empty: it has them all."""
    roles = {plan.placed.roles[volume] for volume in volumes}
    listed = ", ".join(sorted(roles.intersection(recovery.plan.without)))
    return f" Keep {listed} in `without` of the recovery plan until then." if listed else ""
