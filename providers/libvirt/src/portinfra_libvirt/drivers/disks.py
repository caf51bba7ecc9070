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
"""The part of a disk below an external snapshot that portinfra did not make: what to do about it."""

HELD = "held"
"""The part of a disk whose file is missing and which a running guest still holds open."""


class DiskDriver(LibvirtDriver[S]):
    """The owner is in the secret's description. The file's name can never change."""

    def assemble(self, answers: Answers, names: Names) -> list[Observed[S]]:
        """Every file of the kind; of doubles the one that a guest has, else the first."""
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
        """What file and secret say, as a declaration."""

    @abstractmethod
    def make(self, want: S, refs: Refs) -> NextCall:
        """The call that makes it."""

    def key_of(self, want: S, refs: Refs) -> str | None:
        """The declared key whose passphrase opens it."""
        return want.key

    @abstractmethod
    def mark_of(self, want: S, file: str, size: int, refs: Refs) -> marks.Mark:
        """What the secret of its file says of it."""

    def change(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """The call that changes what can be changed in place."""
        return Refuse(f"{want.address} cannot change in place", "Replace it: --replace " + want.address)

    def next_call(self, want: S | None, seen: Observed[S] | None, refs: Refs) -> NextCall:
        """Make, remove, take over, change: the first of these that is needed. What a run that died did not
        finish holds nothing, and is made anew.
        """
        if seen is None:
            return DONE if want is None else self.make(want, refs)
        if DEFINABLE in seen.parts:
            return self._list(seen, refs)
        if UNLISTED in seen.parts:
            return Refuse(f"{seen.address}: {seen.reason}", seen.parts[UNLISTED])
        if OVERLAY in seen.parts and (want is None or want != seen.spec):
            return Refuse(f"{seen.address} lies below a snapshot made outside portinfra", seen.parts[OVERLAY])
        if want is None or disks.UNFINISHED in seen.parts:
            where = {"scope": str(refs.scope), "path": seen.id}
            return call("DeleteDisk", seen.address, None, seen.parts["at"], **where)
        if NO_SECRET in seen.parts:
            return self._define_secret(want, seen, refs)
        if UNMARKED in seen.parts:
            return self._own(want, seen, self._mark(want, seen, refs))
        if seen.state == "pending":
            fix = "docs/providers/libvirt-repair.md says what to do."
            if "bytes" not in seen.parts:
                fix = put_back(f"{want.address} --allow-data-loss {want.address}", held=HELD in seen.parts)
            return Refuse(f"{want.address}: {seen.reason}", fix)
        if seen.address != want.address or _says_otherwise(want, seen.spec):
            return self._own(want, seen, marks.owning(_read_mark(seen), want))
        return DONE if want == seen.spec else self.change(want, seen, refs)

    def site_zone(self, at: str) -> str:
        """The zone of a hypervisor that is one."""
        return next(each.zones[0] for each in self.site.hypervisors if each.name == at)

    def _list(self, seen: Observed[S], refs: Refs) -> Call:
        """Define or start the pool, so that what is known of the file is no longer its secret alone."""
        unknown = (UNLISTED, DEFINABLE)
        parts = {name: value for name, value in seen.parts.items() if name not in unknown}
        parts["bytes"] = str(_read_mark(seen).get("bytes", 0) if "said" in parts else 0)
        reason = UNMARKED_REASON if UNMARKED in parts else ""
        after = evolve(seen, parts=parts, state="pending" if reason else "ready", reason=reason)
        where = {"scope": str(refs.scope), "path": seen.id}
        return call("DefinePool", seen.address, after, seen.parts["at"], **where)

    def absorb(self, seen: Observed[S] | None, call: Call, answer: Answer | None) -> Observed[S] | None:
        """The promise; a pool that lists a disk again tells its size."""
        after = call.after
        if after is None or answer is None or call.action != "DefinePool":
            return after
        return evolve(after, parts={**after.parts, "bytes": str(answer["bytes"])})

    def _mark(self, want: S, seen: Observed[S], refs: Refs) -> marks.Mark:
        name = disks.read(seen.parts["file"])
        born = evolve(refs, attempt=name.attempt if name else refs.attempt)
        return self.mark_of(want, seen.parts["file"], int(seen.parts.get("bytes", 0)), born)

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
        """Name and path of a new file."""
        file = disks.file_name(want.address, refs.attempt)
        return file, f"{disks.directory(self.site.directory, refs.scope)}/{file}"


def put_back(replaced: str, *, held: bool) -> str:
    """Return what to do about a file that is missing while its secret is there; `held`: a running guest still
    has it open, so that its data is not lost.
    """
    lost = "A running guest still holds it open: keep that guest running, and copy the disk from it"
    otherwise = f"{lost}." if held else f"If it is lost: --replace {replaced}."
    return f"Put it back, or mount what it lies on: its secret is kept. {otherwise}"


def lost_passphrase(*, held: bool) -> str:
    """Return what to do about a disk whose secret is gone where no declared key has its passphrase; `held`: a
    running guest still has it open.
    """
    again = "Restore the secret from a backup of /etc/libvirt/secrets of that hypervisor"
    while_held = "Keep the guest that runs on it running, and copy its files: no guest can open it again. "
    return f"{while_held if held else ''}{again}; its file is kept."


def _as_marked(want: S, seen: S) -> S:
    """What is seen once its mark says what `want` says."""
    unknown = [each.name for each in fields(type(seen)) if getattr(seen, each.name) is UNSEEN]
    return evolve(seen, name=want.name, **{name: getattr(want, name) for name in unknown})


def _read_mark(seen: Observed[Any]) -> marks.Mark:
    said: marks.Mark = json.loads(seen.parts["said"])
    return said


def _says_otherwise(want: Any, seen: Any) -> bool:
    return any(getattr(want, name, None) != getattr(seen, name, None) for name in ("tags", "protect"))


def _unsound(file: File) -> str:
    if file.is_unfinished:
        return "it was not finished"
    if file.unlisted is not None:
        return file.unlisted.reason
    if file.record is None:
        return f"there is no file {file.path} any more"
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
    """The paths of the disks that guests have; with `running`, only as guests run."""
    return {
        disk["path"]
        for told in reading.answers_by_hypervisor(answers).values()
        for domain in told["domains"]
        for disk in ([] if running else domain["disks"]) + domain["live_disks"]
        if domain["active"] or not running
    }
