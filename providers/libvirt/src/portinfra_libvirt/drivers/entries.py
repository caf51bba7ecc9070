"""Kinds that are an entry in the metadata of their environment's network, on their zone's hypervisor."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Network, Spec
from portinfra.provider.interface import Call, Refs
from portinfra_libvirt import marks, networks
from portinfra_libvirt.drivers import reading
from portinfra_libvirt.drivers.base import call
from portinfra_libvirt.drivers.reading import Answers


@frozen
class Entry:
    """One observed entry."""

    at: str
    network: str
    """The network's name on its hypervisor."""
    cidr: str
    key: str
    said: Mapping[str, Any]
    changing: bool
    """Whether the forwarding of the network is not confirmed yet."""

    @property
    def address(self) -> Address:
        """The resource that the entry is."""
        return Address(self.said["address"])

    @property
    def parts(self) -> dict[str, str]:
        """What a change or removal needs."""
        return parts(self.address, self.at, self.network, self.key, self.cidr)


def parts(address: Address, at: str, network: str, key: str, cidr: str) -> dict[str, str]:
    """Return the parts of an entry."""
    return {"id": f"{address.kind}:{network}/{key}", "at": at, "network": network, "key": key, "cidr": cidr}


def entries(answers: Answers, scope: Scope, section: str, kind: str) -> Iterator[Entry]:
    """Yield every entry of a section."""
    for at, answer in reading.answers_by_hypervisor(answers).items():
        for record in answer["networks"]:
            said = marks.read_mark(record["said"], scope, Network.kind) or {}
            for key, entry in said.get(section, {}).items():
                if Address(str(entry.get("address", ""))).kind == kind:
                    cidr, changing = said.get("cidr", ""), bool(said.get(networks.CHANGING))
                    yield Entry(at, record["name"], cidr, key, entry, changing)


def put(want: Spec, after: Observed[Any], refs: Refs, section: str, **said: Any) -> Call:
    """Return the call that writes an entry, or replaces it."""
    entry = marks.mark(want, refs, **said)
    del entry["scope"], entry["v"]
    where = {name: after.parts[name] for name in ("network", "key")}
    return call("PutEntry", want.address, after, after.parts["at"], section=section, entry=entry, **where)


def drop(seen: Observed[Any], section: str) -> Call:
    """Return the call that removes an entry."""
    where = {name: seen.parts[name] for name in ("network", "key")}
    return call("PutEntry", seen.address, None, seen.parts["at"], section=section, entry=None, **where)
