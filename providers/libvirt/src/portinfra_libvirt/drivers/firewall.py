"""Firewalls: a filter that drops everything, on each hypervisor."""

from collections.abc import Iterable

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Foreign, Observed
from portinfra.model.resources import Firewall, Network
from portinfra.provider.interface import Call, Names, NextCall, Refs
from portinfra_libvirt import filters, marks, networks
from portinfra_libvirt.drivers.base import EverywhereDriver, Part, call, digest
from portinfra_libvirt.drivers.foreign import Everything
from portinfra_libvirt.drivers.reading import Answers, Record


class FirewallDriver(EverywhereDriver[Firewall]):
    """A filter. A comment of its last rule has its owner, and the addresses of its role."""

    spec = Firewall
    nouns = "filters"
    cannot_show: frozenset[str] = frozenset({"tags", "network"})

    def parts_at(self, answer: Record, answers: Answers, names: Names) -> Iterable[Part]:
        """Yield our filters. The name shows the scope, and the comment the owner."""
        marked = (marks.read_mark(each["said"], names.scope, Network.kind) for each in answer["networks"])
        dhcp = {self._dhcp(said["cidr"]) for said in marked if said and "cidr" in said}
        for document in answer["filters"]:
            seen = filters.read(document)
            mark = owner_of(seen, names.scope)
            if mark is None:
                continue
            address, cidr = mark
            spec = Firewall(address.name, None, cidr=cidr)
            more = {"owner": seen.owner, "cidr": cidr, "dhcp": seen.dhcp}
            sound = seen.sound and (seen.dhcp in dhcp or not dhcp)  # without a network, the server is unknown
            yield Part(address, seen.name, spec, digest(address, sound), more, sound)

    def others(self, there: Everything) -> Iterable[Foreign]:
        """Return the foreign filters that affect our hosts and filters."""
        return there.filters()

    def wanted_digest(self, want: Firewall, refs: Refs) -> str:
        """Return the digest of its owner, and of a filter that drops everything else."""
        return digest(want.address, True)

    def put(self, want: Firewall, seen: Observed[Firewall] | None, refs: Refs, at: str) -> NextCall:
        """Return the call that defines it. It keeps the rules that exist."""
        name = seen.parts["name"] if seen else refs.free_name(want)
        original = refs.scope.resource_name(name) or want.name
        cidr = (seen.parts["cidr"] if seen else "") or want.cidr or self._everything(want, refs)
        owner = f"{want.address} {original} {cidr} {refs.attempt}"
        cidrs = (each.parts["cidr"] for each in refs.seen.values() if isinstance(each.spec, Network))
        dhcp = next(map(self._dhcp, cidrs), seen.parts["dhcp"] if seen else "")
        after = self.after(want, seen, refs, at, name, owner=owner, cidr=cidr, dhcp=dhcp)
        document = filters.document(name, owner, dhcp=dhcp)
        return call("DefineFilter", want.address, after, at, name=name, document=document, keep=True)

    def drop(self, seen: Observed[Firewall], refs: Refs, at: str) -> Call:
        """Return the call that undefines it."""
        return call("UndefineFilter", seen.address, self.less(seen, at), at, name=seen.parts["name"])

    def _dhcp(self, cidr: str) -> str:
        """Return the DHCP server of a network. libvirt has one if the environment has its own bridge."""
        return "" if self.site.bridge else networks.gateway(cidr)

    def _everything(self, want: Firewall, refs: Refs) -> str:
        """Return the addresses of the whole network, for a role without a cidr."""
        network = refs.seen[want.network].spec if want.network else None
        return network.cidr if isinstance(network, Network) else filters.ANYWHERE


def owner_of(seen: filters.Seen, scope: Scope) -> tuple[Address, str] | None:
    """Return the owner of a filter and the addresses of its role; None if the filter is not ours."""
    words = seen.owner.split(" ")
    original = scope.resource_name(seen.name)
    if len(words) != 4 or original is None:
        # A person removed the comment. The name still shows the owner.
        return (Address(f"{Firewall.kind}.{original}"), "") if original else None
    address, said, cidr, _ = words
    return (Address(address), cidr) if said == original else None
