"""`dr refresh`: restore the newest data into a running standby."""

from portinfra.commands.dr.options import PlanSelection, PointIds, RestoreOptions, recovery_of
from portinfra.commands.options import OutputOptions
from portinfra.commands.session import Session
from portinfra.value import frozen


@frozen
class RefreshOptions(OutputOptions):
    """Which points a refresh does not restore, and how to print its result."""

    without_point: PointIds = None


def refresh(session: Session, which: PlanSelection, refreshing: RefreshOptions, data: RestoreOptions) -> int:
    """Restore the newest points into the running standby. It goes wave by wave, with gates and probes, and
    measures the time.
    """
    from portinfra import dr
    from portinfra.commands.dr.evidence import save
    from portinfra.render.console.progress import ProgressDisplay
    from portinfra.rollout.evidence import open_store

    moment = data.moment
    recovery, store = recovery_of(session, which), open_store()
    with ProgressDisplay() as display:
        options = dr.FailoverOptions(
            as_of=moment,
            blank=data.may_be_blank,
            without=tuple(refreshing.without_point or ()),
            run_options=dr.RunOptions(listen=display),
        )
        evidence = dr.refresh(recovery, options, say=display.say)
    return save(session, store, recovery, evidence, as_json=refreshing.as_json)
