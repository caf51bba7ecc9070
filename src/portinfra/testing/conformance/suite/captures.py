"""The moment of a snapshot. What is written after a freeze is not in the snapshots of the freeze."""

import pytest

from portinfra.cloud import connect
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.model.address import Scope
from portinfra.model.progress import Progress
from portinfra.model.resources import Snapshot, Volume
from portinfra.provider import registry
from portinfra.recovery.points.snapshot_store import SnapshotStore
from portinfra.testing.conformance.stage import Stage


class Captures:
    """Law: a freeze lasts until the provider promises that later writes are not in the snapshot."""

    def test_what_is_written_after_a_freeze_is_not_in_its_snapshot(self, stage: Stage) -> None:
        if not registry.plugin(stage.environment.provider).capabilities.snapshots:
            pytest.skip("this provider has no snapshots")
        zone = stage.environment.zones[0]
        with stage.calls(), connect(stage.environment, "kit") as cloud:
            data = cloud.ensure(Volume("data", gib=1, zone=zone))
        stage.bed.write("data", "frozen")
        taken = Snapshot("data-1", data.address)
        _take(stage, taken)
        with stage.calls(), connect(stage.environment, "kit") as cloud:
            copy = cloud.ensure(Volume("copy", gib=1, zone=zone, source=taken.address))
            assert stage.bed.read("copy") == "frozen", "`Observed.captured` was true before the capture"
            for address in (copy.address, taken.address, data.address):
                cloud.remove(address, allow_data_loss=True)
        assert stage.ground_truth() == []


def _take(stage: Stage, wanted: Snapshot) -> None:
    """Take a snapshot during a freeze, write to its volume at the end of the freeze, and complete it."""
    scope = Scope("kit", stage.environment.name)
    with (
        stage.calls(),
        Connection.to(stage.environment) as place,
        place.start_run(scope, RunOptions(seed=0)) as run,
    ):
        store = SnapshotStore(place, run, scope, place.catalogue(), _ignore)
        store.begin({wanted.address: wanted}, _ignore)
        stage.bed.write("data", "thawed")
        run.wait_for_lists()
        store.change({wanted.address: wanted})


def _ignore(progress: Progress) -> None:
    pass
