"""Locks of snapshots, where the plugin inherits `SnapshotLocks`."""

import pytest

from portinfra.cloud import connect
from portinfra.errors import PortinfraError
from portinfra.execution.caller import Caller
from portinfra.model.observed import Observed
from portinfra.model.resources import Snapshot, Volume
from portinfra.provider import registry
from portinfra.provider.abilities import SnapshotLocks
from portinfra.testing.conformance.stage import Stage

DAY = 86_400


class Locks:
    """A locked snapshot cannot be deleted until its lock is over."""

    def test_a_locked_snapshot_stays_and_its_lock_is_read(self, stage: Stage) -> None:
        locks = registry.plugin(stage.environment.provider)
        if not isinstance(locks, SnapshotLocks):
            pytest.skip("this provider locks no snapshot")
        with stage.calls(), connect(stage.environment, "kit") as cloud:
            data = cloud.ensure(Volume("data", gib=1, zone=stage.environment.zones[0]))
            taken = cloud.ensure(Snapshot("data-1", data.address))
            assert isinstance(taken.spec, Snapshot)
            began = _lock(stage, locks, taken)
            until = _locks(stage, locks)[taken.id]
            assert 2 * DAY - 60 <= until - began <= 2 * DAY + 600
            with pytest.raises(PortinfraError):
                cloud.remove(taken.address, allow_data_loss=True)
            assert taken.id in _locks(stage, locks)
            with stage.provider() as provider:
                provider.clock.sleep_until(until + 60)
            assert taken.id not in _locks(stage, locks)
            for found in (taken, data):
                cloud.remove(found.address, allow_data_loss=True)
        assert stage.ground_truth() == []


def _lock(stage: Stage, locks: SnapshotLocks, taken: Observed[Snapshot]) -> float:
    call = locks.lock_call(taken, 2)
    assert call == locks.lock_call(taken, 2), "same snapshot, same call"
    assert (call.reads, call.safe) == (False, True)
    with stage.provider() as provider:
        began = provider.clock.now()
        for _ in range(2):  # the call is safe to repeat
            Caller(provider).with_retries(call)
    return began


def _locks(stage: Stage, locks: SnapshotLocks) -> dict[str, float]:
    with stage.provider() as provider:
        return dict(locks.lock_ends(Caller(provider).with_retries(locks.locks_call())))
