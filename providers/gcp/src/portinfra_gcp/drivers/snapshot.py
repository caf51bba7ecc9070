"""Snapshots: stored in the region, and good in every other: a disk is made from one anywhere."""

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
from portinfra_gcp.drivers.base import GcpDriver, Owned, Told
from portinfra_gcp.drivers.reading import Answers, Record

_VOLUMES = "disks.aggregatedList"

_STATES: Mapping[str, State] = {"READY": "ready", "FAILED": "ready", "DELETING": "deleting"}


class SnapshotDriver(GcpDriver[Snapshot]):
    """A volume's contents at one moment. Its volume may be gone: then it has none."""

    spec = Snapshot
    collection = "snapshots"
    lists = "snapshots.list"
    replaces = frozenset({"volume"})
    cannot_show = frozenset({"shared_with"})  # a project's roles say who may use all of its snapshots

    def survey(self, scope: Scope, only: Sequence[Observed[Snapshot]] = ()) -> tuple[Call, ...]:
        """Snapshots; and the volumes: one of the same name may have been made since."""
        return (*super().survey(scope, only), reading.list_owned(_VOLUMES, scope))

    def relate_records(self, answers: Answers, names: Names) -> Mapping[str, Address | None]:
        """Compute Engine's number of a disk, which is never given again → its address."""
        return {
            record["id"]: names.address_of(links.path(record["selfLink"]))
            for record in reading.records(answers, _VOLUMES)
        }

    def state(self, record: Record) -> State:
        """Creating, uploading, then ready. An unknown status is waited for."""
        return _STATES.get(record.get("status", ""), "pending")

    def to_observed(self, owned: Owned, told: Told) -> Observed[Snapshot]:
        """One that could not be made has failed."""
        seen = super().to_observed(owned, told)
        if owned.record.get("status") == "FAILED" and seen.state != "deleting":
            why = "Compute Engine could not make it"
            return evolve(seen, fault=Fault(Unavailable, why, "FAILED", errors.TROUBLE))
        return seen

    def to_spec(self, owned: Owned, told: Told) -> Snapshot:
        """The volume that it is of."""
        volume = told.related.get(owned.record.get("sourceDiskId", "")) or self._foreign_volume(owned, told)
        gib = owned.record.get("diskSizeGb")
        size = int(gib) if gib else None
        return Snapshot(owned.mark.address.name, volume, tags=owned.mark.tags, size_gib=size)

    def _foreign_volume(self, owned: Owned, told: Told) -> Address | None:
        """A volume of another scope, which is in no list of this one's: known by its path alone."""
        path = links.path(owned.record.get("sourceDisk", ""))
        ours = told.names.scope.resource_name(path.rpartition("/")[2])
        return None if ours else told.names.address_of(path)

    @property
    def creates(self) -> str:
        """Asked of its volume's disk."""
        return "disks.createSnapshot"

    def cannot_create(self, want: Snapshot, refs: Refs) -> Refuse | None:
        """There are no copies: none are needed."""
        if want.copy_of:
            return Refuse(
                "Google Cloud has no copies of snapshots: a volume of any region is made of the one there is",
                f"Make the volume there with source={want.copy_of.partition('/')[2]!r}.",
            )
        return super().cannot_create(want, refs)

    def create(self, want: Snapshot, refs: Refs) -> Call:
        """Of the disk that the path names."""
        made = super().create(want, refs)
        return evolve(made, parameters={**links.variables(refs.id(want.volume)), **made.parameters})

    def body(self, want: Snapshot, refs: Refs) -> dict[str, Any]:
        """Where it is stored."""
        return {"storageLocations": [self.keyring.region]}
