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
from portinfra_aws.drivers.base import AwsDriver, Owned, Told
from portinfra_aws.drivers.reading import Record

COPIES = "CopySnapshot"
PERMISSIONS = "DescribeSnapshotAttribute"


COPIES_AT_ONCE = 20
"""A region takes so many copies at once, and the quota cannot be raised: "Quotas for Amazon EBS"."""


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
    """Whom it is shared with stands in a tag from its first moment: no list tells of it otherwise."""

    def survey(self, scope: Scope, only: Sequence[Observed[Snapshot]] = ()) -> tuple[Call, ...]:
        """Our account's own, and the volumes that may have been made from them."""
        return (
            reading.list_owned(self.lists, scope, Owner=["self"]),
            reading.list_owned("DescribeVolumes", scope),
        )

    def used_ids(self, told: Told) -> set[str]:
        """Snapshots that a volume was made from."""
        volumes = reading.records(told.answers, "DescribeVolumes")
        return {record["snapshotId"] for record in volumes if record.get("snapshotId")}

    def state(self, record: Record) -> State:
        """Pending, then completed. An unknown state is waited for."""
        states: Mapping[str, State] = {"completed": "ready", "error": "ready"}
        return states.get(record.get("status", ""), "pending")

    def to_observed(self, owned: Owned, told: Told) -> Observed[Snapshot]:
        """One in error has failed."""
        seen = super().to_observed(owned, told)
        if owned.record.get("status") == "error":
            message = owned.record.get("statusMessage", "")
            return evolve(seen, fault=errors.storage_fault(message, "EC2 could not make it"))
        return seen

    def to_spec(self, owned: Owned, told: Told) -> Snapshot:
        """The volume that it is of; of a copy, whose it is and under which key."""
        mark, name = owned.mark, owned.mark.address.name
        gib = owned.record.get("volumeSize")
        size = int(gib) if gib else None
        if mark.copy_of:
            key = keys.to_declared_key(owned.record, mark.key)
            return Snapshot(name, copy_of=mark.copy_of, key=key, tags=mark.tags, size_gib=size)
        volume = told.names.address_of(owned.record.get("volumeId"))
        shared_with = UNSEEN if mark.shared_with else ""
        return Snapshot(name, volume, shared_with=shared_with, tags=mark.tags, size_gib=size)

    def detail(self, seen: Observed[Snapshot]) -> Call | None:
        """Who may copy it stands in no list; asked where its tag says that somebody may."""
        if seen.spec.shared_with is not UNSEEN:
            return None
        parameters = {"SnapshotId": seen.id, "Attribute": "createVolumePermission"}
        return Call(PERMISSIONS, parameters, rates=rates.classes(PERMISSIONS))

    def as_made(self, want: Snapshot) -> Snapshot:
        """Nobody else's yet."""
        return evolve(want, shared_with="")

    def update(self, want: Snapshot, seen: Observed[Snapshot], refs: Refs) -> NextCall:
        """Say in a tag whom it is for, so that the next look asks; then let them copy it, or no longer."""
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
        """Wait with a copy while the region is busy with as many as it takes."""
        if want.copy_of:
            busy = sorted(each.address.name for each in refs.seen.values() if _is_being_copied(each))
            if len(busy) >= COPIES_AT_ONCE:
                return Wait(f"waiting for one of the copies {', '.join(busy)}")
        return super().cannot_create(want, refs)

    def create(self, want: Snapshot, refs: Refs) -> Call:
        """Take it, or copy it."""
        call = super().create(want, refs)
        return evolve(call, action=COPIES, rates=rates.classes(COPIES)) if want.copy_of else call

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
        """Who may copy it; and a copy takes time, though its answer does not say so."""
        if call.action == PERMISSIONS and seen is not None and answer is not None:
            accounts = [item["userId"] for item in reading.items(answer, "createVolumePermission")]
            return evolve(seen, spec=evolve(seen.spec, shared_with=",".join(sorted(accounts))))
        after = super().absorb(seen, call, answer)
        if call.action == COPIES and answer is not None and after is not None:
            return evolve(after, state="pending")
        return after


def _is_being_copied(seen: Observed[Any]) -> bool:
    if not isinstance(seen.spec, Snapshot) or not seen.spec.copy_of:
        return False
    return seen.state == "pending" and not seen.fault
