"""`status` for monitors: the age of the data, and whether a takeover would succeed."""

from attrs import evolve

from portinfra.execution.connection import Look
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.watch.forecast import foresee
from portinfra.recovery.watch.recovery_status import RecoveryStatus
from portinfra.recovery.watch.status import status as status_alone
from portinfra.validation.arguments import check_arguments


@check_arguments
def status(recovery: Recovery) -> RecoveryStatus:
    """Return the status of a recovery, and the findings about a takeover where one could begin now. Raises
    the errors of the status alone.
    """
    declared = recovery.as_declared
    with Look.to(declared.target, declared.topology) as target:
        found = status_alone(declared, through=target)
        now = found.situation
        if now is None or now.silent or not now.is_calm or now.active != "source":
            return found
        return evolve(found, readiness=foresee(declared, FailoverOptions(), found, target).findings)
