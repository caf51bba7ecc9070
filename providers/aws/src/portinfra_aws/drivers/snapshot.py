"""Snapshots."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra.model.address import Scope
from portinfra.model.observed import UNSEEN, Observed, State
from portinfra.model.resources import Snapshot
from portinfra.provider.interface import Answer, Call, NextCall, Refs, Refuse, Wait
from portinfra_aws import errors, keys, rates
from portinfra_aws.drivers import reading
from portinfra_aws.drivers.base import AwsDriver, Observation, Owned
from portinfra_aws.drivers.reading import Record

COPIES = "CopySnapshot"
PERMISSIONS = "DescribeSnapshotAttribute"


COPIES_AT_ONCE = 20
"""The copies that a region takes at once. The quota cannot be raised: "Quotas for Amazon EBS"."""


class SnapshotDriver(AwsDriver[Snapshot]):
    """The contents of a volume at one moment, or a copy of another snapshot. Its volume may be gone.

    A tag records the source of a copy: EC2 reports neither the source nor a true volume.
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
    replaces: frozenset[str] = frozenset({"volume", "copy_of", "key"})
    """A tag records the account to share with from the first moment: no list shows it."""

    def survey(self, scope: Scope, only: Sequence[Observed[Snapshot]] = ()) -> tuple[Call, ...]:
        """Return the list of our account's snapshots, and of the volumes that may have been created from
        them.
        """
        return (
            reading.list_owned(self.lists, scope, Owner=["self"]),
            reading.list_owned("DescribeVolumes", scope),
        )

    def used_ids(self, observation: Observation) -> set[str]:
        """Return the snapshots from which a volume was created."""
        volumes = reading.records(observation.answers, "DescribeVolumes")
        return {record["snapshotId"] for record in volumes if record.get("snapshotId")}

    def state(self, record: Record) -> State:
        """Return pending, then ready. An unknown state is pending."""
        states: Mapping[str, State] = {"completed": "ready", "error": "ready"}
        return states.get(record.get("status", ""), "pending")

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[Snapshot]:
        """Return the snapshot, which has its data. In the status `error` it has a fault."""
        seen = evolve(super().to_observed(owned, observation), captured=True)
        if owned.record.get("status") == "error":
            message = owned.record.get("statusMessage", "")
            return evolve(seen, fault=errors.storage_fault(message, "EC2 could not create the snapshot"))
        return seen

    def to_spec(self, owned: Owned, observation: Observation) -> Snapshot:
        """Return the snapshot of a record: its volume, or the source and key of a copy."""
        mark, name = owned.mark, owned.mark.address.name
        gib = owned.record.get("volumeSize")
        size = int(gib) if gib else None
        if mark.copy_of:
            key = keys.to_declared_key(owned.record, mark.key)
            return Snapshot(name, copy_of=mark.copy_of, key=key, tags=mark.tags, size_gib=size)
        volume = observation.names.address_of(owned.record.get("volumeId"))
        shared_with = UNSEEN if mark.shared_with else ""
        return Snapshot(name, volume, shared_with=shared_with, tags=mark.tags, size_gib=size)

    def detail(self, seen: Observed[Snapshot]) -> Call | None:
        """Return the read of who may copy it.

        No list shows this, so portinfra reads it if the tag names an account.
        """
        if seen.spec.shared_with is not UNSEEN:
            return None
        parameters = {"SnapshotId": seen.id, "Attribute": "createVolumePermission"}
        return Call(PERMISSIONS, parameters, rates=rates.classes(PERMISSIONS))

    def created_spec(self, want: Snapshot) -> Snapshot:
        """Return the snapshot, not shared yet."""
        return evolve(want, shared_with="")

    def update(self, want: Snapshot, seen: Observed[Snapshot], refs: Refs) -> NextCall:
        """Return the call that lets the account copy it, or that ends this. The tag was written before."""
        action = "ModifySnapshotAttribute"
        account, verb = want.shared_with or seen.spec.shared_with, "Add" if want.shared_with else "Remove"
        after = evolve(seen, spec=evolve(seen.spec, shared_with=want.shared_with))
        parameters = {
            "SnapshotId": seen.id,
            "Attribute": "createVolumePermission",
            "CreateVolumePermission": {verb: [{"UserId": account}]},
        }
        return self.call(action, want.address, parameters, after, safe=True)

    def cannot_create(self, want: Snapshot, refs: Refs) -> Refuse | Wait | None:
        """Return the reason to wait while the region makes as many copies as it takes."""
        if want.copy_of:
            busy = sorted(each.address.name for each in refs.seen.values() if _is_being_copied(each))
            if len(busy) >= COPIES_AT_ONCE:
                return Wait(f"waiting for one of the copies {', '.join(busy)}")
        return super().cannot_create(want, refs)

    def create(self, want: Snapshot, refs: Refs) -> Call:
        """Return the call that takes it, or that copies it."""
        call = super().create(want, refs)
        return evolve(call, action=COPIES, rates=rates.classes(COPIES)) if want.copy_of else call

    def parameters(self, want: Snapshot, refs: Refs) -> dict[str, Any]:
        """Return the volume, or the source of a copy, which EC2 encrypts again."""
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
        """Return the accounts that may copy it. A copy takes time, although its answer does not say so.

        EC2 captures the data at the request: "the point-in-time snapshot is created immediately".
        https://docs.aws.amazon.com/ebs/latest/userguide/ebs-creating-snapshot.html
        """
        if call.action == PERMISSIONS and seen is not None and answer is not None:
            accounts = [item["userId"] for item in reading.items(answer, "createVolumePermission")]
            return evolve(seen, spec=evolve(seen.spec, shared_with=",".join(sorted(accounts))))
        after = super().absorb(seen, call, answer)
        if call.action == COPIES and answer is not None and after is not None:
            return evolve(after, state="pending")
        return evolve(after, captured=True) if after else None


def _is_being_copied(seen: Observed[Any]) -> bool:
    if not isinstance(seen.spec, Snapshot) or not seen.spec.copy_of:
        return False
    return seen.state == "pending" and not seen.fault
