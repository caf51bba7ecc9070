"""Volumes: balanced persistent disks, which are always encrypted."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from portinfra.errors import PermissionDenied
from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.location import Location
from portinfra.model.observed import Fault, Observed, State
from portinfra.model.resources import Volume
from portinfra.provider.interface import NextCall, Refs, Refuse
from portinfra_gcp import errors, keys, links, marks
from portinfra_gcp.drivers.base import GcpDriver, Owned, Told, call, name_at_birth
from portinfra_gcp.drivers.reading import Record
from portinfra_gcp.published import DISK_TYPE, SSD

_SEEN = Location("<observed>", 1)

_STATES: Mapping[str, State] = {
    "READY": "ready",
    "FAILED": "ready",
    "UNAVAILABLE": "ready",
    "DELETING": "deleting",
}


class VolumeDriver(GcpDriver[Volume]):
    """An encrypted disk. It grows in place; core takes shrinking for a replacement."""

    spec = Volume
    collection = "disks"
    lists = "disks.aggregatedList"
    replaces = frozenset({"zone", "key"})

    def state(self, record: Record) -> State:
        """Creating, then ready. An unknown status is waited for."""
        return _STATES.get(record.get("status", ""), "pending")

    def to_observed(self, owned: Owned, told: Told) -> Observed[Volume]:
        """One that could not be made has failed."""
        seen = super().to_observed(owned, told)
        status = owned.record.get("status", "")
        if status in ("FAILED", "UNAVAILABLE") and seen.state != "deleting":
            why = "Compute Engine could not make it; its key may not be usable"
            return evolve(seen, fault=Fault(PermissionDenied, why, status, errors.KEY))
        return seen

    def to_spec(self, owned: Owned, told: Told) -> Volume:
        """Size, zone and key."""
        record, mark = owned.record, owned.mark
        return Volume(
            mark.address.name,
            int(record["sizeGb"]),
            zone=links.name(record["zone"]),
            key=self.keyring.to_declared_key(record.get("diskEncryptionKey"), mark.said.get("key")),
            source=links.path(record.get("sourceSnapshot", "")) or None,
            deletion_protection=mark.protect,
            tags=mark.tags,
            location=_SEEN,
        )

    def takes(self, spec: Volume, catalogue: Catalogue) -> Mapping[str, int]:
        """Its size."""
        return {SSD: spec.gib}

    def cannot_create(self, want: Volume, refs: Refs) -> Refuse | None:
        """Only under a key whose name can be one."""
        return keys.misspelt(want.key) or super().cannot_create(want, refs)

    def describe(self, want: Volume, refs: Refs, name: str) -> str:
        """The word in which its key was asked for."""
        return marks.description(want, refs, born=name_at_birth(want, refs, name), key=want.key)

    def place(self, want: Volume) -> dict[str, str]:
        """Its zone."""
        return {"zone": str(want.zone)}

    def body(self, want: Volume, refs: Refs) -> dict[str, Any]:
        """Size, key, and the snapshot that it begins with."""
        source = want.source or ""
        said = {
            "sizeGb": str(want.gib),
            "type": f"zones/{want.zone}/diskTypes/{DISK_TYPE}",
            "diskEncryptionKey": self.keyring.native(want.key),
            "sourceSnapshot": refs.id(Address(source)) if source in refs.seen else source or None,
        }
        return {name: value for name, value in said.items() if value is not None}

    def update(self, want: Volume, seen: Observed[Volume], refs: Refs) -> NextCall:
        """Grow."""
        if want.gib == seen.spec.gib:
            return super().update(want, seen, refs)
        after = evolve(seen, spec=evolve(seen.spec, gib=want.gib))
        parameters = {**links.variables(seen.id), "body": {"sizeGb": str(want.gib)}}
        return call("disks.resize", want.address, parameters, after, safe=True)
