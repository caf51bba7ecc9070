"""`dr failover`, `dr failback`, `dr abandon` and `dr fence`: which environment is active."""

from typing import TYPE_CHECKING, Annotated

from attrs import evolve
from typer import Option

from portinfra.command_text import command_line
from portinfra.commands.dr.options import (
    ConfirmOptions,
    PlanSelection,
    PointIds,
    RestoreOptions,
    check_lost,
    recovery_of,
)
from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.session import Session
from portinfra.value import frozen

if TYPE_CHECKING:
    from portinfra.model.evidence import Evidence
    from portinfra.recovery.options import FailoverOptions
    from portinfra.recovery.recovery import Recovery
    from portinfra.recovery.watch.preflight import Permitted


@frozen
class TakeoverOptions(ConfirmOptions):
    """How one environment takes over from the other."""

    lost: Annotated[
        str | None,
        Option(
            "--lost",
            metavar="ENVIRONMENT",
            help="This environment is lost: make no call to it. The other one takes over.",
        ),
    ] = None
    from_points: Annotated[
        bool,
        Option(
            "--from-points",
            help="Restore points, although volumes of the environment that takes over have newer data.",
        ),
    ] = False
    without_point: PointIds = None
    insist: Annotated[
        bool,
        Option("--insist", help="Continue despite errors of the check, other than missing data."),
    ] = False
    older_data: Annotated[bool, Option("--older-data", hidden=True)] = False
    source_is_lost: Annotated[bool, Option("--source-is-lost", hidden=True)] = False
    abandon: Annotated[bool, Option("--abandon", hidden=True)] = False
    target_is_lost: Annotated[bool, Option("--target-is-lost", hidden=True)] = False


@frozen
class FailoverCommandOptions(TakeoverOptions):
    """How the target takes over."""

    planned: Annotated[
        bool, Option("--planned", help="Stop the source first, and carry a last point: no data is lost.")
    ] = False


@frozen
class AbandonOptions(ConfirmOptions):
    """How to abandon a takeover."""

    older_data: Annotated[
        bool,
        Option(
            "--older-data",
            help="Make the other environment active though the one that takes over has newer data.",
        ),
    ] = False


def failover(
    session: Session, which: PlanSelection, takeover: FailoverCommandOptions, data: RestoreOptions
) -> int:
    """Make the target active. portinfra stops the source, restores the data and brings every wave up. To
    continue after a failure, run the same command again.
    """
    declared = recovery_of(session, which)
    if takeover.planned and (takeover.from_points or takeover.older_data):
        raise Misuse("--planned brings the newest data", fix="Leave --from-points or --planned out.")
    if takeover.planned and (takeover.lost or takeover.source_is_lost):
        raise Misuse("a lost environment has no last point", fix="Leave --planned or --lost out.")
    if takeover.planned and takeover.abandon:
        raise Misuse("--planned does not go with --abandon", fix="Leave one of them out.")
    return _take_over(session, which, declared, takeover, data, planned=True if takeover.planned else None)


def failback(session: Session, which: PlanSelection, changing: TakeoverOptions, data: RestoreOptions) -> int:
    """Make the source active again, with the data since the failover. portinfra measures the downtime."""
    return _take_over(session, which, recovery_of(session, which).reversed, changing, data, planned=None)


def abandon(session: Session, which: PlanSelection, changing: AbandonOptions) -> int:
    """Abandon an unfinished takeover. The environment that was stopped for it becomes active again."""
    return _abandon(session, recovery_of(session, which), changing, older_data=changing.older_data)


def fence(session: Session, which: PlanSelection, changing: ConfirmOptions) -> int:
    """Stop an environment that came back after the other one took over."""
    from portinfra import dr
    from portinfra.commands.apply_flow import confirm
    from portinfra.format import count
    from portinfra.render.console.progress import ProgressDisplay
    from portinfra.render.console.recovery_assurances import recovery_assurance
    from portinfra.render.console.terminal import write, write_json

    recovery, _ = dr.may_fence(recovery_of(session, which))
    if not changing.yes:
        confirm(session, f"Stop every host of {recovery.source.name}? [y/N]", ("y", "yes"))
    with ProgressDisplay() as display:
        hosts = dr.fence(recovery, run_options=dr.RunOptions(listen=display))
    if changing.as_json:
        write_json({"schema": "portinfra.fence/1", "fenced": str(recovery.source_scope), "hosts": hosts})
    else:
        name, off = recovery.source.name, count(hosts, "host")
        write(recovery_assurance("fenced", environment=name, hosts=off))
    return Exit.DONE


def _take_over(
    session: Session,
    which: PlanSelection,
    recovery: "Recovery",
    takeover: TakeoverOptions,
    data: RestoreOptions,
    *,
    planned: bool | None,
) -> int:
    """Make the target of this recovery active. For an old spelling, print the new one."""
    from portinfra import dr
    from portinfra.commands.apply_flow import confirm
    from portinfra.commands.dr.evidence import save
    from portinfra.render.console.forecast import show_prospect
    from portinfra.render.console.progress import ProgressDisplay
    from portinfra.render.console.terminal import err
    from portinfra.rollout.evidence import open_store

    moment = data.moment
    check_lost(recovery, takeover.lost)
    if takeover.abandon and not takeover.target_is_lost:
        if (
            moment
            or takeover.lost
            or takeover.without_point
            or takeover.from_points
            or takeover.source_is_lost
        ):
            raise Misuse("--abandon abandons the open takeover", fix="Leave the other options out.")
        _print_new_spelling(_abandon_line(session, which, recovery))
        return _abandon(session, recovery, takeover)
    if takeover.target_is_lost:
        if not takeover.abandon:
            raise Misuse("--target-is-lost goes with --abandon", fix="Write --lost ENVIRONMENT instead.")
        recovery = recovery.reversed
    lost = takeover.lost
    if takeover.source_is_lost or takeover.target_is_lost:
        lost = recovery.source.name
    if lost != takeover.lost or takeover.older_data:
        _print_new_spelling(_takeover_line(session, which, recovery, lost))
    if lost not in (None, recovery.source.name):
        ways = (recovery, recovery.reversed)
        lines = [(way.source.name, _takeover_line(session, which, way, way.source.name)) for way in ways]
        raise Misuse(
            f"{recovery.target.name} takes over from {recovery.source.name}, and --lost says {lost}",
            fix=" ".join(f"If {name} is lost: `{line}`." for name, line in lines),
        )
    store, without = open_store(), _points_to_leave(recovery, takeover, ask_source=lost is None)
    options = dr.FailoverOptions(
        lost=lost is not None,
        planned=planned,
        without=without,
        from_points=takeover.from_points or takeover.older_data,
        as_of=moment,
        blank=data.may_be_blank,
        insist=takeover.insist,
    )
    if not takeover.yes:
        permitted = dr.may_take_over(recovery, options)  # its error has the findings of the forecast
        show_prospect(dr.make_forecast(recovery, options), err())
        for line in _agreement(recovery, options, permitted):
            err().print(line)
        confirm(session, f"Type {recovery.plan.name} to do it:", (recovery.plan.name,))
    with ProgressDisplay() as display:
        run = dr.failback if recovery.is_reversed else dr.failover
        evidence = run(recovery, evolve(options, run_options=dr.RunOptions(listen=display)), say=display.say)
    code = save(session, store, recovery.as_declared, evidence, as_json=takeover.as_json)
    _what_next(session, recovery, evidence)
    return code


def _takeover_line(session: Session, which: PlanSelection, way: "Recovery", lost: str | None) -> str:
    """Return this call as this version spells it. It has no --yes: the operator confirmed another command."""
    verb = "failback" if way.is_reversed else "failover"
    instead = {"--older-data": ("--from-points",), "--abandon": ()}
    if lost:
        instead |= dict.fromkeys(("--lost=", "--source-is-lost", "--target-is-lost"), ("--lost", lost))
    return session.reword(_words(which, way, verb), instead)


def _abandon_line(session: Session, which: PlanSelection, way: "Recovery") -> str:
    """Return the call that abandons, as this version spells it, without --yes."""
    instead = dict.fromkeys(("--abandon", "--older-data", "--insist", "--blank="), ())
    return session.reword(_words(which, way, "abandon"), instead)


def _words(which: PlanSelection, way: "Recovery", verb: str) -> tuple[str, ...]:
    return ("dr", verb) if which.name else ("dr", verb, way.plan.name)


def _print_new_spelling(line: str) -> None:
    """Print the command that an old spelling means."""
    from portinfra.render.console.terminal import err

    err().print(f"This is an old spelling. Write: {line}")


def _agreement(recovery: "Recovery", options: "FailoverOptions", permitted: "Permitted") -> list[str]:
    """Return the sentences that an operator confirms."""
    from portinfra.recovery.points.kept_time import describe_duration
    from portinfra.recovery.situation.request import end_of

    source, target, overruled = recovery.source.name, recovery.target.name, permitted.overruled
    stopped = "is lost" if options.lost else "is stopped"
    if any(error.startswith("recovery/silent-zone:") for error in overruled):
        stopped = "is stopped, except in zones that do not answer"
    lines = [f"{source} {stopped}, and {target} takes over."]
    if options.as_of:
        at = f"{options.as_of:%Y-%m-%d %H:%M:%S %Z}"
        lines.append(f"Each group is restored to {at}. Later data is not restored.")
    if options.blank:
        lines.append(f"These volumes begin blank: {', '.join(sorted(options.blank))}.")
    if options.lost:
        lines.append(f"Data of {source} that is in no point stays on its volumes.")
    elif recovery.is_reversed:
        keep = recovery.plan.keep_overwritten
        stay = describe_duration(keep, ends_by_time=permitted.situation.facts(end_of(recovery)).has_clock)
        kept = f"in snapshots, each kept {stay}" if keep else "lost, as keep_overwritten is empty"
        lines.append(
            f"The data of {source} replaces the data on the volumes of {target}. Data that was "
            f"written in {target} after its last point is {kept}."
        )
    return [*lines, *(f"Overruled: {error}" for error in overruled)]


def _points_to_leave(recovery: "Recovery", takeover: TakeoverOptions, *, ask_source: bool) -> tuple[str, ...]:
    """Return the points of a recovery's target that are excluded. Raises Misuse for an unknown point."""
    from portinfra import dr

    without = tuple(takeover.without_point or ())
    if without:
        now = dr.status_of_way(recovery, ask_source=ask_source)
        if unknown := sorted(set(without) - now.known_points):
            there_are = ", ".join(sorted(now.known_points)) or "none"
            raise Misuse(f"there is no point {', '.join(unknown)}", fix=f"There are: {there_are}.")
    return without


def _what_next(session: Session, recovery: "Recovery", evidence: "Evidence") -> None:
    """Print what to do next: about a source that was not stopped, or after a failure."""
    from portinfra.render.console.terminal import err

    if not evidence.source_fenced:
        fence_it = command_line("dr", "fence", evidence.recovery)
        err().print(f"{recovery.source.name} was not stopped. When it comes back, run first: {fence_it}")
    if evidence.result == "passed":
        return
    target = recovery.target.name
    if evidence.rto_measured is None:
        abandon_it = command_line("dr", "abandon", evidence.recovery)
        err().print(f"{target} has not taken over yet. Correct the errors above, then run:")
        err().print(f"  {session.again}")
        if evidence.source_fenced:
            err().print(f"Or abandon it, which makes {recovery.source.name} active again: {abandon_it}")
    else:
        what = "what is not known" if evidence.result == "inconclusive" else "what did not pass"
        err().print(f"{target} has taken over and is active. The lines above name {what}.")


def _abandon(
    session: Session, recovery: "Recovery", consent: ConfirmOptions, *, older_data: bool = False
) -> int:
    """Abandon the open takeover, in either direction. Return the exit code."""
    from portinfra import dr
    from portinfra.commands.apply_flow import confirm
    from portinfra.format import count
    from portinfra.render.console.progress import ProgressDisplay
    from portinfra.render.console.recovery import left_aside_lines
    from portinfra.render.console.terminal import err, write, write_json
    from portinfra.render.recovery_documents import abandoned_document

    recovery = dr.may_abandon(recovery, older_data=older_data)
    source, target = recovery.source.name, recovery.target.name
    stays = f"Data that only {target} has stays on its volumes and in kept snapshots. It is not copied."
    if not consent.yes:
        if older_data:
            err().print(f"{target} may have newer data than {source}. {stays}")
        err().print(
            f"{source} becomes active again with its own data, and {target} is stopped. Data that was "
            f"written in {target} since the takeover began stays on its volumes. It is not copied."
        )
        confirm(session, f"Type {recovery.plan.name} to do it:", (recovery.plan.name,))
    with ProgressDisplay() as display:
        options = dr.FailoverOptions(run_options=dr.RunOptions(listen=display))
        done = dr.abandon(recovery, options, older_data=older_data)
    if consent.as_json:
        write_json(abandoned_document(recovery, done))
    else:
        stopped = f"{target} is fenced: {count(done.stopped, 'host')} off"
        write(f"{source} is active again: {count(done.running, 'host')} on. {stopped}.")
        if done.had_newest_data:
            write(f"{source} has older data than {target} had. {stays}")
        for line in left_aside_lines(done.left_aside):
            write(line)
    return Exit.DONE
