"""Snapshots."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra.model.address import Scope
from portinfra.model.observed import Observed, State
from portinfra.model.resources import Snapshot
from portinfra.provider.interface import Answer, Call, NextCall, Refs
from portinfra_aws import keys, rates
from portinfra_aws.drivers import reading
from portinfra_aws.drivers.base import AwsDriver, Owned, Told
from portinfra_aws.drivers.reading import Record

COPIES = "CopySnapshot"


class SnapshotDriver(AwsDriver[Snapshot]):
    """A volume's contents at one moment, or a copy of such. Its volume may be gone: then it has none.

    What it is a copy of stands in a tag: of a copy EC2 tells neither whence it came nor a true volume.
    """

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
    replaces = frozenset({"volume", "copy_of", "key"})

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
        """The volume that it is of; of a copy, whose it is and under which key."""
        mark = owned.mark
        if mark.copy_of:
            key = keys.seen(owned.record, mark.key)
            return Snapshot(mark.address.name, copy_of=mark.copy_of, key=key, tags=mark.tags)
        volume = told.names.address_of(owned.record.get("volumeId"))
        return Snapshot(mark.address.name, volume, tags=mark.tags)

    def create(self, want: Snapshot, refs: Refs) -> NextCall:
        """Take it, or copy it."""
        call = super().create(want, refs)
        if not want.copy_of or not isinstance(call, Call):
            return call
        return evolve(call, action=COPIES, rates=rates.classes(COPIES))

    def parameters(self, want: Snapshot, refs: Refs) -> dict[str, Any]:
        """The volume that it is of; or what it is a copy of, which is encrypted anew."""
        if not want.copy_of:
            return {"VolumeId": refs.id(want.volume), "Description": refs.name(want)}
        region, _, id = want.copy_of.partition("/")
        return {
            "SourceRegion": region,
            "SourceSnapshotId": id,
            "Description": refs.name(want),
            "Encrypted": True,
            "KmsKeyId": want.key,
        }

    def absorb(
        self, seen: Observed[Snapshot] | None, call: Call, answer: Answer | None
    ) -> Observed[Snapshot] | None:
        """A copy takes time, and its answer does not say so."""
        after = super().absorb(seen, call, answer)
        if call.action == COPIES and answer is not None and after is not None:
            return evolve(after, state="pending")
        return after
