"""Snapshots: full copies of a volume at one moment, each encrypted with a secret of its own, beside it.

For a volume of a guest, libvirt makes a backup while the guest runs; for another volume, a copy. portinfra
never uses internal snapshots: QEMU 7.2 crashes on those of an encrypted disk in use.
"""

from portinfra.model.observed import UNSEEN, Observed
from portinfra.model.resources import Snapshot, Volume
from portinfra.provider.interface import Names, NextCall, Refs, Refuse
from portinfra_libvirt import disks, marks
from portinfra_libvirt.drivers.base import call
from portinfra_libvirt.drivers.disks import OVERLAY, UNLISTED, DiskDriver
from portinfra_libvirt.drivers.reading import File


class SnapshotDriver(DiskDriver[Snapshot]):
    """A backup, or a copy."""

    spec = Snapshot
    replaces: frozenset[str] = frozenset({"volume", "copy_of", "key"})
    cannot_show: frozenset[str] = frozenset({"shared_with"})  # any user with access to both sites may copy

    def to_spec(self, file: File, names: Names) -> Snapshot:
        """Return the snapshot of a file. It has a volume while that exists."""
        size = -(-int(file.record["bytes"]) // disks.GIB) if file.record else None
        if file.said is None:  # only the mark has these
            unknown = {"key": UNSEEN, "tags": UNSEEN}
            return Snapshot(file.address.name, UNSEEN, UNSEEN, size_gib=size, **unknown)
        said = file.said
        volume, copied, key = names.address_of(said.get("of")), said.get("copy_of", ""), said.get("key")
        tags = said.get("tags", {})
        return Snapshot(file.address.name, volume, copied, key, tags=tags, size_gib=size)

    def mark_of(self, want: Snapshot, file: str, size: int, refs: Refs) -> marks.Mark:
        """Return its mark: the volume, or the source and the key of a copy from another site."""
        if want.copy_of:
            return marks.mark(want, refs, file=file, copy_of=want.copy_of, key=want.key)
        return marks.mark(want, refs, file=file, of=refs.id(want.volume))

    def key_of(self, want: Snapshot, refs: Refs) -> str | None:
        """Return the current key of its volume."""
        volume = refs.seen.get(want.volume) if want.volume else None
        return want.key or (volume.spec.key if volume and isinstance(volume.spec, Volume) else None)

    def make(self, want: Snapshot, refs: Refs) -> NextCall:
        """Return the call that makes a backup or a copy, under the volume's key; from another site, under its
        own.
        """
        if want.copy_of:
            return self._from_elsewhere(want, refs)
        if want.volume is None:
            return Refuse("a snapshot is taken of a volume", "Set the volume of the snapshot.")
        volume = refs.seen[want.volume]
        if OVERLAY in volume.parts:
            reason = (
                f"{want.volume} has an external snapshot made outside portinfra: its host writes to another "
                "file"
            )
            return Refuse(reason, volume.parts[OVERLAY])
        if volume.state != "ready":
            fix = volume.parts.get(UNLISTED, f"Run a plan: it shows the problem of {want.volume}.")
            return Refuse(f"{want.volume} cannot be copied: {volume.reason}", fix)
        at, size, key = volume.parts["at"], int(volume.parts["bytes"]), volume.spec.key
        file, path = self.new_file(want, refs)
        said = marks.to_text(self.mark_of(want, file, size, refs))
        parts = {"id": path, "file": file, "at": at, "said": said, "bytes": str(size)}
        after = Observed(want.address, want, parts, place=volume.place)
        where = {"scope": str(refs.scope), "path": path, "said": said, "key": key, "bytes": size}
        return call("CopyDisk", want.address, after, at, source=volume.id, **where)

    def _from_elsewhere(self, want: Snapshot, refs: Refs) -> NextCall:
        site, _, source = want.copy_of.partition("/")
        if not source:
            return Refuse(
                f"{want.copy_of!r} is not a snapshot",
                "Write SITE/PATH: the path is the snapshot's id on that site.",
            )
        hypervisor = self.site.hypervisors[0]
        file, path = self.new_file(want, refs)
        said = marks.to_text(self.mark_of(want, file, 0, refs))
        parts = {"id": path, "file": file, "at": hypervisor.name, "said": said, "bytes": "0"}
        place = None if self.site.alone else hypervisor.zones[0]
        after = Observed(want.address, want, parts, place=place)
        where = {"scope": str(refs.scope), "path": path, "said": said, "key": want.key}
        return call("ImportDisk", want.address, after, hypervisor.name, site=site, source=source, **where)
