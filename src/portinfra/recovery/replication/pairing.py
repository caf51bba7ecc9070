"""The names that the leases of both environments of a recovery plan have of each other.

From then on, a plan of one that does not check the other is refused (`guards/peer.py`).
"""

from portinfra.errors import LeaseHeldError
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.records.lease import read_leases
from portinfra.recovery.recovery import Recovery
from portinfra.rollout.waves import Say


def record_peers(
    recovery: Recovery, source: Connection, target: Connection, run_options: RunOptions, say: Say
) -> None:
    """Write the name of the other environment into each lease that does not have it.

    An environment that another run changes is skipped: a recovery point does not wait for an apply. The next
    replication writes the name.
    """
    for place, scope in ((source, recovery.source_scope), (target, recovery.target_scope)):
        peer = recovery.peer_of(scope)
        known = read_leases(place.reader, scope)
        if known and known[-1].peer == peer:
            continue
        try:
            with place.start_run(scope, run_options) as run:
                run.record_peer(peer)
        except LeaseHeldError as error:
            say(f"the lease of {scope.environment} does not name {peer} yet: {error}")
