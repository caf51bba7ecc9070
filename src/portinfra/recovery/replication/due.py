"""Which groups are due: those without a recent point that is intact or on its way."""

from collections.abc import Collection

from portinfra.model.observed import Observation
from portinfra.placement import place
from portinfra.recovery.groups import Group, groups
from portinfra.recovery.ledger.points import Point
from portinfra.recovery.ledger.takeovers import active_since
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.points.coverage import coverage, is_intact
from portinfra.recovery.points.listing import VaultListing
from portinfra.recovery.replication.readiness import capture_problem
from portinfra.recovery.replication.work import Work
from portinfra.recovery.vault.listing import is_by_vault, read_manifests

EARLY = 0.1
"""A timer that fires this share of the schedule too early still makes its point."""


def due_groups(work: Work, known: Collection[Point], vault: VaultListing, *, now: bool) -> list[Group]:
    """Return the groups to capture a point of; with `now`, all groups that can be captured. Record the
    others.
    """
    fresh = {} if now else _fresh_points(work, known, vault)
    due = []
    for group in groups(work.recovery, work.placed):
        if point := fresh.get(group.name):
            work.leave(group, point)
        elif problem := capture_problem(work.recovery, group, work.there, work.target.connection):
            work.fail(group, problem)
        else:
            due.append(group)
    return due


def _fresh_points(work: Work, known: Collection[Point], vault: VaultListing) -> dict[str, Point]:
    """Return, for each group, the recent point because of which no new point is due."""
    active_number = active_since(work.ledger.entries())
    observed = Observation(work.target.snapshots())
    vault = read_manifests(work.recovery, vault, known, observed)
    placed = place(work.recovery.topology, work.recovery.target)
    ages = Ages(known, work.source.now)

    def serves(point: Point, group: Group) -> bool:
        """Return whether the point has the data of all volumes and is intact. Too small a declared volume
        would be too small for a new point, too.
        """
        judged = coverage(placed, group, point, observed, vault)
        return is_intact(judged) and not judged.volumes("missing")

    def is_fresh(point: Point, group: Group) -> bool:
        if not point.carried and is_by_vault(point):  # it is sent below, at any age
            return True
        age, age_max = ages.of(point).seconds, work.recovery.schedule(group.policy) * (1 - EARLY)
        return age is not None and age < age_max and (not point.carried or serves(point, group))

    found: dict[str, Point] = {}
    for group in groups(work.recovery, work.placed):
        for point in (point for point in known if point.group == group.name):
            is_older = point.entry.number < active_number  # no point has what was written in the target since
            is_undated = ages.is_ahead(point) and not (is_by_vault(point) and not point.carried)
            if is_older or is_undated:
                break
            if is_fresh(point, group):
                found[group.name] = point
                break
    return found
