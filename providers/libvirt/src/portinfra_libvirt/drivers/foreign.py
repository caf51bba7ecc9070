"""Foreign resources in the networks of a scope, or bound to its filters and hosts. Pure.

Several environments and others share a shared bridge. So its guests count as inside our network only if they
use its addresses, or if no filter prevents that.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping

from attrs import frozen

from portinfra.model.address import Address
from portinfra.model.observed import Foreign
from portinfra.model.resources import Firewall, Instance, Network, Subnet
from portinfra.provider.interface import Call, Names
from portinfra_libvirt import marks, networks
from portinfra_libvirt.drivers.reading import Answers, Record
from portinfra_libvirt.site import Site

EVERYTHING = "ListEverything"
"""The read of everything on a hypervisor, of every owner."""


def survey(site: Site) -> tuple[Call, ...]:
    """Return one read of each hypervisor, which the three kinds share."""
    return tuple(
        Call(EVERYTHING, {"at": each.name}, place=None if site.alone else each.zones[0])
        for each in site.hypervisors
    )


def there(answers: Answers, names: Names, site: Site) -> Iterator["Everything"]:
    """Yield the content of each hypervisor that answered and has a part of ours."""
    for call, pages in answers.items():
        if call.action == EVERYTHING:
            at = str(call.parameters["at"])
            zone = next(each.zones[0] for each in site.hypervisors if each.name == at)
            yield Everything(pages[0], names, site.bridge, None if site.alone else zone)


@frozen
class Everything:
    """Everything on one hypervisor, with its owners."""

    answer: Record
    names: Names
    bridge: str
    """The bridge that the environments of the site share; empty if each has its own."""
    place: str | None

    def networks(self) -> Iterator[Foreign]:
        """Yield the foreign networks on one of our own bridges."""
        for record in self.answer["networks"]:
            if not self._ours(Network.kind, record["name"]) and (
                home := self._own_bridges.get(record["bridge"])
            ):
                yield Foreign("network", record["name"], home.address, place=self.place)

    def filters(self) -> Iterator[Foreign]:
        """Yield the foreign filters to which our hosts and filters refer, or that refer to one of ours."""
        bound: dict[str, set[Address]] = {}
        for domain in self.answer["domains"]:
            if host := self._ours(Instance.kind, domain["name"]):
                for card in domain["cards"]:
                    bound.setdefault(card["filter"], set()).add(host)
        for each in self.answer["filters"]:
            firewall = self._ours(Firewall.kind, each["name"])
            for other in each["refers"]:
                if firewall:
                    bound.setdefault(other, set()).add(firewall)
                elif of_ours := self._ours(Firewall.kind, other):
                    bound.setdefault(each["name"], set()).add(of_ours)
        for name in sorted({each["name"] for each in self.answer["filters"]} & bound.keys()):
            if not self._ours(Firewall.kind, name):
                whose = tuple(sorted(bound[name]))
                home = next((each.address for each in self._homes), whose[0])
                yield Foreign("nwfilter", name, home, place=self.place, bound=whose)

    def domains(self) -> Iterator[Foreign]:
        """Yield the foreign domains with a card in one of our networks, or behind one of our filters."""
        for domain in self.answer["domains"]:
            if self._ours(Instance.kind, domain["name"]):
                continue
            filters = {self._ours(Firewall.kind, card["filter"]) for card in domain["cards"]}
            bound = tuple(sorted(each for each in filters if each))
            homes = (self._home(card) for card in domain["cards"])
            home = next((each for each in homes if each), bound[0] if bound else None)
            if home:
                yield Foreign("domain", domain["name"], home, place=self.place, bound=bound)

    def _ours(self, kind: str, name: str) -> Address | None:
        return self.names.address_of(f"{kind}:{name}")

    @property
    def _homes(self) -> list["_Home"]:
        found = []
        for record in self.answer["networks"]:
            if address := self._ours(Network.kind, record["name"]):
                found.append(_Home(address, record, marks.parse_mark(record["said"])))
        return found

    @property
    def _own_bridges(self) -> Mapping[str, "_Home"]:
        """Bridge → our network, for bridges of one environment only."""
        return {} if self.bridge else {each.record["bridge"]: each for each in self._homes}

    def _home(self, card: Mapping[str, str]) -> Address | None:
        """Return the innermost resource of ours that contains a card."""
        bridges = {record["name"]: record["bridge"] for record in self.answer["networks"]}
        bridge = card["link"] or bridges.get(card["network"], "")
        for home in self._homes:
            address = card["address"] or home.pinned_address(card["mac"])
            is_inside = home.record["name"] == card["network"] or bridge in self._own_bridges
            if self.bridge and bridge == self.bridge:
                is_inside = is_inside or not card["filter"] or bool(home.within(address, [home.cidr]))
            if is_inside:
                return home.subnet(address) or home.address
        return None


@frozen
class _Home:
    """A network of ours on one hypervisor."""

    address: Address
    record: Record
    said: marks.Mark

    @property
    def cidr(self) -> str:
        return str(self.said.get("cidr", ""))

    def pinned_address(self, mac: str) -> str:
        """Return the address that DHCP gives to a card."""
        return next((pin["ip"] for pin in self.record["pins"] if pin["mac"] == mac), "")

    def subnet(self, address: str) -> Address | None:
        """Return the subnet that contains an address."""
        entries = self.said.get(networks.SUBNETS, {}).values()
        cidrs = {str(each.get("cidr", "")): Address(str(each.get("address", ""))) for each in entries}
        found = self.within(address, cidrs)
        return cidrs[found] if found and cidrs[found].kind == Subnet.kind else None

    def within(self, address: str, cidrs: Iterable[str]) -> str:
        """Return the first range that contains an address; empty if none does, or the address is unknown."""
        for cidr in cidrs:
            try:
                if ipaddress.ip_address(address) in ipaddress.ip_network(cidr):
                    return cidr
            except ValueError:  # a variable of a filter, or an address written by hand
                continue
        return ""
