"""The parts of an observed guest besides the attributes of its instance, and what it still lacks."""

from collections.abc import Mapping
from typing import Any

from attrs import asdict, evolve, field, fields_dict, frozen
from attrs.converters import optional

from portinfra.model.observed import Observed
from portinfra.model.resources import Instance
from portinfra_libvirt import disks, domains, marks
from portinfra_libvirt.drivers.disks import SECRET_GONE, UNMARKED_REASON
from portinfra_libvirt.drivers.reading import File, Record
from portinfra_libvirt.listing import explain_unlisted


@frozen(kw_only=True)
class GuestParts:
    """The parts of an observed instance. Values that are empty, False or None are left out."""

    id: str
    name: str = ""
    """The name of its domain; empty if only its root disk is left."""
    at: str
    """Its hypervisor."""
    network: str = ""
    mac: str = ""
    root_path: str = ""
    """The path of its root disk in its definition."""
    seed_path: str = ""
    said: str = ""
    """The mark in its metadata; if a person removed that, its copy."""
    copied: str = ""
    """The mark of its root disk, which contains a copy of the domain's mark."""
    stripped: bool = field(default=False, converter=bool)
    """Whether a person removed the mark from its metadata."""
    renamed: str = ""
    """The name that its domain must have, if it has another."""
    overlay: str = ""
    """The external snapshot of its root disk, made outside portinfra."""
    commit: str = ""
    """What to do about that snapshot."""
    root: str = ""
    """The path of its root disk, where the file or its secret exists."""
    unlisted: str = ""
    """What to do about an unknown disk or mark."""
    unknown: str = ""
    """Why its root disk, or its declaration, is unknown."""
    definable: bool = field(default=False, converter=bool)
    """Whether portinfra may define or start the pool that lists its root disk."""
    root_bytes: int | None = field(default=None, converter=optional(int))
    """The size of its finished root disk."""
    root_missing: bool = field(default=False, converter=bool)
    """Whether the file of its finished root disk is gone."""
    root_lost: bool = field(default=False, converter=bool)
    """Whether the secret of its root disk is gone."""
    root_unmarked: bool = field(default=False, converter=bool)
    """Whether the secret of its root disk has no description."""
    seed: str = ""
    """The path of its seed, if that file exists."""
    seeded: bool = field(default=False, converter=bool)
    """Whether its seed is complete."""
    pin: str = ""
    """The network whose DHCP knows its address."""
    cut: bool = field(default=False, converter=bool)
    """Whether its definition lacks its root disk or its seed."""
    transient: bool = field(default=False, converter=bool)
    """Whether it has no definition, so that it ends when it stops."""
    halted: str = ""
    """Why it does not run although it is active."""
    autostart: bool = field(default=False, converter=bool)
    """Whether it starts with its hypervisor."""
    starts: bool = field(default=False, converter=bool)
    """Whether it must start with its hypervisor while it runs.

    Earlier versions defined hosts without this.
    """

    @classmethod
    def of(cls, seen: Observed[Any]) -> "GuestParts":
        """Return the parts of an observed instance."""
        known: dict[str, Any] = {name: seen.parts[name] for name in fields_dict(cls) if name in seen.parts}
        return cls(**known)

    def to_parts(self) -> dict[str, str]:
        """Return the `parts` of an observed value: text only."""
        present = {name: value for name, value in asdict(self).items() if value not in ("", None)}
        return {
            name: "yes" if value is True else str(value)
            for name, value in present.items()
            if value is not False
        }

    def obstacle(self, *, pinned: bool, runs: bool) -> str:
        """Return what keeps it from being ready; empty if nothing does.

        `pinned`: DHCP must have its address. `runs`: it is running.
        """
        reasons = (self.unknown, self._damage(), self._root_obstacle(), self._next_change(pinned, runs))
        return next((reason for reason in reasons if reason), "")

    def _next_change(self, pinned: bool, runs: bool) -> str:
        """Return what portinfra must still do to it."""
        if not self.seeded:
            return "it has no seed yet"
        if self.transient:
            return "its definition was removed outside portinfra: it ends when it stops"
        if self.halted:
            return self.halted
        if pinned and not self.pin:
            return "DHCP has no address for it yet"
        if self.autostart and not runs:
            return "it would start with its hypervisor"
        return "it would not start with its hypervisor" if runs and self.starts and not self.autostart else ""

    def _damage(self) -> str:
        """Return the change of its definition outside portinfra."""
        if self.renamed:
            return f"its domain {self.renamed} was renamed to {self.name} outside portinfra"
        if self.overlay:
            return self.overlay
        if self.stripped:
            return "the metadata of its domain was removed outside portinfra"
        return "its root disk or its seed was removed from its definition" if self.cut else ""

    def _root_obstacle(self) -> str:
        """Return what its root disk lacks."""
        if self.root_missing:
            return f"the file {self.root_path} is gone"
        if self.root_lost:
            return f"its root disk: {SECRET_GONE}"
        if self.root_unmarked:
            return f"its root disk: {UNMARKED_REASON}"
        return "it has no root disk yet" if self.root_bytes is None else ""


def with_parts(seen: Observed[Instance], parts: GuestParts, *, pinned: bool) -> Observed[Instance]:
    """Return an observed instance with other parts. It is ready unless they lack something."""
    reason = parts.obstacle(pinned=pinned, runs=seen.spec.power == "running")
    return evolve(seen, parts=parts.to_parts(), state="pending" if reason else "ready", reason=reason)


def guest_parts(at: str, domain: Record, answer: Record, card: Mapping[str, str]) -> GuestParts:
    """Return the parts of a domain, from its hypervisor's answer. `card` has its MAC, address and network.

    A root disk counts if it is finished and its secret exists. A seed counts if it is complete. A finished
    disk, or one of a running guest, is unknown if no pool lists it.
    """
    paths = disk_paths(domain)
    kept = {disk["target"] for disk in domain["disks"]}
    parts = GuestParts(
        id=f"instance:{domain['name']}",
        name=domain["name"],
        at=at,
        network=card["network"],
        mac=card["mac"],
        root_path=paths.get(domains.ROOT_TARGET, ""),
        seed_path=paths.get(domains.SEED_TARGET, ""),
        said=domain["said"],
        copied=secret_of(answer, paths.get(domains.ROOT_TARGET, "")),
        pin=_pin(card, answer),
        cut=not {domains.ROOT_TARGET, domains.SEED_TARGET} <= kept,
        transient=not domain["persistent"],
        halted=domain["halted"],
        autostart=domain["autostart"],
        starts=bool(marks.parse_mark(domain["said"]).get("starts")),
    )
    return _with_seed(_with_root(parts, answer, running=domain["active"]), answer)


def _with_root(parts: GuestParts, answer: Record, *, running: bool) -> GuestParts:
    root = parts.root_path
    files = {each["path"]: each for each in answer["disks"]}
    secrets = {each["path"]: marks.parse_mark(each["said"]) for each in answer["secrets"]}
    finished = root in secrets and not secrets[root].get(disks.UNFINISHED)
    parts = evolve(parts, root=root if root in files or root in secrets else "")
    if root in files:
        size = files[root]["bytes"] if finished or root not in secrets else None
        lost, unmarked = root not in secrets, root in secrets and not secrets[root]
        return evolve(parts, root_bytes=size, root_lost=lost, root_unmarked=unmarked)
    if (
        root
        and (finished or running)
        and (unknown := explain_unlisted(answer["pool"], root, parts.at)) is not None
    ):
        return evolve(parts, unlisted=unknown.fix, unknown=unknown.reason, definable=unknown.definable)
    return evolve(parts, root_missing=finished)


def _with_seed(parts: GuestParts, answer: Record) -> GuestParts:
    file = next((each for each in answer["disks"] if each["path"] == parts.seed_path), None)
    if file is None or parts.unknown:
        return parts
    return evolve(parts, seed=parts.seed_path, seeded=file["allocated"] >= file["bytes"])


def orphan_parts(file: File, answer: Record) -> GuestParts:
    """Return the parts of a root disk whose domain is gone. Its seed may exist, too."""
    beside = file.file.removesuffix(disks.ENDING) + disks.SEED_ENDING
    seed = next((each["path"] for each in answer["disks"] if each["file"] == beside), "")
    unknown = None if file.is_unfinished else file.unlisted
    return GuestParts(
        id=file.path,
        at=file.at,
        root_path=file.path,
        root=file.path,
        seed=seed,
        unlisted=unknown.fix if unknown else "",
        unknown=unknown.reason if unknown else "",
        definable=bool(unknown and unknown.definable),
    )


def secret_of(answer: Record, path: str) -> str:
    """Return the text in the secret of a disk; empty without one."""
    return next((each["said"] for each in answer["secrets"] if each["path"] == path), "")


def disk_paths(domain: Record) -> dict[str, str]:
    """Return target → path of a domain's disks. Its definition outranks its current state."""
    return {disk["target"]: disk["path"] for disk in domain["live_disks"] + domain["disks"]}


def _pin(card: Mapping[str, str], answer: Record) -> str:
    pin = {"mac": card["mac"], "ip": card["address"]}
    return next((each["name"] for each in answer["networks"] if pin in each["pins"]), "")
