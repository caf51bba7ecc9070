"""`dr failover`, `dr fence` and `dr failback`: who stands in for whom."""

from typing import TYPE_CHECKING, Annotated

from attrs import evolve, frozen
from typer import Option

from portinfra.commands.dr.options import Agreed, Which, recovery_of
from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.session import Session

if TYPE_CHECKING:
    from portinfra.model.evidence import Evidence
    from portinfra.recovery.recovery import Recovery


@frozen
class Turning(Agreed):
    """How one end takes over from the other, or how that is given up."""

    source_is_lost: Annotated[
        bool,
        Option("--source-is-lost", help="Make no call to who is to be left: it cannot be stopped."),
    ] = False
    older_data: Annotated[
        bool,
        Option(
            "--older-data",
            help="Let points replace newer data that is on volumes of who takes over.",
        ),
    ] = False
    without_point: Annotated[
        list[str] | None,
        Option(
            "--without-point", metavar="POINT", help="Use an older point than this one, or none; repeatable."
        ),
    ] = None
    abandon: Annotated[
        bool,
        Option(
            "--abandon",
            help="Give up one that has begun and is not done: who was stopped for it stands again.",
        ),
    ] = False
    target_is_lost: Annotated[
        bool,
        Option("--target-is-lost", help="With --abandon: make no call to who was to take over."),
    ] = False

    def check(self, *others: object) -> None:
        """Raises Misuse for options that do not go together; `others` are those of one command only."""
        if self.abandon and (self.source_is_lost or any(others)):
            raise Misuse("--abandon gives up whatever was begun", fix="Leave the other options out.")
        if self.abandon and self.without_point and not self.target_is_lost:
            fix = "Leave it out; or add --target-is-lost, where it is."
            raise Misuse("--abandon uses no points", fix=fix)
        if self.target_is_lost and not self.abandon:
            raise Misuse("--target-is-lost goes with --abandon", fix="Add it, or leave this out.")


@frozen
class FailingOver(Turning):
    """How the target takes over."""

    planned: Annotated[
        bool, Option("--planned", help="Carry a last point once the source is stopped: nothing is lost.")
    ] = False


def failover(session: Session, which: Which, failing: FailingOver) -> int:
    """Let the target take over: stop the source, and bring everything up there. Run again to go on."""
    from portinfra import dr
    from portinfra.commands.applying import confirm
    from portinfra.commands.dr.reporting import hand_in
    from portinfra.render.console.progress import ProgressDisplay
    from portinfra.render.console.recovery import show_prospect
    from portinfra.render.console.terminal import err
    from portinfra.rollout.evidence import open_store

    failing.check(failing.planned, failing.older_data)
    if failing.older_data and failing.planned:
        raise Misuse("--planned brings the newest data", fix="Leave --older-data or --planned out.")
    if failing.source_is_lost and failing.planned:
        raise Misuse(
            "a source that is lost gives no last point", fix="Leave --planned or --source-is-lost out."
        )
    recovery = recovery_of(session, which)
    if failing.abandon:
        return _abandon(session, recovery, failing)
    store, without = open_store(), _left_aside(recovery, failing, ask_source=not failing.source_is_lost)
    how = dr.How(
        source_is_lost=failing.source_is_lost,
        last_point=failing.planned,
        without=without,
        older_data=failing.older_data,
    )
    if not failing.yes:
        show_prospect(dr.prospect(recovery, how), err())
        dr.may_take_over(recovery, how)
        stopped = "is lost" if failing.source_is_lost else "is stopped"
        err().print(f"{recovery.source.name} {stopped}, and {recovery.target.name} takes over.")
        confirm(session, f"Type {recovery.plan.name} to do it:", (recovery.plan.name,))
    with ProgressDisplay() as display:
        evidence = dr.failover(recovery, evolve(how, pace=dr.Pace(listen=display)), say=display.say)
    code = hand_in(session, store, recovery, evidence, as_json=failing.as_json)
    _what_next(session, which, recovery, evidence)
    return code


def fence(session: Session, which: Which, changing: Agreed) -> int:
    """Stop a source that has come back after the target took over."""
    from portinfra import dr
    from portinfra.commands.applying import confirm
    from portinfra.render.console.progress import ProgressDisplay
    from portinfra.render.console.recovery_assurances import recovery_assurance
    from portinfra.render.console.terminal import write, write_json
    from portinfra.words import count

    recovery, _ = dr.may_fence(recovery_of(session, which))
    if not changing.yes:
        confirm(session, f"Stop every host of {recovery.source.name}? [y/N]", ("y", "yes"))
    with ProgressDisplay() as display:
        hosts = dr.fence(recovery, pace=dr.Pace(listen=display))
    if changing.as_json:
        write_json({"schema": "portinfra.fence/1", "fenced": str(recovery.source_scope), "hosts": hosts})
    else:
        name, off = recovery.source.name, count(hosts, "host")
        write(recovery_assurance("fenced", environment=name, hosts=off))
    return Exit.DONE


def failback(session: Session, which: Which, changing: Turning) -> int:
    """Go back to the source with what was written since. Its downtime is measured."""
    from portinfra import dr
    from portinfra.commands.applying import confirm
    from portinfra.commands.dr.reporting import hand_in
    from portinfra.render.console.progress import ProgressDisplay
    from portinfra.render.console.terminal import err
    from portinfra.rollout.evidence import open_store

    changing.check(changing.older_data)
    if changing.older_data and not changing.source_is_lost:
        raise Misuse("--older-data goes with --source-is-lost", fix="Add it, or leave this out.")
    recovery = recovery_of(session, which)
    if changing.abandon:
        return _abandon(session, recovery.turned, changing)
    store = open_store()
    without = _left_aside(recovery.turned, changing, ask_source=not changing.source_is_lost)
    how = dr.How(source_is_lost=changing.source_is_lost, without=without, older_data=changing.older_data)
    if not changing.source_is_lost:
        dr.may_fail_back(recovery)
    if not changing.yes:
        last = not changing.source_is_lost
        dr.may_take_over(recovery.turned, evolve(how, occasion="failback", last_point=last))
        left = "is lost" if changing.source_is_lost else "is stopped"
        come = "has come from there" if changing.source_is_lost else "was written since"
        err().print(
            f"{recovery.target.name} {left}, and {recovery.source.name} takes over again. What its volumes "
            f"hold now is replaced by what {come}: with it goes what was written in {recovery.source.name} "
            "after its last point, unless you take snapshots of that first."
        )
        confirm(session, f"Type {recovery.plan.name} to do it:", (recovery.plan.name,))
    with ProgressDisplay() as display:
        evidence = dr.failback(recovery, evolve(how, pace=dr.Pace(listen=display)), say=display.say)
    code = hand_in(session, store, recovery, evidence, as_json=changing.as_json)
    _what_next(session, which, recovery.turned, evidence)
    return code


def abandon(session: Session, which: Which, changing: Agreed) -> int:
    """Abandon a takeover that is not finished: the environment that was stopped for it is active again."""
    turning = Turning(yes=changing.yes, as_json=changing.as_json)
    return _abandon(session, recovery_of(session, which), turning)


def _left_aside(recovery: "Recovery", turning: Turning, *, ask_source: bool) -> tuple[str, ...]:
    """The points in a recovery's target that are not to be used. Raises Misuse for what is none."""
    from portinfra import dr

    without = tuple(turning.without_point or ())
    if without:
        now = dr.status(recovery, ask_source=ask_source)
        if unknown := sorted(set(without) - now.known_points):
            there_are = ", ".join(sorted(now.known_points)) or "none"
            raise Misuse(f"there is no point {', '.join(unknown)}", fix=f"There are: {there_are}.")
    return without


def _what_next(session: Session, which: Which, recovery: "Recovery", evidence: "Evidence") -> None:
    """What is to be done next: about a source that was not stopped, or after one that did not pass."""
    from portinfra.render.console.terminal import err

    if not evidence.source_fenced:
        fence_it = session.command("dr", "fence", evidence.recovery, *which.repeated(session))
        err().print(f"{recovery.source.name} was not stopped. When it comes back, first of all: {fence_it}")
    if evidence.result == "passed":
        return
    target = recovery.target.name
    if evidence.rto_measured is None:
        give_up = session.command(
            "dr", evidence.kind, evidence.recovery, "--abandon", *which.repeated(session)
        )
        err().print(f"{target} has not taken over yet. Mend what is named, then go on:")
        err().print(f"  {session.again}")
        if evidence.source_fenced:
            err().print(f"Or give it up, and {recovery.source.name} stands again: {give_up}")
    else:
        err().print(f"{target} has taken over and stands. What is named did not pass: look at it.")


def _abandon(session: Session, recovery: "Recovery", agreed: Turning) -> int:
    """Abandon the takeover that is open, in either direction. With a lost target, the source of `recovery`
    becomes active.
    """
    from portinfra import dr
    from portinfra.commands.applying import confirm
    from portinfra.render.console.progress import ProgressDisplay
    from portinfra.render.console.terminal import err, write, write_json
    from portinfra.render.recovery_documents import abandoned_document
    from portinfra.words import count

    lost = agreed.target_is_lost
    without = _left_aside(recovery.turned, agreed, ask_source=False)
    if not lost:
        recovery = dr.may_abandon(recovery)
    source, target = recovery.source.name, recovery.target.name
    if not agreed.yes:
        err().print(
            f"{source} stands again with the data that it has, and {target} is "
            f"{'lost' if lost else 'stopped'}. What was written in {target} since it began to take over "
            "stays on its volumes there, and is carried nowhere."
        )
        confirm(session, f"Type {recovery.plan.name} to do it:", (recovery.plan.name,))
    with ProgressDisplay() as display:
        pace = dr.Pace(listen=display)
        done = (
            dr.stand_alone(recovery, without=without, pace=pace) if lost else dr.abandon(recovery, pace=pace)
        )
    if agreed.as_json:
        write_json(abandoned_document(recovery, done))
    else:
        became = "is lost: when it comes back, first of all: dr fence"
        if done.stopped is not None:
            became = f"is fenced: {count(done.stopped, 'host')} off"
        write(f"{source} stands: {count(done.running, 'host')} on. {target} {became}.")
    return Exit.DONE
