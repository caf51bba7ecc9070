"""Which points a drill or a turn comes up from."""

from collections.abc import Collection, Iterable

from attrs import frozen

from portinfra.errors import PolicyError
from portinfra.execution.connection import Connection
from portinfra.model.finding import Finding
from portinfra.model.resources import Volume
from portinfra.placement import place
from portinfra.recovery.groups import groups
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.takeovers import Turn, stood_since
from portinfra.recovery.options import How
from portinfra.recovery.points.point import Point, points
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.listing import held, look_for


def choose(
    recovery: Recovery, target: Connection, ledger: Ledger, without: Collection[str] = ()
) -> tuple[list[Point], list[str]]:
    """The newest point of each group that has data for all volumes that the group has in the target; and, in
    words, why a group has none: what no point holds would come up blank.

    Points `without` are left aside, by their ids.
    """
    there = target.observe(recovery.points)
    known = [point for point in points(ledger.entries()) if point.id not in without]
    vault = look_for(recovery, known)
    chosen: list[Point] = []
    missing: list[str] = []
    for group in groups(recovery, place(recovery.topology, recovery.target)):
        why = f"no point of {group.name} can be restored"
        for point in known:
            if point.group != group.name or not point.restorable(there, vault.points):
                continue
            lacking = set(group.volumes) - held(recovery, point, group, there)
            if not lacking:
                chosen.append(point)
                break
            why = f"no point of {group.name} has data for {', '.join(sorted(lacking))}"
        else:
            missing.append(why)
    return chosen, missing


@frozen
class Selection:
    """What whoever takes over may choose from, and what has been decided about it."""

    recovery: Recovery
    how: How
    target: Connection

    def of(self, turn: Turn, ledger: Ledger) -> list[Point]:
        """What the target's data comes from: as was agreed, if the target may have changed already. Of points
        that are left aside now, only their own groups get others.
        """
        if not turn.points:
            return self.newest(ledger, under_way=True)
        there = self.target.observe(self.recovery.points)
        known = {point.id: point for point in points(ledger.entries())}
        vault = look_for(self.recovery, known.values())
        agreed = [id for id in turn.points if id not in self.how.without]
        lost = [id for id in agreed if id not in known or not known[id].restorable(there, vault.points)]
        if lost:
            fix = f"To use an older one: dr {turn.occasion} --without-point."
            raise PolicyError(
                f"{self.recovery.target_scope} cannot take over from what it began with",
                [self._no_point(f"point {id} cannot be restored", fix) for id in lost],
            )
        kept = [known[id] for id in agreed]
        settled = {point.group for point in kept}
        others = self.newest(ledger, under_way=True) if len(agreed) < len(turn.points) else []
        return kept + [point for point in others if point.group not in settled]

    def newest(self, ledger: Ledger, *, under_way: bool = False) -> list[Point]:
        """The newest of each group. Raises PolicyError where a volume that is to come back has none."""
        chosen, missing = choose(self.recovery, self.target, ledger, self.how.without)
        if missing:
            findings = self.without_point(missing, under_way=under_way)
            raise PolicyError(f"{self.recovery.target_scope} cannot take over", findings)
        return chosen

    def without_point(self, missing: Iterable[str], *, under_way: bool = False) -> list[Finding]:
        """Return a finding for each group without a point, of which `missing` says why. No new point can be
        made while this takeover is `under_way`.
        """
        fix = "Look at dr status; make one with: dr replicate --now."
        if self.how.source_is_lost:
            fix = (
                f"To let {self.recovery.target.name} stand with what it has: dr {self.how.other} "
                "--abandon --target-is-lost. Or declare it without what no point has data for."
            )
        elif under_way:
            fix = f"Give this up: dr {self.how.occasion} --abandon. Then make one with: dr replicate --now."
        return [self._no_point(why, fix) for why in missing]

    def not_over_newer(self, ledger: Ledger, chosen: list[Point]) -> None:
        """Raise PolicyError where `newer_data` finds something."""
        if found := self.newer_data(ledger, chosen):
            raise PolicyError(f"{self.recovery.target_scope} cannot take over", [found])

    def newer_data(self, ledger: Ledger, chosen: list[Point]) -> Finding | None:
        """Return a finding where older data would replace what lies on the target: it was active since the
        points were made, by their numbers in the ledger. None where that is so wanted.
        """
        if self.how.older_data:
            return None
        stood = stood_since(ledger.entries())
        there = self.target.observe(self.recovery.target_scope)
        holds = there.unknown or any(isinstance(seen.spec, Volume) for seen in there.resources.values())
        old = [point.group for point in chosen if point.entry.number < stood]
        if not holds or not old:
            return None
        name, verb, source = self.recovery.target.name, self.how.occasion, self.recovery.source.name
        lost = " --source-is-lost" if self.how.source_is_lost else ""
        keep = f"To let it stand with that: dr {self.how.other} --abandon --target-is-lost. "
        if not lost:
            keep = f"To bring the newest data of {source}: dr replicate --now first, or dr {verb} --planned. "
        elif len(old) < len(chosen):  # and then that is refused, for the points of the others
            keep = "Look at its volumes: take snapshots of those. "
        return Finding(
            "recovery/newer-data",
            f"what lies on the volumes of {name} is newer than any point of {', '.join(old)}",
            f"{name} has stood since. {keep}"
            f"To replace it by older data all the same: dr {verb}{lost} --older-data.",
            subject=f"recovery.{self.recovery.plan.name}",
        )

    def _no_point(self, why: str, fix: str) -> Finding:
        return Finding("recovery/no-point", why, fix, subject=f"recovery.{self.recovery.plan.name}")
