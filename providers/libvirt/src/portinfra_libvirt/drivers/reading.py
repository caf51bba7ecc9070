"""The read of each hypervisor that all kinds share, and its content about files."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from portinfra.model.address import Address, Scope
from portinfra.provider.interface import Answer, Call
from portinfra_libvirt import disks, marks
from portinfra_libvirt.listing import Unlisted, explain_unlisted
from portinfra_libvirt.marks import Mark
from portinfra_libvirt.site import Site

Record = Mapping[str, Any]
Answers = Mapping[Call, Sequence[Answer]]

CONSOLE = "ReadConsole"
"""The read that listens to the console of one guest."""

SURVEY = "Survey"


def survey(site: Site, scope: Scope) -> tuple[Call, ...]:
    """Return a read of each hypervisor. If a hypervisor is a zone, its silence leaves that zone unknown."""
    return tuple(
        Call(SURVEY, {"at": each.name, "scope": str(scope)}, place=None if site.alone else each.zones[0])
        for each in site.hypervisors
    )


def answers_by_hypervisor(answers: Answers) -> dict[str, Record]:
    """Return hypervisor → its answer. One that did not answer is left out."""
    return {call.parameters["at"]: pages[0] for call, pages in answers.items() if call.action == SURVEY}


@frozen
class File:
    """A disk of the scope: the file, the secret that opens it, or only one of both."""

    at: str
    file: str
    path: str
    record: Record | None
    said: Mark | None
    born: Address
    """The address in its name."""
    unlisted: Unlisted | None = None
    """Why the file is unknown; None if it exists or is absent."""
    secret: bool = True
    """Whether the secret that opens it exists. Without a mark, a person removed its description."""

    @property
    def address(self) -> Address:
        """The current owner."""
        return Address(self.said["address"]) if self.said else self.born

    @property
    def is_unfinished(self) -> bool:
        """Whether it does not have all of its contents yet."""
        return bool((self.said or {}).get(disks.UNFINISHED))


@frozen
class Overlay:
    """An external snapshot made outside portinfra: a guest writes to `file` instead of `path`."""

    domain: str
    target: str
    path: str
    file: str

    @property
    def reason(self) -> str:
        """The problem."""
        return (
            f"an external snapshot was made outside portinfra: the disk {self.target} of {self.domain} is "
            f"{self.file}, which is on top of {self.path}"
        )

    @property
    def fix(self) -> str:
        """The command that merges the guest's later writes into the disk.

        Without `--base`, virsh would write them into the image, which other guests use.
        """
        commit = f"virsh blockcommit {self.domain} {self.target} --base {shlex.quote(self.path)}"
        return f"While the guest runs: {commit} --active --pivot --wait"


def files(answers: Answers, scope: Scope, kind: str) -> Iterator[File]:
    """Yield every disk of a kind.

    A secret with the mark of another owner, or of another file, is not ours.
    """
    for at, record in answers_by_hypervisor(answers).items():
        there = {each["file"]: each for each in record["disks"]}
        secrets = {each["file"]: each for each in record["secrets"]}
        for file in sorted({*there, *secrets}):
            name = disks.read(file)
            if name is None or name.address.kind != kind or name.ending == disks.SEED_ENDING:
                continue
            if name.ending == disks.PART_ENDING and _whole(file) in {*there, *secrets}:
                continue  # it belongs to the whole disk
            text = secrets[file]["said"] if file in secrets else ""
            said = marks.read_mark(text, scope, kind)
            if marks.is_mark(text) and (said is None or said.get("file") != file):
                continue
            path = there[file]["path"] if file in there else secrets[file]["path"]
            unknown = None if file in there else explain_unlisted(record["pool"], path, at)
            yield File(at, file, path, there.get(file), said, name.address, unknown, file in secrets)


def _whole(part: str) -> str:
    return part.removesuffix(disks.PART_ENDING) + disks.ENDING


def overlays(answers: Answers) -> Mapping[str, Overlay]:
    """Return path of each disk below an external snapshot made outside portinfra → that snapshot."""
    return {
        each.path: each
        for record in answers_by_hypervisor(answers).values()
        for domain in record["domains"]
        for each in overlays_of(domain)
    }


def overlays_of(domain: Record) -> list[Overlay]:
    """Return the external snapshots to which a domain writes, and which portinfra did not create."""
    return [
        Overlay(domain["name"], disk["target"], disk["path"], disk["overlay"])
        for disk in domain["disks"] + domain["live_disks"]
        if disk.get("overlay")
    ]
