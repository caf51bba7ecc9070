"""Volumes: gp3, always encrypted."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.location import Location
from portinfra.model.observed import Observed, State
from portinfra.model.resources import Volume
from portinfra.provider.interface import Answer, Call, NextCall, Refs, Refuse, Wait
from portinfra_aws import errors, keys
from portinfra_aws.drivers import reading
from portinfra_aws.drivers.base import AwsDriver, Observation, Owned, token
from portinfra_aws.drivers.reading import Answers, Record
from portinfra_aws.published import STORAGE
from portinfra_aws.query import where

_SEEN = Location("<observed>", 1)

VANISHED_MAX = 3
"""The removals in one run after which a volume counts as vanishing: EC2 checks its key after the creation."""

FILTER_VALUES_MAX = 200

_FAILED = "EC2 could not create the volume; its key may be unusable"


_STATES: Mapping[str, State] = {
    "available": "ready",
    "in-use": "ready",
    "error": "ready",
    "deleting": "deleting",
}


class VolumeDriver(AwsDriver[Volume]):
    """An encrypted disk. It grows in place. Core replaces a volume that must shrink."""

    spec = Volume
    lists = "DescribeVolumes"
    id_key = "volumeId"
    id_path = "volumeId"
    id_parameter = "VolumeId"
    creates = "CreateVolume"
    deletes = "DeleteVolume"
    resource = "volume"
    holds_data = True
    replaces: frozenset[str] = frozenset({"zone", "key"})

    def survey(self, scope: Scope, only: Sequence[Observed[Volume]] = ()) -> tuple[Call, ...]:
        """Return the list of volumes; for awaited volumes, also how far their growth is."""
        ids = sorted(seen.id for seen in only if seen.id)[:FILTER_VALUES_MAX]
        if not ids:
            return super().survey(scope)
        growing = reading.list_all("DescribeVolumesModifications", where("volume-id", *ids))
        # A list of volumes after it shows the size of each volume that has grown.
        return (evolve(growing, goes_first=True), *super().survey(scope))

    def takes(self, spec: Volume, catalogue: Catalogue) -> Mapping[str, int]:
        """Return its size."""
        return {STORAGE: spec.gib}

    def relate_records(self, answers: Answers) -> set[str]:
        """Return the volumes whose new size is not visible yet."""
        return {
            record["volumeId"]
            for record in reading.records(answers, "DescribeVolumesModifications")
            if record.get("modificationState") == "modifying"
        }

    def used_ids(self, observation: Observation) -> set[str]:
        """Return the volumes that are attached to a host."""
        return {
            record["volumeId"]
            for record in reading.records(observation.answers, self.lists)
            if reading.items(record, "attachmentSet")
        }

    def is_gone(self, record: Record) -> bool:
        """Return whether it is deleted. EC2 lists a deleted volume for a moment."""
        return record.get("status") == "deleted"

    def state(self, record: Record) -> State:
        """Return creating as pending, then ready. An unknown state is pending."""
        return _STATES.get(record.get("status", ""), "pending")

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[Volume]:
        """Return the volume. While it grows it is pending; in the status `error` it has a fault."""
        seen = super().to_observed(owned, observation)
        if owned.record.get("status") == "error":
            return evolve(seen, fault=errors.storage_fault("", _FAILED))
        return evolve(seen, state="pending") if seen.id in observation.related else seen

    def to_spec(self, owned: Owned, observation: Observation) -> Volume:
        """Return the volume of a record: size, zone and key."""
        record, mark = owned.record, owned.mark
        return Volume(
            mark.address.name,
            int(record["size"]),
            zone=record["availabilityZone"],
            key=keys.to_declared_key(record, mark.key),
            source=record.get("snapshotId") or None,
            deletion_protection=mark.protect,
            tags=mark.tags,
            location=_SEEN,
        )

    def cannot_create(self, want: Volume, refs: Refs) -> Refuse | Wait | None:
        """Return why it cannot be created.

        EC2 creates a volume with an unusable key, and then the volume vanishes.
        """
        if refs.removals.get(want.address, 0) >= VANISHED_MAX:
            key = want.key or "EC2's default key"
            return Refuse(
                "the volume vanishes each time after EC2 created it",
                f"Enable {key}, and allow these credentials to use it (kms:CreateGrant).",
            )
        return super().cannot_create(want, refs)

    def parameters(self, want: Volume, refs: Refs) -> dict[str, Any]:
        """Return size, zone, key, and the snapshot with which it begins."""
        source = want.source or ""
        snapshot = refs.id(Address(source)) if source in refs.seen else source
        return {
            "AvailabilityZone": want.zone,
            "Size": want.gib,
            "VolumeType": "gp3",
            "Encrypted": True,
            "KmsKeyId": want.key,
            "SnapshotId": snapshot or None,
            "ClientToken": token(refs, want),
        }

    def update(self, want: Volume, seen: Observed[Volume], refs: Refs) -> NextCall:
        """Return the call that grows it."""
        if want.gib == seen.spec.gib:
            return super().update(want, seen, refs)
        after = evolve(seen, spec=evolve(seen.spec, gib=want.gib))
        parameters = {"VolumeId": seen.id, "Size": want.gib}
        return self.call("ModifyVolume", want.address, parameters, after, safe=True)

    def absorb(
        self, seen: Observed[Volume] | None, call: Call, answer: Answer | None
    ) -> Observed[Volume] | None:
        """Return the state after a call. Deletion and growth take time."""
        after = super().absorb(seen, call, answer)
        if answer is None:
            return after
        if call.action == self.deletes and call.after is None and seen is not None:
            return evolve(seen, state="deleting", fault=None)
        modified = answer.get("volumeModification") or {}
        if after is not None and modified.get("modificationState") == "modifying":
            return evolve(after, state="pending")
        return after
