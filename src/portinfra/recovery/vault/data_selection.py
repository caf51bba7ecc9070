"""Selection of the data that a drill or a takeover restores: the newest of each group, by ledger number."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

from attrs import evolve

from portinfra.command_text import command
from portinfra.errors import PolicyError
from portinfra.execution.connection import Connection
from portinfra.format import moment
from portinfra.model.address import Address
from portinfra.model.finding import Finding
from portinfra.model.observed import Observation
from portinfra.placement import place
from portinfra.recovery.groups import Group, groups
from portinfra.recovery.ledger.clocks import AHEAD_SECONDS
from portinfra.recovery.ledger.ledger import Contents, Ledger
from portinfra.recovery.ledger.points import Point, points
from portinfra.recovery.ledger.standbys import standby_number
from portinfra.recovery.ledger.takeovers import KIND as TAKEOVER
from portinfra.recovery.ledger.takeovers import TakeoverEntry, activated_number, list_takeovers, short_id
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.points.coverage import Accepted, Coverage, OwnVolumes, coverage
from portinfra.recovery.points.listing import VaultListing
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.listing import list_for
from portinfra.recovery.vault.point_selection import Lack, against_line, choose, fix_decided, to_accepted
from portinfra.recovery.vault.undecided_groups import list_left_aside, list_undecided
from portinfra.value import frozen


def as_decided(
    recovery: Recovery, options: FailoverOptions, takeover: TakeoverEntry | None
) -> FailoverOptions:
    """Return the options of a takeover that continues.

    They contain all that operators decided about its data before, and what this run decides. The points that
    this run leaves aside replace those that earlier runs left aside.
    """
    if takeover is None:
        return options
    volumes = [volume for group in declared_groups(recovery) for volume in group.volumes]
    blank = dict.fromkeys(
        [*options.blank, *(volume for volume in volumes if short_id(volume) in takeover.blank)]
    )
    as_of = options.as_of if takeover.as_of is None else datetime.fromtimestamp(takeover.as_of, UTC)
    return evolve(
        options,
        as_of=as_of,
        blank=tuple(blank),
        without=options.without or takeover.without,
        from_points=takeover.from_points or options.from_points,
        insist=takeover.insist or options.insist,
    )


def describe_replaced_choice(options: FailoverOptions, takeover: TakeoverEntry | None) -> str:
    """Return a sentence about the points that a takeover no longer leaves aside, because this run names
    others. Empty: there are none.
    """
    again = (
        [id for id in takeover.without if id not in options.without] if takeover and options.without else []
    )
    if takeover is None or not again:
        return ""
    every = " ".join(f"--without-point {id}" for id in dict.fromkeys([*takeover.without, *options.without]))
    return (
        f"{takeover.occasion} {takeover.id} has left {', '.join(takeover.without)} aside. This run names "
        f"{', '.join(options.without)} instead, so {', '.join(again)} may be used again. To leave all of "
        f"them aside: {every}"
    )


def declared_groups(recovery: Recovery) -> list[Group]:
    """Return the groups at the end that becomes active."""
    return groups(recovery, place(recovery.topology, recovery.target))


@frozen
class Selected:
    """The data that a takeover restores."""

    points: tuple[Point, ...] = ()
    own: tuple[str, ...] = ()
    """The groups whose own volumes, at the end that becomes active, have the newest data."""
    missing: tuple[Lack, ...] = ()
    """Why groups have no data."""
    doubtful: tuple[str, ...] = ()
    """Why portinfra does not know which data of a group is the newest, as sentences."""
    passed_over: tuple[Lack, ...] = ()
    """Why points that are newer than all used data cannot be restored."""
    blank: frozenset[Address] = frozenset()
    """The volumes that begin blank, as an operator accepts."""


@frozen
class Selection:
    """What an end that becomes active can select data from."""

    recovery: Recovery
    options: FailoverOptions
    target: Connection

    def of(self, takeover: TakeoverEntry, ledger: Ledger) -> Selected:
        """Return the data that the takeover began with, if its end may have changed already; else the newest
        data. If an operator leaves points aside now, only their own groups get other data. Raises
        PolicyError.
        """
        decided = evolve(self, options=as_decided(self.recovery, self.options, takeover))
        return decided._of(takeover, ledger) if takeover.restores else decided.newest(ledger, takeover)

    def _of(self, takeover: TakeoverEntry, ledger: Ledger) -> Selected:
        there = self.target.observe(self.recovery.points)
        known = {point.id: point for point in points(ledger.entries())}
        vault = list_for(self.recovery, known.values(), there)
        agreed = [id for id in takeover.points if id not in self.options.without]
        placed = place(self.recovery.topology, self.recovery.target)
        declared = {group.name: group for group in groups(self.recovery, placed)}
        began = f"{takeover.occasion} {takeover.id}"
        older = partial(command, "dr", takeover.occasion, self.recovery.plan.name, "--without-point")
        lost = [
            self._finding(
                "no-point", f"point {id} is not in the ledger", f"To use an older point: {older(id)}."
            )
            for id in agreed
            if id not in known
        ]
        own = (
            [] if self.options.from_points else [name for name in declared if short_id(name) in takeover.own]
        )
        blank = frozenset[Address]()
        for name, judged in self._judge_own(own).items():
            blank |= self.accepts.blank.intersection(judged.volumes("accepted"))
            if judged.restorable is False:
                why = f"{began} keeps own volumes of {name}, and {against_line(judged)}"
                lost.append(self._finding("no-point", why, fix_decided(judged, began, "")))
        for point in (known[id] for id in agreed if id in known and known[id].group in declared):
            judged = coverage(placed, declared[point.group], point, there, vault).accept(self.accepts)
            blank |= self.accepts.blank.intersection(judged.volumes("accepted"))
            if judged.restorable is False:
                why = f"{began} uses point {point.id}, which cannot be restored: {against_line(judged)}"
                lost.append(self._finding("no-point", why, fix_decided(judged, began, older(point.id))))
        agreed_points = [known[id] for id in agreed if id in known]
        left_aside = list_left_aside(takeover, declared.values(), known, self.options)
        for name, some in list_undecided(
            takeover, declared.values(), agreed_points, left_aside, there
        ).items():
            why = f"{began} selected no data for {', '.join(sorted(some))} of group {name}"
            lost.append(self._finding("undecided-data", why, self._fix_undecided(takeover)))
        if lost:
            abandon = command("dr", "abandon", self.recovery.plan.name)
            raise PolicyError(
                f"{self.recovery.target_scope} cannot take over with the data that it began with",
                lost,
                fix=f"Correct the findings, and run the same command again; or abandon it: {abandon}.",
            )
        kept = agreed_points
        settled = {point.group for point in kept}.union(own)
        if len(kept) == len(takeover.points) and len(own) == len(takeover.own):
            return Selected(tuple(kept), tuple(own), blank=blank)
        others = self.newest(ledger, takeover, settled)
        return Selected(
            (*kept, *(point for point in others.points if point.group not in settled)),
            (*own, *(name for name in others.own if name not in settled)),
            blank=blank | others.blank,
        )

    def newest(
        self, ledger: Ledger, takeover: TakeoverEntry | None = None, settled: Collection[str] = ()
    ) -> Selected:
        """Return the newest data of each group. `turn` is the takeover that has begun.

        Newer points of groups that are `settled` do not refuse the takeover. Raises PolicyError where a group
        has no data, and where portinfra does not know which data is the newest. It also raises it where a
        newer point cannot be restored and no operator left that point aside.
        """
        found = self.look(ledger)
        passed_over = [lack for lack in found.passed_over if lack.point and lack.point.group not in settled]
        findings = [
            *self.findings(found, under_way=takeover is not None),
            *(
                self._finding(lack.rule, lack.why, lack.fix)
                for lack in passed_over
                if self._refuses(lack, takeover, ledger)
            ),
        ]
        if findings:
            raise PolicyError(f"{self.recovery.target_scope} cannot take over", findings)
        return found

    def _refuses(self, lack: Lack, takeover: TakeoverEntry | None, ledger: Ledger) -> bool:
        """Return whether a point that is passed over refuses the takeover.

        A takeover continues without its last point only if an operator leaves that point aside. It then also
        continues without the last points of the same group that later runs carry.
        """
        since = takeover.number if takeover and takeover.last_point else None
        assert lack.point is not None
        if self.options.lost or since is None or lack.point.number < since or lack.rule != "newer-point-lost":
            return not (self.options.lost or self.options.insist)
        aside = (point for point in points(ledger.entries()) if point.id in self.options.without)
        return not any(point.number > since and point.group == lack.point.group for point in aside)

    @property
    def accepts(self) -> Accepted:
        """What the operator accepts of incomplete data."""
        return to_accepted(self.options)

    def look(self, ledger: Ledger) -> Selected:
        """Return the newest data of each group, and the groups that have none."""
        found = choose(self.recovery, self.target, ledger, self.options)
        chosen, missing = found.points, found.missing
        others, newest = found.of_other_groups, {point.group: point for point in chosen}
        if self.options.from_points or self.options.as_of:
            return Selected(chosen, (), missing, (), found.newer_than_used, found.blank)
        contents = ledger.read()
        there = self.target.observe(self.recovery.target_scope)
        numbers = own_numbers(self.recovery, contents, there, self.options)
        names, why = self._names(), iter(missing)
        lacking = {name: next(why) for name in names if name not in newest}
        own = [
            name
            for name, number in numbers.items()
            if number is not None and (name not in newest or newest[name].number < number)
        ]
        used = {name: point.number for name, point in newest.items()}
        used |= {name: numbers[name] or 0 for name in own}
        doubt = _half_replaced(self.recovery, contents)
        return Selected(
            tuple(point for point in chosen if point.group not in own),
            tuple(own),
            tuple(text for name, text in lacking.items() if name not in own),
            tuple(
                f"it is not known whether own volumes of {name} are newer than its points ({doubt[1]})"
                for name in names
                if doubt and (name in own or (name in newest and newest[name].number < doubt[0]))
            ),
            (
                *(
                    each
                    for each in _of_groups(found.passed_over, {*newest, *own})
                    if not _is_in_own(each.point, own, numbers)
                ),
                *(each for name, each in others.items() if name in used and _is_newer(each, used[name])),
            ),
            found.blank | self._blank_of_own(own),
        )

    def _blank_of_own(self, own: Collection[str]) -> frozenset[Address]:
        """Return the volumes that begin blank beside own volumes of their groups."""
        if not self.accepts.blank:
            return frozenset()
        judged = self._judge_own(own).values()
        return frozenset(volume for each in judged for volume in each.volumes("accepted"))

    def _judge_own(self, own: Collection[str]) -> dict[str, Coverage]:
        """Return the coverage of own volumes by group."""
        if not own:
            return {}
        there = self.target.observe(self.recovery.target_scope)
        placed = place(self.recovery.topology, self.recovery.target)
        return {
            group.name: coverage(placed, group, OwnVolumes(), there, VaultListing()).accept(self.accepts)
            for group in groups(self.recovery, placed)
            if group.name in own
        }

    def _fix_undecided(self, takeover: TakeoverEntry) -> str:
        """Return what to do about groups that a takeover has decided on no data for."""
        abandon = command("dr", "abandon", self.recovery.plan.name)
        return (
            "Declare the roles and groups of the recovery plan as they were when "
            f"{takeover.occasion} {takeover.id} began, and run this command again; or abandon it: {abandon}."
        )

    def findings(self, found: Selected, *, under_way: bool = False) -> list[Finding]:
        """Return a finding for each group that has no data, and for each group whose newest data is not
        known. No new point can be made while this takeover is `under_way`.
        """
        name = self.recovery.plan.name
        point = command("dr", "replicate", name, "--now")
        fix = f"{command('dr', 'status', name)} lists the points. Make one: {point}."
        abandon = f"Abandon this takeover: {command('dr', 'abandon', name)}. Then" if under_way else ""
        if self.options.as_of and any(lack.has_points for lack in found.missing):
            later = f"{abandon} name a later moment." if under_way else "Name a later moment."
            fix = f"{later} {command('dr', 'status', name, '--points')} lists the points."
        elif self.options.lost:
            fix = "Declare no volumes that no point has data for; or wait for the other environment."
        elif under_way:
            fix = f"{abandon} make one: {point}."
        doubt = "Repair that entry. To use points, whatever data own volumes have: --from-points."
        return [
            *self._future_findings(),
            *(self._finding("no-point", lack.why, lack.fix or fix) for lack in found.missing),
            *(self._finding("half-replaced", why, doubt) for why in found.doubtful),
            *self._blank_findings(found),
        ]

    def wish_findings(self, found: Selected) -> list[Finding]:
        """Return the findings about what an operator named: a moment, or volumes that begin blank. They
        refuse a run that tests a recovery; it writes all other findings to its evidence.
        """
        return self.findings(found) if self.options.as_of else list(self._blank_findings(found))

    def _blank_findings(self, found: Selected) -> Iterator[Finding]:
        for volume in sorted(set(self.options.blank) - found.blank) if not found.missing else ():
            message = f"data of {volume} exists, so it does not begin blank"
            yield self._finding("not-blank", message, "Remove --blank for this volume.")

    def _future_findings(self) -> Iterator[Finding]:
        """Return a finding for a moment in the future: it is a mistake, and no data is of that moment."""
        now = self.target.now()
        if self.options.as_of and self.options.as_of.timestamp() > now + AHEAD_SECONDS:
            named = moment(self.options.as_of.timestamp())
            why = f"--as-of {named} is in the future: the time is {moment(now)}"
            yield self._finding("future-moment", why, "Name a moment in the past.")

    def _names(self) -> list[str]:
        return [group.name for group in declared_groups(self.recovery)]

    def _finding(self, rule: str, why: str, fix: str) -> Finding:
        return Finding(f"recovery/{rule}", why, fix, subject=f"recovery.{self.recovery.plan.name}")


def _of_groups(passed_over: Iterable[Lack], used: Collection[str]) -> tuple[Lack, ...]:
    """Return what is passed over of the groups of which other data is used."""
    return tuple(each for each in passed_over if each.point is None or each.point.group in used)


def _is_in_own(point: Point | None, own: Collection[str], numbers: Mapping[str, int | None]) -> bool:
    """Return whether own volumes of the point's group are used, and have its data or newer data."""
    return point is not None and point.group in own and point.number <= (numbers[point.group] or 0)


def _is_newer(lack: Lack, number: int) -> bool:
    """Return whether the point that is not used is newer than the used data, by ledger number."""
    return lack.point is not None and lack.point.number > number


def own_numbers(
    recovery: Recovery, contents: Contents, there: Observation, options: FailoverOptions
) -> dict[str, int | None]:
    """Return, by group, the ledger number of the data on own volumes of the end that becomes active.

    None: no data that counts. `there` is what the environment has; volumes in unreachable zones may exist. An
    end has its own data since a takeover made it active; the source has it from the beginning. An unfinished
    takeover may have replaced it since, with the data of a point or a part of it. The data of a point that is
    left aside does not count. The data that hosts of a standby may have written to does not either.
    """
    placed = place(recovery.topology, recovery.target)
    since = activated_number(contents)
    ran = standby_number(contents)
    active = ran <= since and (since > 0 or recovery.is_reversed)
    later = [
        takeover
        for takeover in list_takeovers(contents.entries)
        if takeover.number > max(since, ran) and takeover.restores
    ]
    known = {point.id: point for point in points(contents.entries) if point.id not in options.without}
    found: dict[str, int | None] = {}
    for group in groups(recovery, placed):
        judged = coverage(placed, group, OwnVolumes(), there, VaultListing()).accept(to_accepted(options))
        exists = judged.restorable is not False
        number: int | None = since if active and exists else None
        roles = {short_id(placed.roles[volume]) for volume in group.volumes}
        for takeover in sorted(later, key=lambda takeover: takeover.number):
            number = (
                _after(takeover, group, number, known, whole=roles <= set(takeover.restored))
                if exists
                else None
            )
        found[group.name] = number
    return found


def _after(
    takeover: TakeoverEntry, group: Group, number: int | None, known: dict[str, Point], *, whole: bool
) -> int | None:
    """Return the number of a group's own data after a takeover that did not finish."""
    if short_id(group.name) in takeover.own:
        return number
    agreed = next(
        (known[id] for id in takeover.points if id in known and known[id].group == group.name), None
    )
    return agreed.number if agreed and whole else None


def _half_replaced(recovery: Recovery, contents: Contents) -> tuple[int, str] | None:
    """Return the number and text of a damaged entry of a takeover that may have replaced own data."""
    since = activated_number(contents)
    if not since and not recovery.is_reversed:
        return None
    damaged: Iterable[tuple[int, str]] = (
        (each.number, str(each))
        for each in contents.unreadable
        if each.kind == TAKEOVER and each.open and each.number > since
    )
    return max(damaged, default=None)
