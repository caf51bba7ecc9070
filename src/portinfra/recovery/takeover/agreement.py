"""The data that a takeover restores: decided under its lease, before a volume changes."""

from attrs import evolve

from portinfra.model.placed import Placed
from portinfra.recovery.groups import groups
from portinfra.recovery.ledger.takeovers import TakeoverEntry, record_takeover, short_id
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.host_starts import mark_starts
from portinfra.recovery.takeover.progress import Progress
from portinfra.recovery.vault.data_selection import Selected


def agree(
    progress: Progress, options: FailoverOptions, now: TakeoverEntry, placed: Placed, chosen: Selected
) -> TakeoverEntry:
    """Write that the takeover restores this data, and return it: from here on no run uses other data for it.
    `now` is what the ledger has. Raise PolicyError where another run has decided for other data meanwhile.
    """
    recovery = progress.recovery
    ids, own = tuple(point.id for point in chosen.points), tuple(map(short_id, chosen.own))
    blank = tuple(map(short_id, sorted(chosen.blank)))
    if (set(now.points), set(now.own)) == (set(ids), set(own)) and now.restores:
        return now
    is_changed = set(now.points) & set(options.without) or (options.from_points and now.own)
    if now.restores and not is_changed:
        raise recovery.refusal(
            f"{recovery.target_scope} cannot take over",
            "decided-meanwhile",
            f"another run has begun to bring {recovery.target.name} up from other data",
            "Run this again: it goes on with that.",
        )
    kept = {point.group for point in chosen.points if point.id in now.points}
    kept |= {name for name in chosen.own if short_id(name) in now.own}
    restarted = [group for group in groups(recovery, placed) if group.name not in kept]
    roles = {short_id(placed.roles[volume]) for group in restarted for volume in group.volumes}
    restored = tuple(each for each in now.restored if each not in roles)
    contained = "" if now.restores else now.contained_data  # what came up may have been written to
    if contained and now.own_starts:
        is_untouched = mark_starts(progress.target.observe(recovery.target_scope)) == now.own_starts
        contained = contained if is_untouched else ""
    changed = evolve(now, points=ids, own=own, blank=blank, restored=restored, done=())
    selections = now.selections + 1 if now.restores else 0
    return record_takeover(progress.ledger, evolve(changed, contained_data=contained, selections=selections))


def roles_with_data(recovery: Recovery, turn: TakeoverEntry) -> frozenset[str]:
    """Return the roles whose hosts this takeover has started, or may have."""
    restored = {role for role in recovery.plan.roles if short_id(role) in turn.restored}
    rest = {role.name for role in recovery.topology.roles} - set(recovery.plan.roles)
    return frozenset(restored | rest if restored else ())
