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
from portinfra_gcp.drivers.base import GcpDriver, Observation, Owned, call, creation_name
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
    """An encrypted disk. It grows in place. Core replaces a volume that must shrink."""

    spec = Volume
    collection = "disks"
    lists = "disks.aggregatedList"
    replaces: frozenset[str] = frozenset({"zone", "key"})

    def state(self, record: Record) -> State:
        """Return creating as pending, then ready. An unknown status is pending."""
        return _STATES.get(record.get("status", ""), "pending")

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[Volume]:
        """Return the volume. In the status FAILED or UNAVAILABLE it has a fault."""
        seen = super().to_observed(owned, observation)
        status = owned.record.get("status", "")
        if status in ("FAILED", "UNAVAILABLE") and seen.state != "deleting":
            why = "Compute Engine could not create the volume; its key may be unusable"
            return evolve(seen, fault=Fault(PermissionDenied, why, status, errors.KEY))
        return seen

    def to_spec(self, owned: Owned, observation: Observation) -> Volume:
        """Return the volume of a record: size, zone and key."""
        record, mark = owned.record, owned.mark
        return Volume(
            mark.address.name,
            int(record["sizeGb"]),
            zone=links.name(record["zone"]),
            key=self.keyring.to_declared_key(record.get("diskEncryptionKey"), mark.content.get("key")),
            source=links.path(record.get("sourceSnapshot", "")) or None,
            deletion_protection=mark.protect,
            tags=mark.tags,
            location=_SEEN,
        )

    def takes(self, spec: Volume, catalogue: Catalogue) -> Mapping[str, int]:
        """Return its size."""
        return {SSD: spec.gib}

    def cannot_create(self, want: Volume, refs: Refs) -> Refuse | None:
        """Return why it cannot be created: for example, the name of its key is invalid."""
        return keys.refuse_key_name(want.key) or super().cannot_create(want, refs)

    def describe(self, want: Volume, refs: Refs, name: str) -> str:
        """Return its description, with its key in the form that was declared."""
        return marks.description(want, refs, born=creation_name(want, refs, name), key=want.key)

    def place(self, want: Volume) -> dict[str, str]:
        """Return its zone."""
        return {"zone": str(want.zone)}

    def body(self, want: Volume, refs: Refs) -> dict[str, Any]:
        """Return size, key, and the snapshot with which it begins."""
        source = want.source or ""
        body = {
            "sizeGb": str(want.gib),
            "type": f"zones/{want.zone}/diskTypes/{DISK_TYPE}",
            "diskEncryptionKey": self.keyring.native(want.key),
            "sourceSnapshot": refs.id(Address(source)) if source in refs.seen else source or None,
        }
        return {name: value for name, value in body.items() if value is not None}

    def update(self, want: Volume, seen: Observed[Volume], refs: Refs) -> NextCall:
        """Return the call that grows it."""
        if want.gib == seen.spec.gib:
            return super().update(want, seen, refs)
        after = evolve(seen, spec=evolve(seen.spec, gib=want.gib))
        parameters = {**links.variables(seen.id), "body": {"sizeGb": str(want.gib)}}
        return call("disks.resize", want.address, parameters, after, safe=True)
