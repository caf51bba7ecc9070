"""What volumes and snapshots share: each is an encrypted file with the secret that opens it."""

import json
from abc import abstractmethod
from typing import Any, TypeVar

from attrs import evolve

from portinfra.model.observed import Observed, State
from portinfra.model.resources import Snapshot, Volume
from portinfra.provider.interface import DONE, Call, Names, NextCall, Refs, Refuse
from portinfra_libvirt import disks, marks
from portinfra_libvirt.drivers import reading
from portinfra_libvirt.drivers.base import LibvirtDriver, call
from portinfra_libvirt.drivers.reading import Answers, File

S = TypeVar("S", Volume, Snapshot)

UNLISTED = "unlisted"
"""The part of a disk that no pool lists: what to do about it."""

HELD = "held"
"""The part of a disk whose file is missing and which a running guest still holds open."""


class DiskDriver(LibvirtDriver[S]):
    """The owner is in the secret's description. The file's name can never change."""

    def assemble(self, answers: Answers, names: Names) -> list[Observed[S]]:
        """Every file of the kind; of doubles the one that a guest has, else the first."""
        used, open_files = _used(answers), _used(answers, running=True)
        found: list[Observed[S]] = []
        for file in sorted(
            reading.files(answers, names.scope, self.spec.kind),
            key=lambda each: (each.path not in used, each.file),
        ):
            place = None if self.site.alone else self.site_zone(file.at)
            spec = self.seen_spec(file, names)
            parts = {"id": file.path, "file": file.file, "at": file.at}
            reason = _unsound(file)
            if file.said is not None:
                parts["said"] = marks.written(file.said)
            if file.record is not None:
                parts["bytes"] = str(file.record["bytes"])
            if file.unlisted is not None and not file.unfinished:
                parts[UNLISTED] = file.unlisted.fix
            if file.record is None and file.path in open_files:
                parts[HELD] = "yes"
            state: State = "pending" if reason else "ready"
            if file.unfinished:
                parts[disks.UNFINISHED] = "yes"
            found.append(Observed(file.address, spec, parts, state, place, reason=reason))
        return found

    @abstractmethod
    def seen_spec(self, file: File, names: Names) -> S:
        """What file and secret say, as a declaration."""

    @abstractmethod
    def make(self, want: S, refs: Refs) -> NextCall:
        """The call that makes it."""

    def change(self, want: S, seen: Observed[S], refs: Refs) -> NextCall:
        """The call that changes what can be changed in place."""
        return Refuse(f"{want.address} cannot change in place", "Replace it: --replace " + want.address)

    def next_call(self, want: S | None, seen: Observed[S] | None, refs: Refs) -> NextCall:
        """Make, remove, take over, change: the first of these that is needed. What a run that died did not
        finish holds nothing, and is made anew.
        """
        if seen is None:
            return DONE if want is None else self.make(want, refs)
        if UNLISTED in seen.parts:
            return Refuse(f"{seen.address}: {seen.reason}", seen.parts[UNLISTED])
        if want is None or disks.UNFINISHED in seen.parts:
            where = {"scope": str(refs.scope), "path": seen.id}
            return call("DeleteDisk", seen.address, None, seen.parts["at"], **where)
        if seen.state == "pending":
            fix = "docs/providers/libvirt.md says what can be done."
            if "bytes" not in seen.parts:
                fix = put_back(f"{want.address} --allow-data-loss {want.address}", held=HELD in seen.parts)
            return Refuse(f"{want.address}: {seen.reason}", fix)
        if seen.address != want.address or _says_otherwise(want, seen.spec):
            return self._own(want, seen)
        return DONE if want == seen.spec else self.change(want, seen, refs)

    def site_zone(self, at: str) -> str:
        """The zone of a hypervisor that is one."""
        return next(each.zones[0] for each in self.site.hypervisors if each.name == at)

    def _own(self, want: S, seen: Observed[S]) -> Call:
        said = marks.written(marks.owning(_said(seen), want))
        spec = evolve(
            seen.spec,
            name=want.name,
            **{name: getattr(want, name) for name in ("tags", "protect") if hasattr(want, name)},
        )
        after = evolve(seen, address=want.address, spec=spec, parts={**seen.parts, "said": said})
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


def _said(seen: Observed[Any]) -> marks.Mark:
    said: marks.Mark = json.loads(seen.parts["said"])
    return said


def _says_otherwise(want: Any, seen: Any) -> bool:
    return any(getattr(want, name, None) != getattr(seen, name, None) for name in ("tags", "protect"))


def _unsound(file: File) -> str:
    if file.unfinished:
        return "it was not finished"
    if file.unlisted is not None:
        return file.unlisted.reason
    if file.record is None:
        return f"there is no file {file.path} any more"
    if file.said is None:
        return "the secret that opens it is gone"
    if file.record["format"] != "qcow2" or not file.record["encrypted"]:
        return "its file is not encrypted"
    return ""


def _used(answers: Answers, *, running: bool = False) -> set[str]:
    """The paths of the disks that guests have; with `running`, only as guests run."""
    return {
        disk["path"]
        for told in reading.told(answers).values()
        for domain in told["domains"]
        for disk in ([] if running else domain["disks"]) + domain["live_disks"]
        if domain["active"] or not running
    }
