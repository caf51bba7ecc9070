"""Readiness: whether a takeover would succeed, by all that can be known before its first write. Pure.

An error refuses a takeover, unless an operator insists. With a lost source only missing data refuses it: no
running host is stopped, and the waves before a failed one are up.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from attrs import evolve, field

from portinfra.command_text import command
from portinfra.format import duration, silent_line
from portinfra.model.duration import seconds
from portinfra.model.finding import Finding, Severity
from portinfra.placement import place
from portinfra.recovery.groups import groups, roles_of
from portinfra.recovery.ledger.drills import DrillEntry
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.points.kept_time import describe_duration
from portinfra.recovery.points.silent_zones import await_zones
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.clocks import FIX as CLOCK_FIX
from portinfra.recovery.situation.clocks import REFUSE_SECONDS, clock_line
from portinfra.recovery.situation.permissions import Verb, may
from portinfra.recovery.situation.refusals import command as command_of
from portinfra.recovery.situation.refusals import explain, next_step
from portinfra.recovery.situation.request import end_of, takeover_verb
from portinfra.recovery.situation.situation import Situation, peer_of
from portinfra.recovery.vault.data_selection import describe_replaced_choice
from portinfra.recovery.vault.point_selection import Lack
from portinfra.recovery.watch.approvals import needs_approval, occasion_of
from portinfra.recovery.watch.overwrites import Overwrites
from portinfra.recovery.watch.recovery_status import DRILL_FAILED, DRILL_LATE, RecoveryStatus
from portinfra.value import frozen

NEVER_OVERRULED = frozenset(
    f"recovery/{rule}" for rule in ("no-point", "half-replaced", "not-blank", "no-last-point")
)
"""An operator cannot overrule these: there is no data, or it is not known which data is the newest."""

NOT_KNOWN = (
    "spare capacity of the target, beyond quotas",
    "what policies of the organisation forbid",
    "what hosts fetch from elsewhere at their first boot",
)
"""What no check before a takeover can know."""


@frozen
class UnreadyHook:
    """A hook that cannot be called from this machine."""

    name: str
    problem: str
    needed: bool
    """Whether it would stop a takeover."""


@frozen
class ReadinessFacts:
    """The facts that were read before the first write."""

    situation: Situation
    status: RecoveryStatus
    now: float
    """In seconds since 1970, by the clock of the end that takes over."""
    placed: tuple[Finding, ...] = ()
    """What a plan of the whole placed topology finds at the end that takes over."""
    transfer_hosts: tuple[Finding, ...] = ()
    """The findings of a plan of the transfer hosts there."""
    records: tuple[Finding, ...] = ()
    """Whether the account has room for the records of a takeover."""
    keys: tuple[Finding, ...] = ()
    """The encryption keys that it cannot use."""
    probers: tuple[Finding, ...] = ()
    vault: tuple[Finding, ...] = ()
    """What this machine lacks to use the vault."""
    fetches: bool = False
    """Whether data comes from the vault."""
    hooks: tuple[UnreadyHook, ...] = ()
    data: tuple[Finding, ...] = ()
    """What is wrong with the data that it would use."""
    passed_over: tuple[Lack, ...] = ()
    """The points that are newer, and cannot be restored."""
    no_last_point: Collection[str] = ()
    """Why a group cannot have a last point that can be restored, as sentences."""
    overwrites: Overwrites = field(factory=Overwrites)
    """The volumes that it replaces although their data may exist nowhere else."""
    measured: float | None = None
    """The seconds that the last complete drill took."""
    measured_in: str = ""
    is_approved: bool = False
    """Whether another person has approved the takeover, where the plan requires that."""
    is_refresh: bool = False
    """Whether it is a refresh: nothing at the source is stopped, and no end becomes active."""


def readiness(recovery: Recovery, options: FailoverOptions, facts: ReadinessFacts) -> tuple[Finding, ...]:
    """Return the errors and warnings about the takeover that `options` describes, or about a refresh. A
    refresh leaves the source as it is, and uses the time of the provider, as a drill does.
    """
    now = facts.status
    doubtful = [*await_zones(facts.placed), *facts.transfer_hosts, *facts.records]
    doubtful += [*facts.keys, *_hooks(recovery, facts.hooks)]
    if not facts.is_refresh:
        doubtful += _silent_zones(recovery, facts.situation)
        doubtful += _clocks(recovery, facts.situation)
    unseen = Severity.ERROR if facts.fetches and not options.lost else Severity.WARNING
    return (
        *doubts(options, doubtful),
        *(() if facts.is_refresh else _permission(recovery, options, facts.situation, now.next_step)),
        *_last_point(recovery, facts.no_last_point),
        *facts.data,
        *_skipped_points(recovery, options, facts.passed_over),
        *_vault_unseen(recovery, now, unseen),
        *_gaps(recovery, now),
        *_unreadable_entries(recovery, options, now),
        *_leases(recovery, options, facts.situation),
        *_drill_findings(recovery, facts),
        *map(_as_warning, facts.probers),
        *facts.vault,
        *_overwrites(recovery, facts),
        *(() if facts.is_refresh or facts.is_approved else _approval(recovery, now)),
    )


def doubts(options: FailoverOptions, found: Iterable[Finding]) -> list[Finding]:
    """Return what may stop a late wave. Errors become warnings where the source is lost."""
    return [_as_warning(each) if options.lost and each.severity is Severity.ERROR else each for each in found]


def errors_of(found: Iterable[Finding]) -> list[Finding]:
    """Return the findings that refuse a takeover."""
    return [each for each in found if each.severity is Severity.ERROR]


def _silent_zones(recovery: Recovery, now: Situation) -> Iterable[Finding]:
    """Yield an error for zones of the other end that do not answer: hosts there would not be stopped. Where
    no host is known to run, there is no rest to stop.
    """
    end, name = end_of(recovery), recovery.source.name
    facts = now.facts(peer_of(end))
    if not facts.silent_zones:
        return
    lost = Verb("takeover", end, lost=True)
    fix = next_step(recovery, (lost,))
    if facts.hosts != "unknown":
        rest = "stop all hosts that answer: --insist"
        fix = f"Wait until {name} answers; or {rest}; or, if {name} is lost: {command_of(recovery, lost)}."
    silent = silent_line(facts.silent_zones, of=name)
    yield _gap(recovery.plan.name, "silent-zone", f"{silent}: hosts there are not stopped", fix)


def _clocks(recovery: Recovery, now: Situation) -> Iterable[Finding]:
    """Yield that the clock of this machine is wrong: an error where it is far off."""
    left = peer_of(end_of(recovery))
    ends = ((recovery.target, now.facts(peer_of(left))), (recovery.source, now.facts(left)))
    for environment, facts in ends:
        if line := clock_line(environment.name, facts.clock_offset):
            far = abs(facts.clock_offset or 0.0) > REFUSE_SECONDS
            severity = Severity.ERROR if far else Severity.WARNING
            yield _gap(recovery.plan.name, "clock-offset", line, CLOCK_FIX, severity)
            return


def _leases(recovery: Recovery, options: FailoverOptions, now: Situation) -> Iterable[Finding]:
    """Yield a warning for each end that another run changes now: the takeover does not wait for it."""
    for environment, end in (
        (recovery.source, peer_of(end_of(recovery))),
        (recovery.target, end_of(recovery)),
    ):
        held_by = now.facts(end).held_by
        if held_by and not (options.lost and environment is recovery.source):
            message = f"{held_by} changes {environment.name} now: a takeover that needs it is refused"
            yield _gap(recovery.plan.name, "lease-held", message, "Wait until it ends.", Severity.WARNING)


def _permission(
    recovery: Recovery, options: FailoverOptions, now: Situation, next_step: str
) -> Iterable[Finding]:
    """Yield what the decision table says about the takeover, and that it continues an open one."""
    verb = takeover_verb(recovery, options)
    if refusal := may(verb, now):
        yield explain(recovery, verb, refusal, now)
    elif now.turn and now.active == verb.end:
        begun = f"{now.turn.occasion} {now.turn.id} has begun, and continues with the data that it began with"
        rule = f"{now.turn.occasion}-under-way"
        yield _gap(recovery.plan.name, rule, begun, next_step, Severity.WARNING)
        if message := describe_replaced_choice(options, now.turn):
            fix = "Continue only if these points are to be used."
            yield _gap(recovery.plan.name, "other-points", message, fix, Severity.WARNING)


def _last_point(recovery: Recovery, problems: Collection[str]) -> Iterable[Finding]:
    """Yield an error for each group without a last point that can be restored: a takeover would stop the
    source in vain.
    """
    for message in problems:
        yield _gap(
            recovery.plan.name,
            "no-last-point",
            message,
            "Correct that first, then run the same command again.",
        )


def _hooks(recovery: Recovery, unready: Iterable[UnreadyHook]) -> Iterable[Finding]:
    """Yield the hooks that cannot be called from this machine: errors where a takeover would stop at one."""
    for hook in unready:
        called = f"{hook.name!r} cannot be called from here: {hook.problem}"
        fix = "Run the command in the folder where hooks are, or write the whole path."
        severity = Severity.ERROR if hook.needed else Severity.WARNING
        yield _gap(recovery.plan.name, "hook-unready", called, fix, severity)


def _skipped_points(
    recovery: Recovery, options: FailoverOptions, passed_over: Iterable[Lack]
) -> Iterable[Finding]:
    """Yield the points that are newer than the used data, and are not restored. A takeover from a lost source
    continues with the remaining data, unless an edit of the declaration brings the data back.
    """
    for lack in passed_over:
        severity = Severity.WARNING if options.lost and not lack.refuses_lost else Severity.ERROR
        yield _gap(recovery.plan.name, lack.rule, lack.why, lack.fix, severity)


def _vault_unseen(recovery: Recovery, now: RecoveryStatus, severity: Severity) -> Iterable[Finding]:
    """Yield a finding where the vault cannot be listed. It is an error of a takeover that fetches data from
    there: it would stop the source before it knows whether the data exists.
    """
    if now.vault_unseen:
        yield _gap(
            recovery.plan.name,
            "vault-unseen",
            f"the vault cannot be compared with the ledger: {now.vault_unseen}",
            "Run the command where the vault's configuration is, or repair the connection to the vault.",
            severity,
        )


def _gaps(recovery: Recovery, now: RecoveryStatus) -> Iterable[Finding]:
    """Yield what makes a recovery worse than planned, but stops no takeover."""
    name = recovery.plan.name
    if now.locks_unread:
        message = f"whether points are locked is not known: {now.locks_unread}"
        fix = "Permit portinfra to read locks. Until then, no point is removed."
        yield _gap(name, "locks-unread", message, fix, Severity.WARNING)
    for warning in now.dated_ahead:
        point = command("dr", "replicate", name, "--now")
        fix = f"Set the clock of that machine, or of this one (NTP). Then make a point: {point}."
        yield _gap(name, "dated-ahead", warning, fix, Severity.WARNING)
    for volume in now.volumes:
        if volume.level == "lost" and volume.age is not None:
            age = f"its newest point is {duration(volume.age)} old, and the rpo is {duration(now.rpo)}"
            fix = f"Let {command('dr', 'replicate', name)} run by a timer."
            yield _gap(name, "too-old", f"{volume.volume}: {age}", fix, Severity.WARNING)


def _unreadable_entries(
    recovery: Recovery, options: FailoverOptions, now: RecoveryStatus
) -> Iterable[Finding]:
    """Yield a finding for each entry of the ledger that cannot be read. An entry of a newer version may
    record which end is active, so a takeover that stops the source is refused.
    """
    for each in now.unreadable:
        refuses = each.newer and not options.lost
        yield _gap(
            recovery.plan.name,
            "newer-entry" if each.newer else "unreadable-entry",
            f"the ledger {recovery.ledger} cannot be read in full: {each}",
            "Run the command with the newer version of portinfra."
            if each.newer
            else "No point is removed until that record is repaired, or deleted with the tools of its cloud.",
            Severity.ERROR if refuses else Severity.WARNING,
        )


def _drill_findings(recovery: Recovery, facts: ReadinessFacts) -> Iterable[Finding]:
    """Yield the findings about drills: the last one, and the last one that came up."""
    name, rto, every = recovery.plan.name, recovery.plan.rto, recovery.plan.drills.every
    now, measured, drill = facts.status, facts.measured, facts.measured_in
    last, try_it = now.last_drill, command("dr", "drill", name)
    if every and not (last and facts.now - datetime.fromisoformat(last.began).timestamp() <= seconds(every)):
        late = f"a drill is due every {every}, and the last one is older, or there was none"
        yield _gap(
            name, DRILL_LATE.partition("/")[2], late, f"Let {try_it} run by a timer.", Severity.WARNING
        )
    if last and last.result == "failed":
        failed, fix = f"the last drill ({last.id}) failed", f"Read its report, and run it again: {try_it}."
        yield _gap(name, DRILL_FAILED.partition("/")[2], failed, fix, Severity.WARNING)
    if recovery.plan.drills.accept == "data":
        yield from _unread(recovery, last)
    if measured is None:
        never = "no drill has completed yet, so the time that a takeover needs is not known"
        yield _gap(name, "never-drilled", never, f"Run one: {try_it}.", Severity.WARNING)
    elif measured > seconds(rto):
        took = f"drill {drill} took {duration(measured)}, and the rto is {duration(seconds(rto))}"
        yield _gap(name, "too-slow", took, "Read in its report which wave took the time.", Severity.WARNING)
    for left in now.left_behind:
        yield _gap(name, "left-behind", left.message, left.fix, Severity.WARNING)


def _unread(recovery: Recovery, last: DrillEntry | None) -> Iterable[Finding]:
    """Yield warnings about data that no probe reads: no drill shows that it is usable."""
    name = recovery.plan.name
    if last and last.result == "inconclusive":
        message, fix = f"the last drill ({last.id}) was inconclusive", "Read its report."
        yield _gap(name, "drill-inconclusive", message, fix, Severity.WARNING)
    read = {role for probe in recovery.plan.probes for role in probe.reads}
    placed = place(recovery.topology, recovery.target)
    unread = [group.name for group in groups(recovery, placed) if not roles_of(group, placed) <= read]
    if unread:
        message = f"no probe reads the data of {', '.join(unread)}, so a drill is inconclusive"
        fix = "Name the roles in `reads` of a probe that reads their data; or accept less: `accept`."
        yield _gap(name, "unread-data", message, fix, Severity.WARNING)


def _approval(recovery: Recovery, now: RecoveryStatus) -> Iterable[Finding]:
    """Yield a warning that a second person has to approve a takeover that has not begun."""
    occasion, plan = occasion_of(recovery), recovery.plan.name
    if needs_approval(recovery) and now.takeover_by(occasion) is None:
        message = f"a second person approves a {occasion} before it begins"
        fix = f"Another person runs: {command('dr', 'approve', occasion, plan)}."
        yield _gap(plan, "needs-approval", message, fix, Severity.WARNING)


def _overwrites(recovery: Recovery, facts: ReadinessFacts) -> Iterable[Finding]:
    """Yield a warning about volumes that the takeover replaces although their data may exist nowhere else."""
    if not facts.overwrites.volumes:
        return
    plan = recovery.plan
    message = f"{facts.overwrites.why}: the takeover replaces {', '.join(facts.overwrites.volumes)}"
    lists = command("dr", "status", plan.name)
    ends_by_time = facts.situation.facts(end_of(recovery)).has_clock
    stay = describe_duration(plan.keep_overwritten, ends_by_time=ends_by_time)
    fix = f"A snapshot of each is kept {stay}: {lists} lists them."
    if not plan.keep_overwritten:
        write = plan.location.write("keep_overwritten", '"7d"')
        fix = f"Nothing keeps their data. To keep snapshots, write {write}."
    yield _gap(plan.name, "overwrites-data", message, fix, Severity.WARNING)


def _as_warning(finding: Finding) -> Finding:
    """Return what may stop a late wave as a warning: a takeover from a lost source stops no running host, and
    the waves before that one come up. Only missing data refuses it.
    """
    return evolve(finding, severity=Severity.WARNING)


def _gap(recovery: str, rule: str, message: str, fix: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(f"recovery/{rule}", message, fix, severity, subject=f"recovery.{recovery}")
