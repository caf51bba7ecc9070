"""Locks of snapshots, by `LockSnapshot` in governance mode.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LockSnapshot.html: "a locked snapshot can't be
deleted" until the lock expires, or until a user with the permission `ec2:UnlockSnapshot` unlocks it.
portinfra never unlocks, and its policy does not allow it. portinfra does not use compliance mode, which no
user can undo.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portinfra.model.observed import Observed
from portinfra.model.resources import Snapshot
from portinfra.provider.interface import Call
from portinfra_aws.drivers import reading
from portinfra_aws.rates import classes

LOCK = "LockSnapshot"
LOCKS = "DescribeLockedSnapshots"
EXPIRED = "expired"


def lock_call(snapshot: Observed[Snapshot], days: int) -> Call:
    """Return the write. A second call locks the snapshot for `days` from that moment."""
    parameters = {"SnapshotId": snapshot.id, "LockMode": "governance", "LockDuration": days}
    return Call(LOCK, parameters, snapshot.spec.address, snapshot, rates=classes(LOCK), safe=True)


def locks_call() -> Call:
    """Return the read of all locks of the account in the region."""
    return Call(LOCKS, {}, rates=classes(LOCKS))


def lock_ends(answer: Mapping[str, Any]) -> dict[str, float]:
    """Return native id → moment. It leaves out the locks of pending snapshots, which have no moment."""
    return {
        item["snapshotId"]: _moment(item["lockExpiresOn"])
        for item in reading.items(answer, "snapshotSet")
        if item.get("lockState") != EXPIRED and item.get("lockExpiresOn")
    }


def _moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
