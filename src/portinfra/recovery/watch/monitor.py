"""`status` for monitors: the age of the data, and whether a takeover would succeed."""

from attrs import evolve

from portinfra.execution.connection import Look
from portinfra.recovery.options import How
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.wish import end_of
from portinfra.recovery.watch.forecast import foresee
from portinfra.recovery.watch.status import RecoveryStatus, status
from portinfra.validation.arguments import check_arguments


@check_arguments
def status_with_readiness(recovery: Recovery, *, ask_source: bool = True) -> RecoveryStatus:
    """Return the status of a recovery, and what speaks against a takeover, where one could begin now.

    Raises what `status` raises. Without `ask_source` no call is made to the source, and nothing is judged.
    """
    with Look.to(recovery.target, recovery.topology) as target:
        found = status(recovery, ask_source=ask_source, through=target)
        now = found.situation
        if not ask_source or now is None or now.silent:
            return found
        if not now.is_calm or now.active == end_of(recovery):
            return found
        return evolve(found, readiness=foresee(recovery, How(), found, target).findings)
