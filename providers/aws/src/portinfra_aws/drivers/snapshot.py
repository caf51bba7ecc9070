"""Snapshots."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra.model.address import Scope
from portinfra.model.observed import Observed, State
from portinfra.model.resources import Snapshot
from portinfra.provider.interface import Call, Refs
from portinfra_aws.drivers import reading
from portinfra_aws.drivers.base import AwsDriver, Owned, Told
from portinfra_aws.drivers.reading import Record


class SnapshotDriver(AwsDriver[Snapshot]):
    """A volume's contents at one moment. Its volume may be gone: what was seen then has none."""

    spec = Snapshot
    lists = "DescribeSnapshots"
    id_key = "snapshotId"
    id_path = "snapshotId"
    id_parameter = "SnapshotId"
    creates = "CreateSnapshot"
    deletes = "DeleteSnapshot"
    resource = "snapshot"
    doubled = True
    holds_data = True
    replaces = frozenset({"volume"})

    def survey(self, scope: Scope, only: Sequence[Observed[Snapshot]] = ()) -> tuple[Call, ...]:
        """Our account's own, and the volumes that may have been made from them."""
        return (
            reading.owned(self.lists, scope, Owner=["self"]),
            reading.owned("DescribeVolumes", scope),
        )

    def used(self, told: Told) -> set[str]:
        """Snapshots that a volume was made from."""
        volumes = reading.records(told.answers, "DescribeVolumes")
        return {record["snapshotId"] for record in volumes if record.get("snapshotId")}

    def state(self, record: Record) -> State:
        """Pending, then completed."""
        states: Mapping[str, State] = {"pending": "pending", "recovering": "pending"}
        return states.get(record.get("status", ""), "ready")

    def observed(self, owned: Owned, told: Told) -> Observed[Snapshot]:
        """One in error has failed."""
        seen = super().observed(owned, told)
        if owned.record.get("status") == "error":
            return evolve(seen, fault=owned.record.get("statusMessage") or "EC2 could not make it")
        return seen

    def seen_spec(self, owned: Owned, told: Told) -> Snapshot:
        """The volume that it is of."""
        volume = told.names.address_of(owned.record.get("volumeId"))
        return Snapshot(owned.mark.address.name, volume, owned.mark.tags)

    def parameters(self, want: Snapshot, refs: Refs) -> dict[str, Any]:
        """The volume that it is of."""
        return {"VolumeId": refs.id(want.volume), "Description": refs.name(want)}
