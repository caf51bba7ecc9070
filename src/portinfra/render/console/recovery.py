"""The results of recovery commands as text: the age of the data, takeovers, drills and sweeps."""

from collections.abc import Collection, Iterable
from textwrap import indent

from portinfra.command_text import command
from portinfra.format import count, duration, moment
from portinfra.model.evidence import Evidence, LeftAside
from portinfra.model.finding import Severity
from portinfra.recovery.drills.sweep import UNSEEN, Swept
from portinfra.recovery.ledger.entries import unreadable_line
from portinfra.recovery.ledger.takeovers import TakeoverEntry
from portinfra.recovery.points.kept_time import describe_end
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.replication.replicate import Replicated
from portinfra.recovery.watch.recovery_status import DRILL_FAILED, DRILL_LATE, PointStatus, RecoveryStatus
from portinfra.render.console.errors import show_findings
from portinfra.render.console.recovery_assurances import recovery_assurance
from portinfra.render.console.styled import StyledText, Table, styled_text, table
from portinfra.render.console.terminal import Console
from portinfra.render.evidence.sentences import UNREAD_ENTRIES

RESULT_STYLES = {"passed": "bold green", "inconclusive": "bold yellow", "failed": "bold red"}
FATES = {"carried": "copied"}
"""Outcome of a group → word, where it differs."""
LEVEL_STYLES = {"ok": "green", "late": "yellow", "lost": "bold red"}


def title(recovery: Recovery) -> StyledText:
    """Return the name of a recovery, with its source and target."""
    source, target = recovery.source, recovery.target
    where = f": {source.name} ({source.on}) → {target.name} ({target.on})"
    return styled_text((f"recovery {recovery.plan.name}", "bold"), where)


def show_readiness(found: RecoveryStatus, console: Console) -> None:
    """Print the environments that do not answer, the errors that would refuse a takeover now, and the
    warnings about drills. The line with the level has said already that a takeover would be refused.
    """
    for name in found.silent:
        console.print(f"{name} does not answer.")
    shown = [
        each
        for each in found.readiness or ()
        if each.severity is Severity.ERROR or each.rule in (DRILL_LATE, DRILL_FAILED)
    ]
    show_findings(shown, console)


def show_coverage(found: RecoveryStatus, console: Console) -> None:
    """Print a line for each role with data, and one for each volume that cannot be restored."""
    for each in found.roles:
        volumes = count(each.volumes, "volume")
        console.print(recovery_assurance("covered", role=each.role, covered=each.covered, volumes=volumes))
    for volume in found.volumes:
        if volume.verdict not in ("covered", "not listed", "surplus"):
            why = f": {volume.why}" if volume.why else ""
            verdict = "no point has it" if volume.verdict == "missing" else volume.verdict
            console.print(f"{volume.volume.name} cannot be restored: {verdict}{why}.")


def data_line(found: RecoveryStatus) -> str:
    """Return one line about the age of the data in points."""
    ages = [volume.age for volume in found.volumes if volume.point]
    return age_line(ages, len(found.volumes) - len(ages), found.rpo)


def age_line(ages: Collection[float | None], without: int, rpo: int) -> str:
    """Return one line about the ages of volumes. An age is in seconds; None: not known.

    `without` more volumes have no data.
    """
    known = [age for age in ages if age is not None]
    unknown = len(ages) - len(known)
    if not ages and not without:
        return "Data: no volume is to be restored."
    lacking = f"; {count(without, 'volume')} cannot be restored" if without else ""
    if unknown:
        return f"Data: of an age that is not known, on {count(unknown, 'volume')}{lacking}."
    if not known:
        return f"Data: none of {count(without, 'volume')} can be restored."
    age, limit = duration(max(known)), duration(rpo)
    return recovery_assurance("age of data", age=age, rpo=limit, lacking=lacking)


def show_replicated(recovery: Recovery, made: Replicated, console: Console) -> None:
    """Print the outcome of each group."""
    console.print(title(recovery.from_end(made.end)))
    rows = table("group", "point", "outcome")
    for group in made.groups:
        rows.add_row(group.group, group.point, group.problem or FATES.get(group.fate, group.fate))
    console.print(rows)
    if made.pruned:
        console.print(f"{count(made.pruned, 'old point')} removed.")
    console.print(f"{count(made.calls, 'API call')}.")


def show_status(found: RecoveryStatus, console: Console, *, points: bool = False) -> None:
    """Print the newest data of every volume, and what needs attention; with `points`, every point, too.

    After a takeover, print first in which environment the points are.
    """
    if found.active_since and not found.turn:
        console.print(f"The target has taken over ({moment(found.active_since)}). {_way_of_points(found)}")
        console.print()
    rows = table("volume", "group", "newest point", "age", "")
    for volume in found.volumes:
        age = _age(volume.age, volume.age_is_exact)
        level = styled_text((volume.level, LEVEL_STYLES[volume.level]))
        rows.add_row(volume.volume.name, volume.group, volume.point or "none", age, level)
    console.print(rows)
    console.print()
    if points:
        console.print(_points(found.points))
        console.print()
    console.print(" ".join((_level_line(found), data_line(found), *_other_causes(found))))
    show_coverage(found, console)
    points_known, restorable = (
        count(len(found.points), "point"),
        sum(bool(p.restorable) for p in found.points),
    )
    console.print(recovery_assurance("restorable", points=points_known, restorable=restorable))
    for warning in found.dated_ahead:
        console.print(f"{warning[0].upper()}{warning[1:]}: one of the two clocks is wrong.")
    if found.unreadable:
        console.print(f"{unreadable_line(found.unreadable)}. Until they can be read, no point is removed.")
    if found.locks_unread:
        console.print(f"Whether points are locked is not known: {found.locks_unread}")
    if found.vault_unseen:
        console.print(f"portinfra could not read whether the vault has them: {found.vault_unseen}")
    if locked := [point.locked_until for point in found.points if point.locked_until]:
        last = moment(max(locked))
        console.print(f"{count(len(locked), 'point')} locked against deletion, the last until {last}.")
    for line in _kept_lines(found):
        console.print(line)
    _show_situation(found, console)


def _show_situation(found: RecoveryStatus, console: Console) -> None:
    """Print the last drill, and what is in progress or wrong."""
    show_readiness(found, console)
    drill = found.last_drill
    console.print(
        f"Last drill: {drill.id}, {moment(drill.began)}, {drill.result}." if drill else "No drill yet."
    )
    for line in _ends_lines(found):
        console.print(line)


def _ends_lines(found: RecoveryStatus) -> Iterable[str]:
    """Yield the lines about both environments, besides those about data."""
    for left in found.left_behind:
        yield f"{left.message[0].upper()}{left.message[1:]}. {left.fix}"
    for sentence in found.left_unseen:
        yield f"{sentence[0].upper()}{sentence[1:]}."
    if found.last_refresh:
        last = found.last_refresh
        yield f"Last refresh: {last.id}, {moment(last.began)}, {last.result}."
    if found.refresh_overdue:
        refresh = command("dr", "refresh", found.recovery)
        yield f"A refresh of the standby is overdue: {refresh}"
    fence = command("dr", "fence", found.recovery)
    if found.standby_runs:
        yield recovery_assurance("standby")
    if found.source_may_run:
        answers = found.source_stopped is not None
        why = "has not been stopped" if answers else "does not report whether it is stopped"
        yield f"The source {why}. When it answers again, run first: {fence}"
        if not answers:
            look = command("dr", "status", found.recovery)
            named = "name another environment in its place in the recovery plan"
            yield f"If it stays lost, the target stays active. To protect that again, {named}, and run {look}"
    if found.untold:
        yield f"The source is active again, and the target has no record of it. Run first: {fence}"
    if found.target_may_run:
        yield f"Hosts of the target run, though the source is active. Run first: {fence}"
    is_explained = found.source_may_run or found.untold or found.target_may_run or found.turn
    if found.next_step and not is_explained:
        undecided = "The records of the two ends do not agree about which one is active. "
        yield f"{'' if found.silent else undecided}{found.next_step}"
    if found.turn:
        yield from _takeover_lines(found, found.turn)


def _takeover_lines(found: RecoveryStatus, takeover: TakeoverEntry) -> Iterable[str]:
    """Yield the lines about a takeover that is not finished."""
    doing = "is being abandoned" if takeover.abandoned else "has begun and is not done"
    yield f"A {takeover.occasion} {doing}. {found.next_step}"
    if takeover.abandoned:
        return
    step = takeover.waits
    if step and found.step_is_approved:
        resume = command("dr", takeover.occasion, found.recovery)
        yield f"Manual step {step!r} is approved. If no command waits for it any more, run {resume}"
    elif step:
        approve = command("dr", "approve", step, found.recovery)
        yield f"It waits for manual step {step!r}. Once that is done: {approve}"


def _way_of_points(found: RecoveryStatus) -> str:
    if found.end == "target":
        return "No data is copied from there before the source is stopped."
    where = f"These are the points in {found.points_in}, which waits"
    replicate = command("dr", "replicate", found.recovery)
    return f"{where}. What is written in the target goes there by {replicate}"


def _kept_lines(found: RecoveryStatus) -> Iterable[str]:
    for each in found.kept_unseen:
        yield f"{each[0].upper()}{each[1:]}"
    for kept in found.kept:
        until = f"kept {describe_end(kept.until, ends_by_time=kept.ends_by_time)}."
        if not kept.ends_by_time:
            until += (
                f" {kept.environment} does not report the time, so portinfra does not know when that ends. "
                "To delete it, use the tools of its provider."
            )
        yield f"{kept.environment}: the former data of {kept.volume} is in snapshot {kept.snapshot}, {until}"


def _level_line(found: RecoveryStatus) -> str:
    if found.level == "ok":
        return recovery_assurance("ok", recovery=found.recovery)
    reasons = found.reasons_of(found.level)
    why = f": {'; '.join(reasons)}" if reasons else ""
    return f"{found.recovery}: {found.level}{why}."


def _other_causes(found: RecoveryStatus) -> Iterable[str]:
    """Yield a sentence with the causes of a level that is better than the level of the status."""
    if found.level == "lost" and (others := found.reasons_of("late")):
        yield f"Also: {'; '.join(others)}."


def _age(seconds: float | None, is_exact: bool) -> str:
    if seconds is None:
        return "—"
    return duration(seconds) if is_exact else f"at most {duration(seconds)}"


def _points(found: Iterable[PointStatus]) -> Table:
    """Return a table of the points, by group, the newest first."""
    rows = table("point", "group", "taken", "age", "volumes", "lies in", "restorable", "locked until")
    for point in sorted(found, key=lambda point: point.group):
        restorable = {True: "yes", False: "no", None: "not known"}[point.restorable]
        here = f"the target: {point.parts} of {point.volumes}" if point.parts else "nowhere yet"
        rows.add_row(
            point.id,
            point.group,
            moment(point.taken),
            _age(point.age, point.age_is_exact),
            str(point.volumes),
            "the vault" if point.in_vault and not point.parts else here,
            restorable,
            moment(point.locked_until) if point.locked_until else "",
        )
    return rows


def show_swept(found: Iterable[Swept], console: Console) -> None:
    """Print what a sweep deleted and what it could not."""
    found = list(found)
    for each in found:
        console.print(_swept_line(each))
    if not found:
        console.print(recovery_assurance("nothing to sweep"))


def _swept_line(each: Swept) -> str:
    again = command("dr", "sweep")
    if each.what == "ledger":
        then = "Delete the resources that no drill uses, then repair or delete the record."
        return f"{each.environment}: {each.fate}. {then}"
    if each.what == "environment":
        if each.fate == UNSEEN:
            silence = f"portinfra did not read {each.environment}. When it answers, run {again} again."
            return f"{each.environment} does not answer: {silence}"
        problem = f"portinfra cannot sweep {each.environment}: {each.fate}"
        return f"{problem}. Fix the cause and run {again} again."
    kind = "hosts of probes" if each.what == "probe host" else f"{each.direction} {each.what}".strip()
    hosts = f"{kind} in {each.environment}"
    which = f"drill {each.id}, begun {each.began}" if each.what == "drill" else hosts
    if each.fate == UNSEEN:
        silence = f"a zone of {each.environment} does not answer. When it answers, run {again} again."
        return f"{which}: {each.fate}: {silence}"
    return f"{which}: {each.fate} ({count(each.resources, 'resource')})"


def show_evidence(evidence: Evidence, console: Console) -> None:
    """Print how a drill, failover or failback ended."""
    console.print()
    if evidence.simulated:
        console.print(
            styled_text(("SIMULATED: this ran in the built-in simulator, not in a real cloud.", "yellow"))
        )
    heading = f"{evidence.kind} {evidence.id} {evidence.result}{_and_active(evidence)}"
    if evidence.result == "passed":
        heading = recovery_assurance("passed", kind=evidence.kind, id=evidence.id)
    console.print(styled_text((heading, RESULT_STYLES[evidence.result])))
    for reason in evidence.reasons:
        console.print(f"  {reason}")
    _show_waves(evidence, console)
    gates = [check for wave in evidence.waves for check in wave.checks if not check.passed]
    for checked in (*gates, *evidence.actions, *evidence.probes):
        where = f" (on one more host of {checked.from_role})" if checked.from_role else ""
        console.print(f"{checked.name}{where}: {'passed' if checked.passed else 'failed'}")
        if checked.told:
            console.print(indent(checked.told, "  "))
    if evidence.looked:
        looked = ", ".join(f"{each.group}: {each.looked}" for each in evidence.looked)
        console.print(f"Checked: {looked}.")
    console.print(_data_measured(evidence))
    console.print(_time_measured(evidence))
    if evidence.prepare_seconds is not None and evidence.downtime_seconds is not None:
        before, down = duration(evidence.prepare_seconds), duration(evidence.downtime_seconds)
        console.print(f"Downtime: {down} from the fence to the last gate. Before it: {before}.")
    for line in (*_people_lines(evidence), *_aside_lines(evidence), *_unread_lines(evidence)):
        console.print(line)
    if evidence.left_behind is not None:
        sweep = command("dr", "sweep", evidence.recovery)
        are = "is" if evidence.left_behind == 1 else "are"
        resources = count(evidence.left_behind, "resource")
        left = f"{resources} {are} left in the target. To remove what is left: {sweep}"
        console.print(left if evidence.left_behind else recovery_assurance("nothing left"))
    if evidence.source_fenced is not None:
        console.print(
            recovery_assurance("source stopped") if evidence.source_fenced else "The source was NOT stopped."
        )


def _show_waves(evidence: Evidence, console: Console) -> None:
    """Print a table of the waves that began; nothing where none did."""
    rows = table("wave", "roles", "hosts", "took", "")
    for number, wave in enumerate(evidence.waves, 1):
        result = "passed" if wave.passed else "failed"
        rows.add_row(str(number), ", ".join(wave.roles), str(wave.hosts), duration(wave.seconds), result)
    if evidence.waves:
        console.print(rows)


def _and_active(evidence: Evidence) -> str:
    """Return the part of the headline that says that the target is active, although the result is bad."""
    if evidence.kind not in ("failover", "failback") or evidence.rto_measured is None:
        return ""
    return f", and {evidence.target.partition(' ')[0]} has taken over and is active"


def _people_lines(evidence: Evidence) -> Iterable[str]:
    """Yield the lines about who could reach a drill, and who approved what."""
    if way := evidence.way_in:
        yield f"{way.through} could be reached from {', '.join(way.ranges)}."
    for each in evidence.approvals:
        yield f"{each.what}: approved by {each.principal} ({each.by}), {moment(each.at)}."


def _aside_lines(evidence: Evidence) -> Iterable[str]:
    """Yield sentences about the time in which both environments ran, and about replaced volumes."""
    if ran := evidence.both_ran:
        if ran.ended is None or ran.seconds is None:
            yield f"Both environments may have run from {moment(ran.began)} on, until an unknown time."
        else:
            took = duration(ran.seconds)
            yield f"Both environments may have run for {took}, until {moment(ran.ended)}."
    yield from left_aside_lines(evidence.left_aside)


def left_aside_lines(volumes: Iterable[LeftAside]) -> Iterable[str]:
    """Yield a sentence for each volume that was replaced: where its former data is."""
    for each in volumes:
        if not each.kept_until:
            yield f"{each.volume} was replaced. Data that only this volume had is LOST: no snapshot was kept."
            continue
        kept = f"kept {describe_end(each.kept_until, ends_by_time=each.ends_by_time)}"
        if each.snapshot:
            yield f"{each.volume} was replaced. Its former data is in snapshot {each.snapshot}, {kept}."
        else:
            unseen = f"is {kept}, but was not read: a zone did not answer"
            yield f"{each.volume} was replaced. A snapshot of its former data {unseen}."


def _unread_lines(evidence: Evidence) -> Iterable[str]:
    """Yield a sentence about unreadable entries of the ledger, which may record newer data."""
    if evidence.unreadable_entries:
        yield f"{UNREAD_ENTRIES}: {'; '.join(evidence.unreadable_entries)}."


def _data_measured(evidence: Evidence) -> str:
    rpo = duration(evidence.rpo_target)
    if evidence.rpo_measured is None:
        return f"Data: of an age that is not known; the rpo is {rpo}."
    if not evidence.age_is_exact:
        return f"Data: at most {duration(evidence.rpo_measured)} old; the rpo is {rpo}."
    return recovery_assurance("measured age", age=duration(evidence.rpo_measured), rpo=rpo)


def _time_measured(evidence: Evidence) -> str:
    rto = duration(evidence.rto_target)
    if evidence.rto_measured is None:
        return f"Time: not measured; the rto is {rto}."
    return f"Time: {duration(evidence.rto_measured)} to the last wave; the rto is {rto}."
