"""`dr drill`, `dr drills` and `dr sweep`: drills, their history, and the removal of what runs left."""

from portinfra.command_text import command_line
from portinfra.commands.dr.options import PlanSelection, RestoreOptions, recovery_of
from portinfra.commands.exits import Exit, Interrupted
from portinfra.commands.options import OutputOptions
from portinfra.commands.session import Session


def drill(session: Session, which: PlanSelection, shown: OutputOptions, data: RestoreOptions) -> int:
    """Test the recovery plan in an isolated copy. portinfra restores the newest points in the target, brings
    every wave up, measures, and deletes the copy.
    """
    from portinfra import dr
    from portinfra.commands.dr.evidence import save
    from portinfra.render.console.progress import ProgressDisplay
    from portinfra.rollout.evidence import open_store

    moment = data.moment
    recovery, store = recovery_of(session, which), open_store()
    with ProgressDisplay() as display:
        try:
            run_options = dr.RunOptions(listen=display)
            evidence = dr.drill(
                recovery, run_options=run_options, say=display.say, as_of=moment, blank=data.may_be_blank
            )
        except KeyboardInterrupt as again:  # the first one has begun the deletion
            fix = f"Remove the rest: {command_line('dr', 'sweep', recovery.plan.name)}"
            raise Interrupted("interrupted while portinfra deleted the drill", fix=fix) from again
    return save(session, store, recovery, evidence, as_json=shown.as_json)


def drills(session: Session, which: PlanSelection, shown: OutputOptions) -> int:
    """List the drills and takeovers of both ledgers. Each one comes with its evidence. Exit code 1: evidence
    is missing, or differs from the ledger.
    """
    from portinfra import dr
    from portinfra.render.console.runs import show_runs
    from portinfra.render.console.terminal import out, write_json
    from portinfra.render.recovery_documents import runs_document
    from portinfra.rollout.evidence import open_store

    recovery = recovery_of(session, which)
    found = dr.list_runs(recovery, open_store().documents())
    if shown.as_json:
        write_json(runs_document(recovery, found))
    else:
        show_runs(found, out())
    return Exit.FAILED if any(each.is_doubtful for each in found) else Exit.DONE


def sweep(session: Session, which: PlanSelection, shown: OutputOptions) -> int:
    """Delete what interrupted runs left. These are drills, takeovers and refreshes. Runs that still work stay
    untouched.
    """
    from portinfra import dr
    from portinfra.render.console.progress import ProgressDisplay
    from portinfra.render.console.recovery import show_swept
    from portinfra.render.console.terminal import out, write_json
    from portinfra.render.recovery_documents import swept_document

    recovery = recovery_of(session, which)
    with ProgressDisplay() as display:
        found = dr.sweep(recovery, run_options=dr.RunOptions(listen=display), say=display.say)
    if shown.as_json:
        write_json(swept_document(recovery, found))
    else:
        show_swept(found, out())
    return Exit.DONE if all(each.is_done for each in found) else Exit.FAILED
