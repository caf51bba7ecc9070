"""Volumes."""

from typing import Any

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.location import Location
from portinfra.model.observed import Observed
from portinfra.model.resources import Volume
from portinfra.provider.interface import Names, NextCall, Refs
from portinfra.testing.fake.drivers.base import FakeDriver, Record
from portinfra.testing.fake.drivers.owner import Mark

_SEEN = Location("<observed>", 1)


class VolumeDriver(FakeDriver[Volume]):
    """An encrypted disk. It grows in place. For less space, core replaces it."""

    spec = Volume
    noun = "Volume"
    plural = "Volumes"
    zonal = True
    replaces: frozenset[str] = frozenset({"zone", "key"})

    def to_spec(self, name: str, record: Record, mark: Mark, names: Names) -> Volume:
        """Return size, zone and key."""
        return Volume(
            name,
            record["gib"],
            zone=record["zone"],
            key=record["key"] or None,
            source=record["snapshot"] or None,
            deletion_protection=mark.protect,
            tags=mark.tags,
            location=_SEEN,
        )

    def parameters(self, want: Volume, refs: Refs) -> dict[str, Any]:
        """Return size, zone, key, and the snapshot with its contents."""
        source = want.source or ""
        snapshot = refs.id(Address(source)) if source in refs.seen else source
        return {"zone": want.zone, "gib": want.gib, "key": want.key or "", "snapshot": snapshot}

    def update(self, want: Volume, seen: Observed[Volume], refs: Refs) -> NextCall:
        """Return the call that grows it."""
        after = evolve(seen, spec=evolve(seen.spec, gib=want.gib))
        return self.call("GrowVolume", want.address, {"id": seen.id, "gib": want.gib}, after, safe=True)
