"""Volumes: LUKS-encrypted qcow2 files, in the environment's pool of their zone."""

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.location import Location
from portinfra.model.observed import UNSEEN, Observed
from portinfra.model.resources import Volume
from portinfra.provider.interface import Names, NextCall, Refs, Refuse
from portinfra_libvirt import disks, marks
from portinfra_libvirt.drivers.base import call
from portinfra_libvirt.drivers.disks import UNLISTED, DiskDriver
from portinfra_libvirt.drivers.reading import File

_SEEN = Location("<observed>", 1)


class VolumeDriver(DiskDriver[Volume]):
    """An encrypted disk. It grows in place, also under a running guest.

    Core replaces one that must shrink.
    """

    spec = Volume
    replaces: frozenset[str] = frozenset({"zone", "key"})

    def to_spec(self, file: File, names: Names) -> Volume:
        """Return the volume of a file: size from the file, zone and key from its secret."""
        size = file.record["bytes"] if file.record else (file.said or {}).get("bytes", 0)
        gib = int(size) // disks.GIB
        zone = self.site_zone(file.at)
        if file.said is None:  # only the mark has these
            zone = UNSEEN if self.site.alone else zone
            unknown = {"key": UNSEEN, "deletion_protection": UNSEEN, "tags": UNSEEN}
            return Volume(file.address.name, gib, zone=zone, location=_SEEN, **unknown)
        return Volume(
            file.address.name,
            gib,
            zone=file.said.get("zone", zone),
            key=file.said.get("key"),
            source=file.said.get("source"),
            deletion_protection=bool(file.said.get("protect")),
            tags=file.said.get("tags", {}),
            location=_SEEN,
        )

    def mark_of(self, want: Volume, file: str, size: int, refs: Refs) -> marks.Mark:
        """Return its mark, the only place for zone, key and source."""
        return marks.mark(want, refs, file=file, zone=want.zone, key=want.key, source=want.source, bytes=size)

    def make(self, want: Volume, refs: Refs) -> NextCall:
        """Return the call that creates it: blank, or with the contents of a snapshot on its hypervisor."""
        at = self.site.at(str(want.zone)).name
        file, path = self.new_file(want, refs)
        source = want.source or ""
        taken = refs.seen.get(Address(source))
        if taken is not None and taken.parts["at"] != at:
            return Refuse(
                f"{source} is on the hypervisor of {taken.parts['at']}, and {want.address} on that of {at}",
                "Create the volume in the snapshot's zone.",
            )
        if taken is not None and taken.state != "ready":
            return Refuse(
                f"{want.address} cannot be created from {source}: {taken.reason}",
                taken.parts.get(UNLISTED, "Take another snapshot."),
            )
        from_path = taken.id if taken else source
        size = want.gib * disks.GIB
        written = marks.to_text(self.mark_of(want, file, size, refs))
        place = None if self.site.alone else str(want.zone)
        parts = {"id": path, "file": file, "at": at, "said": written, "bytes": str(size)}
        after = Observed(want.address, want, parts, place=place)
        where = {"scope": str(refs.scope), "path": path, "said": written, "key": want.key, "bytes": size}
        if from_path:
            return call("CopyDisk", want.address, after, at, source=from_path, **where)
        return call("CreateDisk", want.address, after, at, **where)

    def change(self, want: Volume, seen: Observed[Volume], refs: Refs) -> NextCall:
        """Return the call that grows it."""
        if want.gib <= seen.spec.gib:
            return super().change(want, seen, refs)
        size = want.gib * disks.GIB
        parts = {**seen.parts, "bytes": str(size)}
        after = evolve(seen, spec=evolve(seen.spec, gib=want.gib), parts=parts)
        where = {"scope": str(refs.scope), "path": seen.id, "bytes": size}
        return call("GrowDisk", want.address, after, seen.parts["at"], **where)
