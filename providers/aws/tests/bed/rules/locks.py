"""Locks of snapshots: who locks one can no longer delete it.

"Locks an Amazon EBS snapshot in either governance or compliance mode to protect it against accidental or
malicious deletions for a specific duration. A locked snapshot can't be deleted", LockDuration "in days", from
1 to 36,500: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LockSnapshot.html
"Users with the appropriate IAM permissions can unlock the snapshot, increase or decrease the lock duration".
A pending snapshot may be locked; its duration begins once it is completed.
"""

from datetime import UTC, datetime
from typing import Any

from bed.call import Call, before, instead
from bed.errors import EC2Error
from bed.kinds import KINDS

DAY = 86_400
DAYS_MAX = 36_500


@instead("LockSnapshot")
def lock_snapshot(call: Call) -> dict[str, Any]:
    """Lock it, or change its lock. The codes of what is refused are the bed's own: the page names none."""
    params = call.params
    snapshot = KINDS["snap"].find(call.backend, params["SnapshotId"])
    if params["LockMode"] != "governance":
        raise EC2Error("UnsupportedOperation", "The bed knows governance mode alone.")
    if ("LockDuration" in params) == ("ExpirationDate" in params):
        raise EC2Error("InvalidParameterCombination", "Specify either LockDuration or ExpirationDate.")
    if not 1 <= params.get("LockDuration", 0) <= DAYS_MAX:
        raise EC2Error("InvalidParameterValue", "LockDuration must be from 1 to 36500 days.")
    snapshot.lock = (call.now, params["LockDuration"])
    return _told(call, snapshot)


@instead("UnlockSnapshot")
def unlock_snapshot(call: Call) -> dict[str, Any]:
    """Of governance mode, at any time."""
    snapshot = KINDS["snap"].find(call.backend, call.params["SnapshotId"])
    snapshot.lock = None
    return {"SnapshotId": snapshot.id}


@instead("DescribeLockedSnapshots")
def describe_locked_snapshots(call: Call) -> dict[str, Any]:
    """Every snapshot of the account that was locked; one whose lock is over is `expired`."""
    locked = [each for each in call.backend.snapshots.values() if getattr(each, "lock", None)]
    return {"Snapshots": [_told(call, each) for each in locked]}


@before("DeleteSnapshot")
def locked_snapshots_stay(call: Call) -> None:
    """The code is the bed's own: no page names it, so nothing may depend on it."""
    snapshot = KINDS["snap"].find(call.backend, call.params["SnapshotId"])
    lock = getattr(snapshot, "lock", None)
    if lock and call.now < _expires(lock):
        raise EC2Error("OperationNotPermitted", f"The snapshot {snapshot.id} is locked.")


def _expires(lock: tuple[float, int]) -> float:
    return lock[0] + lock[1] * DAY


def _told(call: Call, snapshot: Any) -> dict[str, Any]:
    began, days = snapshot.lock
    return {
        "OwnerId": call.account,
        "SnapshotId": snapshot.id,
        "LockState": "governance" if call.now < _expires(snapshot.lock) else "expired",
        "LockDuration": days,
        "LockCreatedOn": datetime.fromtimestamp(began, UTC),
        "LockDurationStartTime": datetime.fromtimestamp(began, UTC),
        "LockExpiresOn": datetime.fromtimestamp(_expires(snapshot.lock), UTC),
    }
