"""Snapshots."""

from typing import Any

from attrs import evolve

from portinfra.model.observed import Observed
from portinfra.model.resources import Snapshot
from portinfra.provider.interface import Names, NextCall, Refs
from portinfra.testing.fake.drivers.base import FakeDriver, Record
from portinfra.testing.fake.drivers.owner import Mark


class SnapshotDriver(FakeDriver[Snapshot]):
    """A volume's contents at one moment, or a copy. Its volume may be gone: what was seen then has none."""

    spec = Snapshot
    noun = "Snapshot"
    plural = "Snapshots"
    replaces = frozenset({"volume", "copy_of", "key"})

    def to_spec(self, name: str, record: Record, mark: Mark, names: Names) -> Snapshot:
        """The volume that it is of; of a copy, whose and under which key."""
        key = record["key"] or None if record["source"] else None
        volume = names.address_of(record["volume"])
        shared_with, gib = record["shared_with"], record["gib"]
        return Snapshot(name, volume, record["source"], key, shared_with, mark.tags, gib)

    def as_made(self, want: Snapshot) -> Snapshot:
        """Not shared."""
        return evolve(want, shared_with="")

    def update(self, want: Snapshot, seen: Observed[Snapshot], refs: Refs) -> NextCall:
        """Share it, or no longer."""
        after = evolve(seen, spec=evolve(seen.spec, shared_with=want.shared_with))
        parameters = {"id": seen.id, "account": want.shared_with}
        return self.call("ShareSnapshot", want.address, parameters, after, safe=True)

    def creates(self, want: Snapshot) -> str:
        """Taken, or copied."""
        return "CopySnapshot" if want.copy_of else "CreateSnapshot"

    def parameters(self, want: Snapshot, refs: Refs) -> dict[str, Any]:
        """The volume that it is of, or what it is a copy of."""
        if want.copy_of:
            return {"source": want.copy_of, "key": want.key or ""}
        return {"volume": refs.id(want.volume)}
