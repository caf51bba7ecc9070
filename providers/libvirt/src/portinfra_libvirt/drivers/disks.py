"""What volumes and snapshots share: each is an encrypted file with the secret that opens it."""

import json
from abc import abstractmethod
from typing import Any, TypeVar

from attrs import evolve, fields

from portinfra.model.observed import UNSEEN, Observed, State
from portinfra.model.resources import Snapshot, Volume
from portinfra.provider.interface import DONE, Answer, Call, Names, NextCall, Refs, Refuse
from portinfra_libvirt import disks, marks
from portinfra_libvirt.drivers import reading
from portinfra_libvirt.drivers.base import LibvirtDriver, call
from portinfra_libvirt.drivers.reading import Answers, File

S = TypeVar("S", Volume, Snapshot)

UNLISTED = "unlisted"
"""The part of a disk that no pool lists: what to do about it."""

DEFINABLE = "definable"
"""The part of a disk whose pool portinfra may define or start again."""

NO_SECRET = "no-secret"
"""The part of a disk whose secret is gone."""

UNMARKED = "unmarked"
"""The part of a disk whose secret exists without its description."""

OVERLAY = "overlay"
"""The part of a disk below an external snapshot made outside portinfra: what to do about it."""

HELD = "held"
"""The part of a disk whose file is missing while a running guest holds it open."""


class DiskDriver(LibvirtDriver[S]):
    """A kind that is an encrypted file. The secret's description has the owner.

    A file's name never changes.
    """

    def assemble(self, answers: Answers, names: Names) -> list[Observed[S]]:
        """Return every file of the kind. Of duplicates, the one of a guest counts, else the first."""
        used, open_files = _used_paths(answers), _used_paths(answers, running=True)
        overlays = reading.overlays(answers)
        found: list[Observed[S]] = []
        for file in sorted(
            reading.files(answers, names.scope, self.spec.kind),
            key=lambda each: (each.path not in used, each.file),
        ):
            place = None if self.site.alone else self.site_zone(file.at)
            spec = self.to_spec(file, names)
            parts = {"id": file.path, "file": file.file, "at": file.at}
            reason = _unsound(file)
            if file.said is not None:
                parts["said"] = marks.to_text(file.said)
            if file.record is not None:
                parts["bytes"] = str(file.record["bytes"])
            if file.unlisted is not None and not file.is_unfinished:
                parts[UNLISTED] = file.unlisted.fix
                parts |= {DEFINABLE: "yes"} if file.unlisted.definable else {}
            if not file.secret:
                parts[NO_SECRET] = "yes"
            elif file.said is None and (file.record or file.unlisted):
                parts[UNMARKED] = "yes"
            if file.path in open_files:
                parts[HELD] = "yes"
            if file.path in overlays:
                parts[OVERLAY] = overlays[file.path].fix
            state: State = "pending" if reason else "ready"
            if file.is_unfinished:
                parts[disks.UNFINISHED] = "yes"
            found.append(Observed(file.address, spec, parts, state, place, reason=reason))
        return found

    @abstractmethod
    def to_spec(self, file: File, names: Names) -> S:
        """Return the content of file and secret, as a declaration."""

    @abstractmethod
    def make(self, want: S, refs: Refs) -> NextCall:
        """Return the call that creates it."""

    def key_of(self, want: S, refs: Refs) -> str | None:
        """Return the declared key whose passphrase opens it."""
        return want.key

    @abstractmethod
    def mark_of(self, want: S, file: str, size: int, refs: Refs) -> marks.Mark:
        """Return the mark for the secret of its file."""

    def change(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """Return the call that changes it in place."""
        return Refuse(f"{want.address} cannot change in place", "Replace it with --replace " + want.address)

    def next_call(self, want: S | None, seen: Observed[S] | None, refs: Refs) -> NextCall:
        """Return the first needed call: create, delete, write the owner, change.

        An unfinished disk of an earlier run holds no data, so portinfra creates it again.
        """
        if seen is None:
            return DONE if want is None else self.make(want, refs)
        if DEFINABLE in seen.parts:
            return self._list(seen, refs)
        if UNLISTED in seen.parts:
            return Refuse(f"{seen.address}: {seen.reason}", seen.parts[UNLISTED])
        if OVERLAY in seen.parts and (want is None or want != seen.spec):
            return Refuse(
                f"{seen.address} has an external snapshot made outside portinfra", seen.parts[OVERLAY]
            )
        if want is None or disks.UNFINISHED in seen.parts:
            where = {"scope": str(refs.scope), "path": seen.id}
            return call("DeleteDisk", seen.address, None, seen.parts["at"], **where)
        if NO_SECRET in seen.parts:
            return self._define_secret(want, seen, refs)
        if UNMARKED in seen.parts:
            return self._own(want, seen, self._mark(want, seen, refs))
        if seen.state == "pending":
            fix = "docs/providers/libvirt-repair.md describes the repair."
            if "bytes" not in seen.parts:
                fix = restore_file(
                    f"{want.address} --allow-data-loss {want.address}", held=HELD in seen.parts
                )
            return Refuse(f"{want.address}: {seen.reason}", fix)
        if seen.address != want.address or _says_otherwise(want, seen.spec):
            return self._own(want, seen, marks.owning(_read_mark(seen), want))
        return DONE if want == seen.spec else self.change(want, seen, refs)

    def site_zone(self, at: str) -> str:
        """Return the zone of a hypervisor."""
        return next(each.zones[0] for each in self.site.hypervisors if each.name == at)

    def _list(self, seen: Observed[S], refs: Refs) -> Call:
        """Return the call that defines or starts the pool. Then not only the secret of the file is known."""
        unknown = (UNLISTED, DEFINABLE)
        parts = {name: value for name, value in seen.parts.items() if name not in unknown}
        parts["bytes"] = str(_read_mark(seen).get("bytes", 0) if "said" in parts else 0)
        reason = UNMARKED_REASON if UNMARKED in parts else ""
        after = evolve(seen, parts=parts, state="pending" if reason else "ready", reason=reason)
        where = {"scope": str(refs.scope), "path": seen.id}
        return call("DefinePool", seen.address, after, seen.parts["at"], **where)

    def absorb(self, seen: Observed[S] | None, call: Call, answer: Answer | None) -> Observed[S] | None:
        """Return the expected state. A pool that lists a disk again shows its size."""
        after = call.after
        if after is None or answer is None or call.action != "DefinePool":
            return after
        return evolve(after, parts={**after.parts, "bytes": str(answer["bytes"])})

    def _mark(self, want: S, seen: Observed[S], refs: Refs) -> marks.Mark:
        name = disks.read(seen.parts["file"])
        original = evolve(refs, attempt=name.attempt if name else refs.attempt)
        return self.mark_of(want, seen.parts["file"], int(seen.parts.get("bytes", 0)), original)

    def _define_secret(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        key = self.key_of(want, refs)
        if not key:
            return Refuse(f"{want.address}: {seen.reason}", lost_passphrase(held=HELD in seen.parts))
        said = marks.to_text(self._mark(want, seen, refs))
        parts = {name: value for name, value in seen.parts.items() if name != NO_SECRET} | {"said": said}
        after = evolve(seen, spec=_as_marked(want, seen.spec), parts=parts, state="ready", reason="")
        where = {"path": seen.id, "said": said, "key": key}
        return call("DefineSecret", want.address, after, seen.parts["at"], **where)

    def _own(self, want: S, seen: Observed[S], mark: marks.Mark) -> Call:
        said = marks.to_text(mark)
        spec = evolve(
            seen.spec,
            name=want.name,
            **{name: getattr(want, name) for name in ("tags", "protect") if hasattr(want, name)},
        )
        parts = {name: value for name, value in seen.parts.items() if name != UNMARKED} | {"said": said}
        if UNMARKED in seen.parts:
            seen = evolve(seen, state="ready", reason="")
            spec = _as_marked(want, seen.spec)
        after = evolve(seen, address=want.address, spec=spec, parts=parts)
        return call("OwnDisk", want.address, after, seen.parts["at"], path=seen.id, said=said)

    def new_file(self, want: S, refs: Refs) -> tuple[str, str]:
        """Return name and path of a new file."""
        file = disks.file_name(want.address, refs.attempt)
        return file, f"{disks.directory(self.site.directory, refs.scope)}/{file}"


def restore_file(replaced: str, *, held: bool) -> str:
    """Return what to do about a missing file whose secret exists.

    `held`: a running guest still has the file open, so its data is not lost.
    """
    copied = "A running guest still holds it open: keep that guest running, and copy the disk from it"
    otherwise = f"{copied}." if held else f"If it is lost: --replace {replaced}."
    return f"Restore the file, or mount its file system: its secret is kept. {otherwise}"


def lost_passphrase(*, held: bool) -> str:
    """Return what to do about a disk whose secret is gone, and of which no declared key has the passphrase.

    `held`: a running guest still has it open.
    """
    again = "Restore the secret from a backup of /etc/libvirt/secrets of that hypervisor"
    while_held = (
        "Keep its running guest running, and copy the files out of it: no guest can open the disk again. "
    )
    return f"{while_held if held else ''}{again}; its file is kept."


def _as_marked(want: S, seen: S) -> S:
    """Return the observed resource with the mark of `want`."""
    unknown = [each.name for each in fields(type(seen)) if getattr(seen, each.name) is UNSEEN]
    return evolve(seen, name=want.name, **{name: getattr(want, name) for name in unknown})


def _read_mark(seen: Observed[Any]) -> marks.Mark:
    said: marks.Mark = json.loads(seen.parts["said"])
    return said


def _says_otherwise(want: Any, seen: Any) -> bool:
    return any(getattr(want, name, None) != getattr(seen, name, None) for name in ("tags", "protect"))


def _unsound(file: File) -> str:
    if file.is_unfinished:
        return "its creation is unfinished"
    if file.unlisted is not None:
        return file.unlisted.reason
    if file.record is None:
        return f"the file {file.path} is gone"
    if not file.secret:
        return SECRET_GONE
    if file.said is None:
        return UNMARKED_REASON
    if file.record["format"] != "qcow2" or not file.record["encrypted"]:
        return "its file is not encrypted"
    return ""


SECRET_GONE = "the secret that opens it was removed outside portinfra"

UNMARKED_REASON = "the description of its secret was removed outside portinfra"


def _used_paths(answers: Answers, *, running: bool = False) -> set[str]:
    """Return the paths of the disks of guests. With `running`, return only those of running guests."""
    return {
        disk["path"]
        for answer in reading.answers_by_hypervisor(answers).values()
        for domain in answer["domains"]
        for disk in ([] if running else domain["disks"]) + domain["live_disks"]
        if domain["active"] or not running
    }
