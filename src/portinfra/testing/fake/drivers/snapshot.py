"""Snapshots."""

from typing import Any

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.observed import Observed
from portinfra.model.resources import Snapshot
from portinfra.provider.interface import Answer, Call, Names, NextCall, Refs
from portinfra.testing.fake.drivers.base import FakeDriver, Record
from portinfra.testing.fake.drivers.owner import Mark


class SnapshotDriver(FakeDriver[Snapshot]):
    """The driver of snapshots and copies. A snapshot whose volume is gone is observed without a volume."""

    spec = Snapshot
    noun = "Snapshot"
    plural = "Snapshots"
    replaces: frozenset[str] = frozenset({"volume", "copy_of", "key"})

    def to_spec(self, name: str, record: Record, mark: Mark, names: Names) -> Snapshot:
        """Return its volume. Of a copy, return the source and the key."""
        key = record["key"] or None if record["source"] else None
        volume = names.address_of(record["volume"])
        shared_with, gib = record["shared_with"], record["gib"]
        return Snapshot(name, volume, record["source"], key, shared_with, mark.tags, gib)

    def to_observed(self, address: Address, record: Record, mark: Mark, names: Names) -> Observed[Snapshot]:
        """Return the snapshot, with whether it is captured."""
        return evolve(super().to_observed(address, record, mark, names), captured=record["captured"])

    def absorb(
        self, seen: Observed[Snapshot] | None, call: Call, answer: Answer | None
    ) -> Observed[Snapshot] | None:
        """Return the promise, with whether the record in the answer is captured."""
        expected, record = super().absorb(seen, call, answer), (answer or {}).get("record")
        return evolve(expected, captured=record["captured"]) if expected and record else expected

    def as_made(self, want: Snapshot) -> Snapshot:
        """Return the spec without a share."""
        return evolve(want, shared_with="")

    def update(self, want: Snapshot, seen: Observed[Snapshot], refs: Refs) -> NextCall:
        """Return the call that shares it, or ends the share."""
        after = evolve(seen, spec=evolve(seen.spec, shared_with=want.shared_with))
        parameters = {"id": seen.id, "account": want.shared_with}
        return self.call("ShareSnapshot", want.address, parameters, after, safe=True)

    def creates(self, want: Snapshot) -> str:
        """Return the action: a snapshot of a volume, or a copy."""
        return "CopySnapshot" if want.copy_of else "CreateSnapshot"

    def parameters(self, want: Snapshot, refs: Refs) -> dict[str, Any]:
        """Return its volume, or the source of the copy."""
        if want.copy_of:
            return {"source": want.copy_of, "key": want.key or ""}
        return {"volume": refs.id(want.volume)}
