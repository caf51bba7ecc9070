"""The lease under which a run writes one entry of a ledger, while it holds no other lease of that end."""

from collections.abc import Iterator
from contextlib import contextmanager

from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.recovery import Recovery


@contextmanager
def hold_entry_lease(recovery: Recovery, target: Connection) -> Iterator[Ledger]:
    """Hold the lease, and yield the ledger of the target. The lease is deleted afterwards.

    Raises LeaseHeldError while another run writes an entry so.
    """
    with target.start_run(recovery.entry_scope, RunOptions(seed=0)) as run:
        yield Ledger.after_settling(target, recovery.ledger)
        run.delete_lease_at_end()
