"""The volumes that a takeover would replace although their data may exist nowhere else. Pure."""

from collections.abc import Collection

from portinfra.model.address import Address
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.recovery.ledger.takeovers import TakeoverEntry
from portinfra.recovery.points.restore import find_moved
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.request import end_of, other_end_has_data
from portinfra.recovery.situation.situation import Situation, is_contained, is_replaceable
from portinfra.value import frozen


@frozen
class Overwrites:
    """Volumes that a takeover replaces, and whose data may exist nowhere else."""

    volumes: tuple[str, ...] = ()
    """Their names."""
    why: str = ""
    """Why their data may exist nowhere else."""


def foresee_overwrites(
    recovery: Recovery,
    now: Situation,
    placed: Placed,
    there: Observation,
    replaced: Collection[Address],
    *,
    lost: bool,
) -> Overwrites:
    """Return which of the `replaced` volumes the takeover keeps snapshots of, for all volumes of a wave at
    once. `there` is what the environment has. With `lost`, portinfra makes no call to the other end.
    """
    if not _is_replaceable(recovery, now):
        return _overwrites(replaced, _why(recovery, now, lost=lost))
    moved = sorted(volume.name for volume in find_moved(placed, there, replaced))
    waves = [
        set(wave.roles)
        for wave in recovery.plan.waves
        if any(volume.name in moved and placed.roles[volume] in wave.roles for volume in replaced)
    ]
    kept = [volume for volume in replaced if any(placed.roles[volume] in roles for roles in waves)]
    are, host = ("is", "its own host") if len(moved) == 1 else ("are", "their own hosts")
    return _overwrites(
        kept, f"{', '.join(moved)} {are} not attached to {host}, so another host may have written there"
    )


def _overwrites(volumes: Collection[Address], why: str) -> Overwrites:
    return Overwrites(tuple(sorted(volume.name for volume in volumes)), why) if volumes else Overwrites()


def _why(recovery: Recovery, now: Situation, *, lost: bool) -> str:
    """Return why data of the end that becomes active may exist nowhere else."""
    name, begun = recovery.target.name, _find_open_takeover(recovery, now)
    if end_of(recovery) == "target" and now.facts("target").activated is None:
        return f"hosts of {name} may have written there before any takeover to it was complete"
    if other_end_has_data(recovery, begun) if begun else is_contained(now, end_of(recovery)):
        return f"hosts of {name} may have run since they were stopped"
    if lost:
        return f"{recovery.source.name} is lost, so it is not known whether it has all data of {name}"
    return f"{name} was active after its last point"


def _is_replaceable(recovery: Recovery, now: Situation) -> bool:
    """Return whether the takeover keeps no snapshots of the volumes that it replaces."""
    begun = _find_open_takeover(recovery, now)
    if begun is None:
        return is_replaceable(now, end_of(recovery))
    is_first_start = begun.own_starts in ("", now.facts(end_of(recovery)).starts)
    return other_end_has_data(recovery, begun) and (is_first_start or bool(begun.restored))


def _find_open_takeover(recovery: Recovery, now: Situation) -> TakeoverEntry | None:
    """Return the takeover of this end that is not finished."""
    return now.turn if now.phase == "taking over" and now.active == end_of(recovery) else None
