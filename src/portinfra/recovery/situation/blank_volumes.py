"""Volumes that a plan creates blank, although their data exists elsewhere."""

from collections.abc import Iterable, Iterator

from portinfra.command_text import command
from portinfra.execution.connection import Connection
from portinfra.model.address import Address
from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observation
from portinfra.model.plan import Plan
from portinfra.model.resources import Volume
from portinfra.placement import place
from portinfra.recovery.groups import digest, groups
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.points import Point, points
from portinfra.recovery.ledger.takeovers import activated_number
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.situation import End, Situation, peer_of


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

    An end that was active has data on its own volumes. A point at the other end that came later is newer.
    """
    way = recovery.from_end(end)
    with Connection.to(way.target) as peer:
        there = peer.observe(way.target_scope).resources if now.authority is not None else {}
        contents = Ledger(peer, way.ledger).read()
        known = points(contents.entries)
        snapshots = peer.observe(way.points) if known else Observation()
    was_active = way.is_reversed or now.facts(peer_of(end)).activated is not None
    digests = {
        volume: digest(group.volumes)
        for group in groups(way, place(way.topology, way.source))
        for volume in group.volumes
    }
    found: dict[str, list[Address]] = {}
    for volume in sorted(created):
        with_data = (each for each in known if _has_volume(each, volume, digests.get(volume), snapshots))
        point = next(with_data, None)
        has_own = was_active and volume in there
        if point and (not has_own or point.number > activated_number(contents)):
            found.setdefault(f"point {point.id} in {way.target.name}", []).append(volume)
        elif has_own:
            found.setdefault(f"the volume of {way.target.name}", []).append(volume)
    return found


def _has_volume(point: Point, volume: Address, digest: str | None, snapshots: Observation) -> bool:
    """Return whether a point is known to have data of a volume: by `snapshots`, those of all points.

    portinfra does not read the vault for that: a point there with the `digest` of the volume's group has it.
    """
    return volume in point.parts(snapshots) or (point.is_in_vault and point.digest == digest)


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
