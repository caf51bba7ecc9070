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


class DiskDriver(LibvirtDriver[S]):
    """The owner is in the secret's description. The file's name can never change."""

    def assemble(self, answers: Answers, names: Names) -> list[Observed[S]]:
        """Every file of the kind; of doubles the one that a guest has, else the first."""
        used = _used(answers)
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
        if want is None or disks.UNFINISHED in seen.parts:
            where = {"scope": str(refs.scope), "path": seen.id}
            return call("DeleteDisk", seen.address, None, seen.parts["at"], **where)
        if seen.state == "pending":
            fix = "docs/providers/libvirt.md says what can be done."
            if "bytes" not in seen.parts:
                fix = put_back(f"{want.address} --allow-data-loss {want.address}")
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


def put_back(replaced: str) -> str:
    """What is told to do about a file that is missing while its secret is there."""
    return f"Put it back, or mount what it lies on: its secret is kept. If it is lost: --replace {replaced}."


def _said(seen: Observed[Any]) -> marks.Mark:
    said: marks.Mark = json.loads(seen.parts["said"])
    return said


def _says_otherwise(want: Any, seen: Any) -> bool:
    return any(getattr(want, name, None) != getattr(seen, name, None) for name in ("tags", "protect"))


def _unsound(file: File) -> str:
    if file.unfinished:
        return "it was not finished"
    if file.record is None:
        return f"there is no file {file.path} any more"
    if file.said is None:
        return "the secret that opens it is gone"
    if file.record["format"] != "qcow2" or not file.record["encrypted"]:
        return "its file is not encrypted"
    return ""


def _used(answers: Answers) -> set[str]:
    """The paths that guests have."""
    return {
        disk["path"]
        for told in reading.told(answers).values()
        for domain in told["domains"]
        for disk in domain["disks"] + domain["live_disks"]
    }
