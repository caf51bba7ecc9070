"""The first repair of a host whose definition was damaged outside portinfra."""

import json

from attrs import evolve

from portinfra.errors import NotFound
from portinfra.model.observed import UNSEEN, Fault, Observed
from portinfra.model.resources import Instance
from portinfra.provider.interface import Call, NextCall, Refs, Refuse
from portinfra_libvirt import disks, marks
from portinfra_libvirt.drivers.base import call
from portinfra_libvirt.drivers.disks import lost_passphrase
from portinfra_libvirt.drivers.guest import GuestParts, with_parts
from portinfra_libvirt.drivers.identity import COPY

UNDEFINED = Fault(NotFound, "its domain was undefined outside portinfra")

BARE = (
    "the metadata of its domain was removed outside portinfra, and the secret of its root disk does not have "
    "its declaration"
)
REPLACE_BARE = (
    "Restore its definition from a backup. Or remove the host, and the next apply creates it again: "
    "virsh destroy {name}; virsh undefine {name}"
)


def repair(seen: Observed[Instance], refs: Refs, *, pinned: bool) -> NextCall | None:
    """Return the first repair, for a wanted or unwanted host; None if it needs none.

    `pinned`: DHCP must have its address.
    """
    parts = GuestParts.of(seen)
    if parts.definable:
        return _define_pool(seen, parts, refs, pinned)
    if parts.unknown:
        return Refuse(f"{seen.address}: {seen.reason}", parts.unlisted)
    if parts.renamed:
        return _rename(seen, parts, pinned)
    if parts.overlay:
        return Refuse(f"{seen.address}: {seen.reason}", parts.commit)
    return None


def define_secret(want: Instance, seen: Observed[Instance], refs: Refs, *, pinned: bool) -> NextCall:
    """Return the call that defines the secret of the root disk again, with the passphrase of its key.

    A root disk without a key had a passphrase that only its secret kept.
    """
    parts = GuestParts.of(seen)
    if parts.root_unmarked:
        said = root_mark(want, parts, refs)
        after = with_parts(seen, evolve(parts, root_unmarked=False, copied=said), pinned=pinned)
        return call("OwnDisk", want.address, after, parts.at, path=parts.root_path, said=said)
    if not seen.spec.key:
        fix = f"{lost_passphrase(held=_runs(seen, parts))} Or replace the host: --replace {want.address}."
        return Refuse(f"{want.address}: {seen.reason}", fix)
    said = root_mark(want, parts, refs)
    after = with_parts(seen, evolve(parts, root_lost=False, copied=said), pinned=pinned)
    where = {"path": parts.root_path, "said": said, "key": seen.spec.key}
    return call("DefineSecret", want.address, after, parts.at, **where)


def root_mark(want: Instance, parts: GuestParts, refs: Refs) -> str:
    """Return the mark of a root disk: its own, and a copy of its domain's."""
    untagged = evolve(
        want, tags={}, deletion_protection=False
    )  # the domain has these, and changes them there
    more = {"key": want.key, "bytes": want.disk_gib * disks.GIB, COPY: json.loads(parts.said)}
    return marks.to_text(marks.mark(untagged, refs, file=parts.root_path.rpartition("/")[2], **more))


def _define_pool(seen: Observed[Instance], parts: GuestParts, refs: Refs, pinned: bool) -> Call:
    """Return the call that defines or starts the pool of its root disk."""
    size = None if seen.spec.disk_gib is UNSEEN else seen.spec.disk_gib * disks.GIB
    found = evolve(parts, definable=False, unlisted="", unknown="", root=parts.root_path, root_bytes=size)
    if parts.name:
        after = with_parts(seen, evolve(found, seed=parts.seed_path, seeded=True), pinned=pinned)
    else:
        after = evolve(seen, parts=found.to_parts(), state="ready", reason="", fault=UNDEFINED)
    where = {"scope": str(refs.scope), "path": parts.root_path}
    return call("DefinePool", seen.address, after, parts.at, **where)


def _rename(seen: Observed[Instance], parts: GuestParts, pinned: bool) -> NextCall:
    """Return the call that renames it. libvirt does not rename a running guest."""
    if _runs(seen, parts):
        fix = f"Shut it down, then run the same command again: virsh shutdown {parts.name}"
        return Refuse(f"{seen.address}: {seen.reason}", fix)
    name = parts.renamed
    renamed = evolve(parts, id=f"{Instance.kind}:{name}", name=name, renamed="")
    after = with_parts(seen, renamed, pinned=pinned)
    return call("RenameDomain", seen.address, after, parts.at, domain=parts.name, name=name)


def _runs(seen: Observed[Instance], parts: GuestParts) -> bool:
    return seen.spec.power == "running" or bool(parts.halted)
