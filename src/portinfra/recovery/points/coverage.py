"""The verdicts about what can be restored, for status, plan, drill and takeover. Pure.

`coverage` judges every volume that a group has at the end that restores. Its data may come from a point or
from own volumes of that end. A group is restorable if no verdict is against it.
"""

from collections.abc import Collection, Iterable, Mapping
from itertools import combinations, islice
from typing import Literal

from attrs import evolve

from portinfra.errors import PermissionDenied
from portinfra.format import silent_line
from portinfra.model.address import Address
from portinfra.model.observed import UNSEEN, Observation, Observed
from portinfra.model.placed import Placed
from portinfra.model.resources import Snapshot, Volume
from portinfra.recovery.groups import Group, digest
from portinfra.recovery.ledger.points import Point, id_of, volume_of
from portinfra.recovery.points.listing import VaultListing
from portinfra.value import frozen

Judgement = Literal[
    "covered",
    "accepted",
    "missing",
    "gone",
    "too large",
    "wrong key",
    "wrong zone",
    "damaged",
    "not arrived",
    "not listed",
    "surplus",
]
"""`accepted`: the operator accepts that the volume begins blank, or that its copy is under another key."""

Level = Literal["ok", "warning", "error"]

LEVELS: Mapping[Judgement, Level] = {
    "covered": "ok",
    "accepted": "ok",
    "missing": "error",
    "gone": "error",
    "too large": "error",
    "wrong key": "error",
    "wrong zone": "error",
    "damaged": "error",
    "not arrived": "warning",
    "not listed": "warning",
    "surplus": "warning",
}


@frozen
class OwnVolumes:
    """The volumes that the restoring end has already, as the data of a group."""


Data = Point | OwnVolumes


@frozen
class Accepted:
    """What an operator accepts of incomplete data."""

    blank: frozenset[Address] = frozenset()
    """Volumes that may begin blank where no data of them exists."""
    any_key: bool = False
    """Whether copies may be under another key than the declared one: the provider decides."""


NOTHING = Accepted()


@frozen
class Verdict:
    """Whether the data of one volume can be restored."""

    volume: Address
    judgement: Judgement
    why: str = ""
    """The reason against it."""
    source: str = ""
    """The native id of the snapshot that it is restored from; empty: this end has none."""
    superseded: bool = False
    """Whether a newer point covers the group."""

    @property
    def level(self) -> Level:
        """How severe the verdict is. Deleted data is only a warning while a newer point covers the group."""
        return "warning" if self.superseded and self.judgement == "gone" else LEVELS[self.judgement]

    def __str__(self) -> str:
        return f"{self.volume} is {self.judgement}{f' ({self.why})' if self.why else ''}"


@frozen
class Coverage:
    """The verdicts about the data of one group."""

    verdicts: tuple[Verdict, ...]
    """One verdict for each volume that the group has, then one for each surplus volume."""
    lacks_snapshots: bool = False
    """Whether a point has fewer snapshots than when it was made."""

    @property
    def restorable(self) -> bool | None:
        """Whether the group can be restored from this data; None: the vault could not be listed."""
        found = {each.judgement for each in self.verdicts}
        if found & AGAINST:
            return False
        return None if "not listed" in found else True

    @property
    def against(self) -> tuple[Verdict, ...]:
        """The verdicts against the data."""
        return tuple(each for each in self.verdicts if each.judgement in AGAINST)

    @property
    def sources(self) -> dict[Address, str]:
        """Volume → the native id of the snapshot that it is restored from."""
        return {each.volume: each.source for each in self.verdicts if each.source}

    def volumes(self, *judgements: Judgement) -> list[Address]:
        """Return the volumes with one of these verdicts."""
        return [each.volume for each in self.verdicts if each.judgement in judgements]

    def accept(self, accepted: Accepted) -> "Coverage":
        """Return the coverage with what an operator accepts."""

        def is_accepted(each: Verdict) -> bool:
            if each.judgement == "wrong key":
                return accepted.any_key and bool(each.source)
            return each.judgement == "missing" and each.volume in accepted.blank

        verdicts = (
            evolve(each, judgement="accepted") if is_accepted(each) else each for each in self.verdicts
        )
        return evolve(self, verdicts=tuple(verdicts))


AGAINST = frozenset({judgement for judgement, level in LEVELS.items() if level == "error"} | {"not arrived"})
"""The judgements with which a volume cannot be restored now."""

DELETED_TRIES_MAX = 1000
"""How many sets of absent volumes are compared with the digest of a point at most."""

ABSENT = frozenset({"missing", "gone", "not arrived"})
"""The judgements of a volume of which the end has no complete snapshot."""


def coverage(
    placed: Placed, group: Group, data: Data, observed: Observation, vault: VaultListing
) -> Coverage:
    """Judge the data of a group.

    `placed` is the topology at the end that restores. `observed` is what the scope of the points has there;
    for own volumes, what the environment has.
    """
    if isinstance(data, OwnVolumes):
        return Coverage(tuple(_own(volume, observed) for volume in group.volumes))
    snapshots = _snapshots(data, observed)
    here = [_at_end(placed, group, data, volume, observed) for volume in group.volumes]
    held: Collection[Address] = snapshots
    if not data.carried:
        here = [evolve(each, judgement="not arrived", why="", source="") for each in here]
    elif data.is_in_vault and not data.parts(observed) and any(each.judgement in ABSENT for each in here):
        here = [_in_vault(placed, group, data, volume, vault) for volume in group.volumes]
        held = vault.volumes.get(data.id, {})
    surplus = sorted(set(held) - set(group.volumes))
    verdicts = (*here, *(Verdict(volume, "surplus", "its host is not declared") for volume in surplus))
    is_absent = any(each.judgement == "missing" for each in verdicts)
    return Coverage(verdicts, is_absent and held is snapshots and len(snapshots) < data.count)


def is_intact(found: Coverage) -> bool:
    """Return whether all that arrived of a point is still usable, whatever the current declaration is."""
    return not (found.lacks_snapshots or found.volumes("gone", "wrong key", "damaged"))


def held_volumes(point: Point, group: Group, observed: Observation, vault: VaultListing) -> list[Address]:
    """Return the volumes of a group that a point has data of, whatever the group of the point is."""
    held = {*_snapshots(point, observed), *vault.volumes.get(point.id, {})}
    is_there = point.is_in_vault and (vault.points is None or point.id in vault.points)
    if is_there and point.digest == digest(group.volumes):
        held.update(group.volumes)
    return [volume for volume in group.volumes if volume in held]


def judge_points(
    placed: Placed, group: Group, points: Iterable[Point], observed: Observation, vault: VaultListing
) -> list[tuple[Point, Coverage]]:
    """Return the points of a group, which are given the newest first, with their coverage."""
    found: list[tuple[Point, Coverage]] = []
    superseded = False
    for point in points:
        if point.group != group.name:
            continue
        judged = coverage(placed, group, point, observed, vault)
        if superseded:
            verdicts = tuple(evolve(each, superseded=True) for each in judged.verdicts)
            judged = evolve(judged, verdicts=verdicts)
        found.append((point, judged))
        superseded = superseded or judged.restorable is True
    return found


def newest_restorable(
    judged: Iterable[tuple[Point, Coverage]], accepted: Accepted = NOTHING
) -> tuple[Point, Coverage] | None:
    """Return the first point without a verdict against it, apart from what an operator accepts."""
    found = ((point, each.accept(accepted)) for point, each in judged)
    return next(((point, each) for point, each in found if each.restorable is not False), None)


def newest_or_best(
    judged: Collection[tuple[Point, Coverage]],
) -> tuple[Point, Coverage] | None:
    """Return the newest restorable point; if none is, the newest of those that cover the most volumes."""
    if found := newest_restorable(judged):
        return found
    return max(judged, key=lambda each: (len(each[1].volumes("covered")), each[0].number), default=None)


def _own(volume: Address, observed: Observation) -> Verdict:
    if volume in observed.resources:
        return Verdict(volume, "covered")
    if observed.unknown:
        return Verdict(volume, "not listed", silent_line(observed.unknown))
    return Verdict(volume, "missing", "it does not exist at this end")


def _snapshots(point: Point, observed: Observation) -> dict[Address, Observed[Snapshot]]:
    return {
        volume_of(address): seen
        for address, seen in observed.of(Snapshot).items()
        if id_of(address) == point.id and seen.state != "deleting"
    }


def _at_end(placed: Placed, group: Group, point: Point, volume: Address, observed: Observation) -> Verdict:
    """Judge a volume by the snapshot that a point has of it at the end that restores."""
    found = _snapshots(point, observed)
    seen = found.get(volume)
    if seen is None:
        if observed.unknown:
            why = f"{silent_line(observed.unknown)}: portinfra cannot see its snapshot"
            return Verdict(volume, "not arrived", why)
        return _absent(group, point, volume, found)
    if seen.fault:
        is_key = issubclass(seen.fault.error, PermissionDenied)
        return Verdict(volume, "wrong key" if is_key else "damaged", str(seen.fault))
    if seen.state == "pending":
        return Verdict(volume, "damaged" if seen.reason else "not arrived", seen.reason)
    spec = placed.resources.get(volume)
    if seen.spec.copy_of and (why := _foreign_key(placed, point, spec, seen.spec.key)):
        return Verdict(volume, "wrong key", why, seen.id)
    zone = _zone(placed, spec)
    if seen.place and zone and seen.place != zone:
        return Verdict(volume, "wrong zone", f"its copy is in {seen.place}, and its host in {zone}")
    return judge_size(volume, spec, seen.spec.size_gib, seen.id)


def _foreign_key(placed: Placed, point: Point, spec: object, key: str | None) -> str:
    """Return that neither the declaration nor the point names the key of a copy; empty: one does."""
    declared = spec.key if isinstance(spec, Volume) else None
    if key is UNSEEN or key in (declared, placed.environment.key, point.entry.said.get("key") or None):
        return ""
    provider_key = "the own key of the provider"
    return f"its copy is under {key or provider_key}, and {declared or provider_key} is declared"


def _absent(group: Group, point: Point, volume: Address, found: Collection[Address]) -> Verdict:
    """Judge a volume without a snapshot in a point: others deleted it, or the point never had it."""
    deleted = _deleted_volumes(group, point, found)
    if volume in deleted:
        return Verdict(volume, "gone", "its snapshot had arrived, and others deleted it")
    known = deleted or len(found) >= point.count
    return Verdict(volume, "missing", f"point {point.id} has no {'data' if known else 'snapshot'} of it")


def _deleted_volumes(group: Group, point: Point, found: Collection[Address]) -> Collection[Address]:
    """Return the declared volumes whose snapshots others deleted: with them the point has the volumes that
    its digest names. Empty: none, or a volume of the point is not declared any more, so they are not known.
    """
    absent = [volume for volume in group.volumes if volume not in found]
    missing = point.count - len(found)
    if missing <= 0:
        return absent if point.digest == digest(group.volumes) else ()
    tried = islice(combinations(absent, missing), DELETED_TRIES_MAX)
    return next((each for each in tried if digest([*found, *each]) == point.digest), ())


def _in_vault(placed: Placed, group: Group, point: Point, volume: Address, vault: VaultListing) -> Verdict:
    """Judge a volume by what the vault has of a point."""
    if vault.points is None:
        return Verdict(volume, "not listed", "this machine cannot list the vault")
    if point.id not in vault.points:
        return Verdict(volume, "gone", "the vault had its data, and others deleted it")
    if why := vault.damaged.get(point.id):
        return Verdict(volume, "damaged", why)
    held = vault.volumes.get(point.id)
    if held is None:
        known = point.digest == digest(group.volumes)
        return (
            Verdict(volume, "covered") if known else Verdict(volume, "not listed", "its manifest is unread")
        )
    if volume not in held:
        return Verdict(volume, "missing", f"point {point.id} has no data of it")
    return judge_size(volume, placed.resources.get(volume), held[volume], "")


def judge_size(volume: Address, spec: object, gib: int | None, source: str = "") -> Verdict:
    """Judge data of `gib` GiB for the volume that is restored from it; `source` is its snapshot."""
    if isinstance(spec, Volume) and gib is not None and spec.gib < gib:
        why = f"it has {gib} GiB, and {spec.gib} GiB are declared"
        return Verdict(volume, "too large", why)
    return Verdict(volume, "covered", source=source)


def _zone(placed: Placed, spec: object) -> str:
    """Return the name of the zone of a volume; empty where the declaration does not decide it."""
    zone = spec.zone if isinstance(spec, Volume) else ""
    if isinstance(zone, int):
        zones = placed.environment.zones
        return zones[zone] if zone < len(zones) else ""
    return str(zone)
