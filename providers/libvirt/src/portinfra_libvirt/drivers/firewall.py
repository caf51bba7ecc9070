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
    """The filter's owner, and the addresses of its role, are in a comment of its last rule."""

    spec = Firewall
    nouns = "filters"
    cannot_show = frozenset({"tags", "network"})

    def parts_at(self, told: Record, answers: Answers, names: Names) -> Iterable[Part]:
        """Every filter of ours: its name says so, and its comment whose it is."""
        marked = (marks.read_mark(each["said"], names.scope, Network.kind) for each in told["networks"])
        dhcp = {self._dhcp(said["cidr"]) for said in marked if said and "cidr" in said}
        for document in told["filters"]:
            seen = filters.read(document)
            mark = owner_of(seen, names.scope)
            if mark is None:
                continue
            address, cidr = mark
            spec = Firewall(address.name, None, cidr=cidr)
            more = {"owner": seen.owner, "cidr": cidr, "dhcp": seen.dhcp}
            sound = seen.sound and (seen.dhcp in dhcp or not dhcp)  # without a network, nobody can tell
            yield Part(address, seen.name, spec, digest(address, sound), more, sound)

    def others(self, there: Everything) -> Iterable[Foreign]:
        """Return the filters of others that touch our hosts and filters."""
        return there.filters()

    def wanted_digest(self, want: Firewall, refs: Refs) -> str:
        """Its owner's, and as closed as it was made."""
        return digest(want.address, True)

    def put(self, want: Firewall, seen: Observed[Firewall] | None, refs: Refs, at: str) -> NextCall:
        """Define it; what its rules let through, where it is there, is kept."""
        name = seen.parts["name"] if seen else refs.free_name(want)
        born = refs.scope.resource_name(name) or want.name
        cidr = (seen.parts["cidr"] if seen else "") or want.cidr or self._everything(want, refs)
        owner = f"{want.address} {born} {cidr} {refs.attempt}"
        cidrs = (each.parts["cidr"] for each in refs.seen.values() if isinstance(each.spec, Network))
        dhcp = next(map(self._dhcp, cidrs), seen.parts["dhcp"] if seen else "")
        after = self.after(want, seen, refs, at, name, owner=owner, cidr=cidr, dhcp=dhcp)
        document = filters.document(name, owner, dhcp=dhcp)
        return call("DefineFilter", want.address, after, at, name=name, document=document, keep=True)

    def drop(self, seen: Observed[Firewall], refs: Refs, at: str) -> Call:
        """Undefine it."""
        return call("UndefineFilter", seen.address, self.less(seen, at), at, name=seen.parts["name"])

    def _dhcp(self, cidr: str) -> str:
        """The DHCP server of a network: libvirt has one for it where its bridge is its own."""
        return "" if self.site.bridge else networks.gateway(cidr)

    def _everything(self, want: Firewall, refs: Refs) -> str:
        """The addresses of the whole network, where nobody said which are the role's."""
        network = refs.seen[want.network].spec if want.network else None
        return network.cidr if isinstance(network, Network) else filters.ANYWHERE


def owner_of(seen: filters.Seen, scope: Scope) -> tuple[Address, str] | None:
    """Whose a filter is, and where those who bear it have their addresses; None for one that is not ours."""
    words = seen.owner.split(" ")
    born = scope.resource_name(seen.name)
    if len(words) != 4 or born is None:
        # Somebody took the comment away: the name still tells whose it was.
        return (Address(f"{Firewall.kind}.{born}"), "") if born else None
    address, said, cidr, _ = words
    return (Address(address), cidr) if said == born else None
