"""Declared groups for which an open takeover has selected no data: an operator edited the groups since."""

from collections.abc import Collection, Iterable, Mapping

from portinfra.model.address import Address
from portinfra.model.observed import Observation
from portinfra.recovery.groups import Group
from portinfra.recovery.ledger.points import Point
from portinfra.recovery.ledger.takeovers import TakeoverEntry, short_id
from portinfra.recovery.options import FailoverOptions


def list_undecided(
    takeover: TakeoverEntry,
    declared: Collection[Group],
    agreed: Collection[Point],
    left_aside: Collection[str],
    there: Observation,
) -> dict[str, list[Address]]:
    """Return, by group, the volumes for which the takeover has selected no data.

    `agreed` are its points. Groups in `left_aside` get other data now. `there` is what the scope of the
    points has. A group with own volumes may have got volumes whose data was to come from a point.
    """
    from_points = {point.group for point in agreed}
    own = [group for group in declared if short_id(group.name) in takeover.own]
    decided = {*from_points, *left_aside, *(group.name for group in own)}
    joined = set(_volumes_of(agreed, {group.name for group in declared}, there))
    found = {group.name: list(group.volumes) for group in declared if group.name not in decided}
    for group in own:
        if group.name not in left_aside and (volumes := [each for each in group.volumes if each in joined]):
            found[group.name] = volumes
    return found


def _volumes_of(agreed: Iterable[Point], declared: Collection[str], there: Observation) -> Iterable[Address]:
    """Yield the volumes of points whose groups are not declared any more."""
    for point in agreed:
        if point.group not in declared:
            yield from point.parts(there)


def list_left_aside(
    takeover: TakeoverEntry,
    declared: Collection[Group],
    known: Mapping[str, Point],
    options: FailoverOptions,
) -> frozenset[str]:
    """Return the groups for which an operator leaves aside the data that the takeover selected.

    `known` are the points of the ledger. A point that the ledger does not have may be of any group.
    """
    dropped = [id for id in takeover.points if id in options.without]
    if any(id not in known for id in dropped):
        return frozenset(group.name for group in declared)
    own = [group.name for group in declared if options.from_points and short_id(group.name) in takeover.own]
    return frozenset({*(known[id].group for id in dropped), *own})
