"""Subnets: ranges of addresses in the environment's network."""

from typing import Any

from portinfra.model.observed import Observed
from portinfra.model.resources import Network, Subnet
from portinfra.provider.interface import DONE, Call, Names, NextCall, Refs
from portinfra_libvirt import networks
from portinfra_libvirt.drivers import entries
from portinfra_libvirt.drivers.base import LibvirtDriver
from portinfra_libvirt.drivers.reading import Answers


class SubnetDriver(LibvirtDriver[Subnet]):
    """An entry in the network's metadata.

    The first-boot data of a guest in a public subnet has the gateway.
    """

    spec = Subnet
    replaces: frozenset[str] = frozenset({"network", "cidr", "zone"})
    holds: frozenset[str] = frozenset({"network"})

    def assemble(self, answers: Answers, names: Names) -> list[Observed[Subnet]]:
        """Return every range in our networks' metadata."""
        found = []
        for entry in entries.entries(answers, names.scope, networks.SUBNETS, Subnet.kind):
            spec = Subnet(
                entry.address.name,
                names.address_of(f"{Network.kind}:{entry.network}"),
                entry.said.get("cidr", ""),
                entry.said.get("zone", ""),
                bool(entry.said.get("public")),
                entry.said.get("tags", {}),
            )
            place = None if self.site.alone else str(spec.zone)
            found.append(Observed(spec.address, spec, entry.parts, place=place))
        return found

    def next_call(self, want: Subnet | None, seen: Observed[Subnet] | None, refs: Refs) -> NextCall:
        """Return the call that writes, replaces or removes the entry."""
        if want is None:
            return DONE if seen is None else entries.drop(seen, networks.SUBNETS)
        if seen is not None and (want.address, want) == (seen.address, seen.spec):
            return DONE
        return self._put(want, seen, refs)

    def _put(self, want: Subnet, seen: Observed[Any] | None, refs: Refs) -> Call:
        assert want.network is not None
        at = self.site.at(str(want.zone)).name
        if seen is not None:
            parts = dict(seen.parts)
        else:
            network = refs.seen[want.network].parts
            key = _free_key(want, refs)
            parts = entries.parts(want.address, at, network["name"], key, network["cidr"])
        after = Observed(want.address, want, parts, place=None if self.site.alone else str(want.zone))
        said = {"cidr": want.cidr, "zone": want.zone, "public": want.public}
        return entries.put(want, after, refs, networks.SUBNETS, **said)


def _free_key(want: Subnet, refs: Refs) -> str:
    """Return its name, or another key while a renamed subnet still uses that name."""
    taken = {seen.parts.get("key") for seen in refs.seen.values() if isinstance(seen.spec, Subnet)}
    key = want.name
    while key in taken:
        key += "-"
    return key
