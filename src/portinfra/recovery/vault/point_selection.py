"""Selection of points for a drill or takeover: of each group the newest that can be restored."""

from collections.abc import Collection, Iterable, Mapping

from attrs import evolve, field

from portinfra.execution.connection import Connection
from portinfra.format import moment
from portinfra.model.address import Address
from portinfra.model.observed import Observation
from portinfra.placement import place
from portinfra.recovery.groups import Group, groups
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.points import Point, points
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.points.coverage import (
    Accepted,
    Coverage,
    held_volumes,
    judge_points,
    newest_or_best,
    newest_restorable,
)
from portinfra.recovery.points.listing import VaultListing
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.listing import list_for
from portinfra.value import frozen


@frozen
class Lack:
    """Why a group has no data, or older data: without a point its volumes would come up blank."""

    why: str
    fix: str = ""
    """What to do next; empty: make a new point."""
    rule: str = "no-point"
    point: Point | None = None
    """The point that is meant, or the newest of them; None: no single point."""
    has_points: bool = True
    """Whether its group has points of another moment than the given one."""
    refuses_lost: bool = False
    """Whether it also refuses a takeover from a lost source: an edit of the declaration brings the data back.
    """

    def __str__(self) -> str:
        return self.why


@frozen
class Choice:
    """The points that a drill or takeover restores, and the reasons against others."""

    points: tuple[Point, ...]
    """Of each group the newest that can be restored."""
    missing: tuple[Lack, ...] = ()
    passed_over: tuple[Lack, ...] = ()
    """The reasons against these points, and why newer ones cannot be restored; for a group without a point,
    why none can be.
    """
    blank: frozenset[Address] = frozenset()
    """The volumes that begin blank, as an operator accepts."""
    of_other_groups: Mapping[str, Lack] = field(factory=dict)
    """Group → that points of other groups have newer data of its volumes than its own points."""

    @property
    def newer_than_used(self) -> tuple[Lack, ...]:
        """Why points are not used that are newer than the chosen ones, and what speaks against those."""
        used = {point.group for point in self.points}
        mine = (each for each in self.passed_over if each.point is None or each.point.group in used)
        return (*mine, *(lack for name, lack in self.of_other_groups.items() if name in used))


def choose(recovery: Recovery, target: Connection, ledger: Ledger, options: FailoverOptions) -> Choice:
    """Return the newest point of each group that covers all volumes that the group has in the target.

    It leaves aside the points whose ids are in `options.without`, and those later than `options.as_of`.
    """
    there = target.observe(recovery.points)
    known = [point for point in points(ledger.entries()) if point.id not in options.without]
    vault = list_for(recovery, known, there)
    candidates = known
    if options.as_of:
        candidates = Ages(known, target.now()).not_later_than(options.as_of.timestamp())
    placed = place(recovery.topology, recovery.target)
    accepted = to_accepted(options)
    chosen: list[Point] = []
    missing: list[Lack] = []
    passed_over: list[Lack] = []
    blank: list[Address] = []
    of_other_groups: dict[str, Lack] = {}
    for group in groups(recovery, placed):
        judged = judge_points(placed, group, candidates, there, vault)
        found = newest_restorable(judged, accepted)
        passed_over += _newer_lost(group, judged, found[0] if found else None)
        newer = [point for point in candidates if found is None or point.number > found[0].number]
        others = _of_other_groups(group, newer, there, vault)
        if others:
            of_other_groups[group.name] = others
        if found:
            chosen.append(found[0])
            blank += found[1].volumes("accepted")
            passed_over += _other_keys(*found, accepted)
            continue
        lack = _why_none(group, judged)
        if others:
            lack = evolve(lack, why=f"{lack.why}: {others.why}", fix=others.fix)
        if options.as_of:
            listed = _list_points(group.name, known, options.as_of.timestamp())
            has_points = any(point.group == group.name for point in known)
            lack = evolve(lack, why=f"{lack.why} as of {listed}", has_points=has_points)
        missing.append(lack)
    begin_blank = frozenset(blank) & accepted.blank
    return Choice(tuple(chosen), tuple(missing), tuple(passed_over), begin_blank, of_other_groups)


def to_accepted(options: FailoverOptions) -> Accepted:
    """Return what an operator accepts of incomplete data."""
    return Accepted(frozenset(map(Address, options.blank)), any_key=options.insist)


def _of_other_groups(
    group: Group, newer: Iterable[Point], there: Observation, vault: VaultListing
) -> Lack | None:
    """Return that `newer` points of other groups have data of the volumes of a group. The group had another
    name when they were made, or the volumes were in other groups. None: there are no such points.
    """
    found = [
        (point, volumes)
        for point in newer
        if point.carried and point.group != group.name
        if (volumes := held_volumes(point, group, there, vault))
    ]
    if not found:
        return None
    held = sorted({volume for _, volumes in found for volume in volumes})
    names = sorted({point.group for point, _ in found})
    where = f"the {'group' if len(names) == 1 else 'groups'} {' and '.join(names)}"
    ids = [point.id for point, _ in found]
    leave = " ".join(f"--without-point {id}" for id in ids)
    return Lack(
        f"newer data of {', '.join(held)} is in {', '.join(ids)}, of {where}",
        f"Declare these volumes in {where} again. To use older data, if there is any: {leave}.",
        "data-of-another-group",
        found[0][0],
        refuses_lost=True,
    )


def _other_keys(point: Point, found: Coverage, accepted: Accepted) -> Iterable[Lack]:
    """Yield a lack for copies under other keys than the declared ones, which an operator accepts."""
    if others := set(found.volumes("accepted")) - accepted.blank:
        why = f"copies of {', '.join(sorted(others))} are under another key than the declared one"
        yield Lack(why, "To use them in any case: --insist.", "wrong-key", point)


def _newer_lost(group: Group, judged: Iterable[tuple[Point, Coverage]], used: Point | None) -> Iterable[Lack]:
    """Yield why points that are newer than the one that is `used` cannot be restored. None: no
    point is used.
    """
    older = f"restore the older point {used.id}" if used else "use older data"
    lost = [each for each in judged if each[0].carried and (used is None or each[0].number > used.number)]
    without = " ".join(f"--without-point {point.id}" for point, _ in lost)
    for point, found in lost:
        why = f"point {point.id} of {group.name} is newer, and cannot be restored: {against_line(found)}"
        fix = f"{_FIXES.get(_one_judgement(found), '')} To {older}: {without}."
        yield Lack(why, fix.strip(), "newer-point-lost", point)


def against_line(found: Coverage) -> str:
    """Return the reasons against data as one line."""
    return "; ".join(map(str, found.against))


def _why_none(group: Group, judged: Collection[tuple[Point, Coverage]]) -> Lack:
    """Return why a group has no point that can be restored."""
    best = newest_or_best([each for each in judged if each[0].carried])
    if best is None:
        return Lack(f"no point of {group.name} can be restored")
    point, found = best
    missing = found.volumes("missing")
    if len(missing) == len(found.against):
        return Lack(f"no point of {group.name} has data for {', '.join(sorted(missing))}")
    why = f"no point of {group.name} can be restored (point {point.id}: {against_line(found)})"
    return Lack(why, _FIXES.get(_one_judgement(found), ""))


_FIXES = {
    "too large": "Declare these volumes as large as their data.",
    "wrong key": "Declare the key of these copies; or use them in any case: --insist.",
}


def _one_judgement(found: Coverage) -> str:
    """Return the one judgement of all volumes with a reason against them; empty: there are several."""
    (judgement, *others) = dict.fromkeys(each.judgement for each in found.against)
    return "" if others else judgement


def fix_decided(found: Coverage, began: str, older: str) -> str:
    """Return what to do where a takeover has begun with data that does not restore the current declaration.
    `began` names the takeover, and `older` is the command that leaves the data aside.
    """
    judgement = _one_judgement(found)
    if judgement == "missing":
        blank = " ".join(f"--blank {volume}" for volume in found.volumes("missing"))
        return f"Declare the topology as it was when {began} began; or let the rest begin blank: {blank}."
    return _FIXES.get(judgement, f"To use an older point: {older}.")


def _list_points(group: str, known: Iterable[Point], as_of: float) -> str:
    """Return the given moment and the points of a group, each with its moment."""
    listed = [f"{point.id} ({moment(point.taken)})" for point in known if point.group == group]
    return f"{moment(as_of)}; there are: {', '.join(listed) or 'none'}"
