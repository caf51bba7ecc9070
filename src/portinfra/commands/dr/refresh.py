"""`dr refresh`: a running standby gets the newest data."""

from portinfra.commands.dr.options import RestoreOptions, Which, recovery_of
from portinfra.commands.options import Shown
from portinfra.commands.session import Session


def refresh(session: Session, which: Which, shown: Shown, data: RestoreOptions) -> int:
    """Restore the newest points into the running standby, wave by wave, with gates and probes; measure."""
    from portinfra import dr
    from portinfra.commands.dr.reporting import hand_in
    from portinfra.render.console.progress import ProgressDisplay
    from portinfra.rollout.evidence import open_store

    moment = data.moment
    recovery, store = recovery_of(session, which), open_store()
    with ProgressDisplay() as display:
        how = dr.How(as_of=moment, blank=data.may_be_blank, pace=dr.Pace(listen=display))
        evidence = dr.refresh(recovery, how, say=display.say)
    return hand_in(session, store, recovery, evidence, as_json=shown.as_json)
