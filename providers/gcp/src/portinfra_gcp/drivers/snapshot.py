"""Snapshots: stored in the region, and usable in every other: a disk can be created from one anywhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra.errors import Unavailable
from portinfra.model.address import Address, Scope
from portinfra.model.observed import Fault, Observed, State
from portinfra.model.resources import Snapshot
from portinfra.provider.interface import Call, Names, Refs, Refuse
from portinfra_gcp import errors, links
from portinfra_gcp.drivers import reading
from portinfra_gcp.drivers.base import GcpDriver, Observation, Owned
from portinfra_gcp.drivers.reading import Answers, Record

_VOLUMES = "disks.aggregatedList"

_STATES: Mapping[str, State] = {"READY": "ready", "FAILED": "ready", "DELETING": "deleting"}

_CAPTURED = frozenset({"UPLOADING", "READY"})
"""The statuses of a snapshot that has its data.

Compute Engine promises no moment of a snapshot at the request. In CREATING, "snapshot creation is in
progress"; in UPLOADING, "snapshot is being uploaded":
https://cloud.google.com/dotnet/docs/reference/Google.Cloud.Compute.V1/latest/Google.Cloud.Compute.V1.Snapshot.Types.Status
An application must pause "before the snapshot is captured":
https://cloud.google.com/compute/docs/disks/snapshot-best-practices
Google's own driver for Kubernetes waits while the status is CREATING, because its call may return only when
the snapshot is cut: `waitForSnapshotCreation` in kubernetes-sigs/gcp-compute-persistent-disk-csi-driver.
"""


class SnapshotDriver(GcpDriver[Snapshot]):
    """The contents of a volume at one moment. Its volume may be gone."""

    spec = Snapshot
    collection = "snapshots"
    lists = "snapshots.list"
    replaces: frozenset[str] = frozenset({"volume"})
    cannot_show: frozenset[str] = frozenset(
        {"shared_with"}
    )  # the roles of a project decide who may use all of its snapshots

    def survey(self, scope: Scope, only: Sequence[Observed[Snapshot]] = ()) -> tuple[Call, ...]:
        """Return the lists of snapshots and of volumes. A new volume may have the name of an old one."""
        return (*super().survey(scope, only), reading.list_owned(_VOLUMES, scope))

    def relate_records(self, answers: Answers, names: Names) -> Mapping[str, Address | None]:
        """Return the number of a disk, which Compute Engine never reuses → its address."""
        return {
            record["id"]: names.address_of(links.path(record["selfLink"]))
            for record in reading.records(answers, _VOLUMES)
        }

    def state(self, record: Record) -> State:
        """Return creating and uploading as pending, then ready. An unknown status is pending."""
        return _STATES.get(record.get("status", ""), "pending")

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[Snapshot]:
        """Return the snapshot, captured once it has left CREATING. In the status FAILED it has a fault."""
        seen = super().to_observed(owned, observation)
        seen = evolve(seen, captured=owned.record.get("status") in _CAPTURED)
        if owned.record.get("status") == "FAILED" and seen.state != "deleting":
            why = "Compute Engine could not create the snapshot"
            return evolve(seen, fault=Fault(Unavailable, why, "FAILED", errors.TROUBLE))
        return seen

    def to_spec(self, owned: Owned, observation: Observation) -> Snapshot:
        """Return the snapshot of a record, with its volume."""
        volume = observation.related.get(owned.record.get("sourceDiskId", "")) or self._foreign_volume(
            owned, observation
        )
        gib = owned.record.get("diskSizeGb")
        size = int(gib) if gib else None
        return Snapshot(owned.mark.address.name, volume, tags=owned.mark.tags, size_gib=size)

    def _foreign_volume(self, owned: Owned, observation: Observation) -> Address | None:
        """Return the volume of another scope, by its path. No list of this scope shows it."""
        path = links.path(owned.record.get("sourceDisk", ""))
        ours = observation.names.scope.resource_name(path.rpartition("/")[2])
        return None if ours else observation.names.address_of(path)

    @property
    def creates(self) -> str:
        """The action that creates it, on the disk of its volume."""
        return "disks.createSnapshot"

    def cannot_create(self, want: Snapshot, refs: Refs) -> Refuse | None:
        """Return a refusal of a copy: Google Cloud needs none."""
        if want.copy_of:
            return Refuse(
                "Google Cloud has no copies of snapshots: a volume in any region can use the snapshot",
                f"Create the volume in its region with source={want.copy_of.partition('/')[2]!r}.",
            )
        return super().cannot_create(want, refs)

    def create(self, want: Snapshot, refs: Refs) -> Call:
        """Return the creation, on the disk in its path."""
        made = super().create(want, refs)
        return evolve(made, parameters={**links.variables(refs.id(want.volume)), **made.parameters})

    def body(self, want: Snapshot, refs: Refs) -> dict[str, Any]:
        """Return the location of its storage."""
        return {"storageLocations": [self.keyring.region]}
