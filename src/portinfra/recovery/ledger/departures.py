"""The entry that keeps the moment at which an end stopped being active, for a later decision of the other
end.

A lease has one epoch. Where an end waits already, a later decision replaces that epoch. Then the lease no
longer records until when hosts wrote to the end's own volumes.
"""

from typing import Final

from portinfra.model.lease import Lease
from portinfra.recovery.ledger.ledger import Contents, Ledger

KIND: Final = "left"


def left_epoch(epoch: int, contents: Contents) -> int:
    """Return the epoch of the decision that ended an end's active time. `epoch` is that of its lease."""
    for entry in contents.entries:
        if entry.kind == KIND and entry.said["until"] == epoch:
            return int(entry.said["epoch"])
    return epoch


def record_left(ledger: Ledger, lease: Lease, epoch: int) -> None:
    """Write what `left_epoch` returns, before the lease of a waiting end gets a later epoch.

    A run that dies before the lease has that epoch leaves an entry that does not count.
    """
    contents = ledger.read()
    left = left_epoch(lease.epoch, contents)
    ledger.add({"kind": KIND, "id": f"left-{epoch:x}", "epoch": left, "until": epoch})
    for entry in contents.entries:
        if entry.kind == KIND and entry.said["until"] != lease.epoch:
            ledger.remove(entry)
