"""Snapshots."""

from typing import Any

from portinfra.model.resources import Snapshot
from portinfra.provider.interface import Names, Refs
from portinfra.testing.fake.drivers.base import FakeDriver, Record
from portinfra.testing.fake.drivers.owner import Mark


class SnapshotDriver(FakeDriver[Snapshot]):
    """A volume's contents at one moment. Its volume may be gone: what was seen then has none."""

    spec = Snapshot
    noun = "Snapshot"
    plural = "Snapshots"
    replaces = frozenset({"volume"})

    def seen_spec(self, name: str, record: Record, mark: Mark, names: Names) -> Snapshot:
        """The volume that it is of."""
        return Snapshot(name, names.address_of(record["volume"]), mark.tags)

    def parameters(self, want: Snapshot, refs: Refs) -> dict[str, Any]:
        """The volume that it is of."""
        return {"volume": refs.id(want.volume)}
