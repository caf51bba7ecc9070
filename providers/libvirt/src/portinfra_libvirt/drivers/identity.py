"""The owner of a domain: by its mark and its name. If one was removed or changed, by its root disk."""

from collections.abc import Iterator

from attrs import frozen

from portinfra.model.address import Address, Scope
from portinfra.model.resources import Instance
from portinfra_libvirt import disks, domains, marks
from portinfra_libvirt.drivers.guest import disk_paths, secret_of
from portinfra_libvirt.drivers.reading import Record

COPY = "host"
"""The key in the mark of a root disk for a copy of its domain's mark."""


@frozen
class Identified:
    """A domain of the scope."""

    domain: Record
    said: marks.Mark
    """Its mark; if that was removed, the copy in its root disk's mark."""
    stripped: bool = False
    """Whether its metadata has no mark that agrees with its name or its root disk."""
    renamed: str = ""
    """The name that it must have, if it has another."""

    @property
    def is_bare(self) -> bool:
        """Whether its declaration is unknown: its root disk has no copy of its mark."""
        return self.stripped and "private_address" not in self.said


def identify(answer: Record, scope: Scope) -> Iterator[Identified]:
    """Yield the domains of the scope on one hypervisor.

    A domain is ours if its mark and name agree. Any other is ours if it has a root disk of ours that no such
    domain has: a copied mark alone does not make a domain ours.
    """
    others: list[Record] = []
    taken: set[str] = set()
    for domain in answer["domains"]:
        said = marks.read_mark(domain["said"], scope, Instance.kind)
        if said is None or domain["name"] != _name(said, scope):
            others.append(domain)
            continue
        taken.add(_root(domain))
        yield Identified(domain, said)
    for domain in others:
        root = _root_mark(answer, _root(domain), scope)
        if root is None or _root(domain) in taken:
            continue
        taken.add(_root(domain))
        yield _by_root(domain, root, scope)


def _by_root(domain: Record, root: marks.Mark, scope: Scope) -> Identified:
    copy = root.get(COPY) or {"scope": str(scope), "address": root["address"]}
    own = marks.read_mark(domain["said"], scope, Instance.kind)
    is_own = own is not None and (COPY not in root or own["address"] == copy["address"])
    said = own if own is not None and is_own else copy
    name = _name(said, scope)
    return Identified(domain, said, not is_own, "" if name == domain["name"] else name)


def _root_mark(answer: Record, path: str, scope: Scope) -> marks.Mark | None:
    """Return the mark of a root disk of ours; None for any other disk.

    If its secret does not show the owner, its name does.
    """
    text = secret_of(answer, path)
    file = disks.read(path.rpartition("/")[2])
    if marks.is_mark(text) or file is None or file.address.kind != Instance.kind:
        return marks.read_mark(text, scope, Instance.kind)
    known = {each["path"] for each in (*answer["disks"], *answer["secrets"])}
    return {"address": str(file.address)} if path in known else None


def _name(said: marks.Mark, scope: Scope) -> str:
    return scope.native_name(said.get("born", Address(said["address"]).name))


def _root(domain: Record) -> str:
    return disk_paths(domain).get(domains.ROOT_TARGET, "")
