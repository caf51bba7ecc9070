"""Public addresses: the hosts that the site's forwarding makes reachable.

A guest has one network card and one address. The site's forwarding decides whether other machines reach it:
by routing, by NAT, or by a shared bridge. The entry here records that a host is public and, if the site has
public addresses, which one it has. The hook decides which traffic passes: it reads the host's filter.
"""

from attrs import evolve

from portinfra.model.observed import Observed, State
from portinfra.model.resources import Instance, PublicAddress
from portinfra.provider.interface import DONE, Names, NextCall, Refs, Refuse
from portinfra_libvirt import forwarding, networks
from portinfra_libvirt.drivers import entries
from portinfra_libvirt.drivers.base import LibvirtDriver
from portinfra_libvirt.drivers.guest import GuestParts
from portinfra_libvirt.drivers.reading import Answers


class PublicAddressDriver(LibvirtDriver[PublicAddress]):
    """An entry in the network's metadata."""

    spec = PublicAddress

    def assemble(self, answers: Answers, names: Names) -> list[Observed[PublicAddress]]:
        """Return every host with an entry."""
        found = []
        for entry in entries.entries(answers, names.scope, networks.PUBLIC, PublicAddress.kind):
            said = entry.said
            instance = names.address_of(f"{Instance.kind}:{said.get('domain', '')}")
            spec = PublicAddress(entry.address.name, instance, said.get("tags", {}))
            ip = said.get("public") or said.get("ip", "")
            parts = {**entry.parts, "ip": ip, "domain": said.get("domain", "")}
            zone = next(each.zones[0] for each in self.site.hypervisors if each.name == entry.at)
            reason = self._problem(entry)
            state: State = "pending" if reason else "ready"
            place = None if self.site.alone else zone
            found.append(Observed(spec.address, spec, parts, state, place, reason=reason))
        return found

    def _problem(self, entry: entries.Entry) -> str:
        """Return why traffic to the host is not forwarded as declared; empty if it is."""
        address = entry.said.get("public", "")
        if self.site.public and not address:
            return "it has no public address of the site yet"
        if address and address not in self.site.public:
            return f"{address} is no longer a public address of the site"
        return (
            "the hypervisor has not confirmed that it forwards the address"
            if entry.changing and address
            else ""
        )

    def next_call(
        self, want: PublicAddress | None, seen: Observed[PublicAddress] | None, refs: Refs
    ) -> NextCall:
        """Return the call that writes, replaces or removes the entry."""
        if want is None:
            return DONE if seen is None else entries.drop(seen, networks.PUBLIC)
        same = seen is not None and (want.address, want) == (seen.address, seen.spec)
        if same and seen is not None and seen.state == "ready":
            return DONE
        has = seen is not None and seen.parts["ip"] in self.site.public
        others = _public(refs) - (seen is not None)
        if self.site.public and not has and others >= len(self.site.public):
            return Refuse(*forwarding.full(self.site))
        assert want.instance is not None
        host = refs.seen[want.instance]
        guest = GuestParts.of(host)
        if seen is None:
            at, network = guest.at, guest.network
            parts = entries.parts(want.address, at, network, want.name, "")
            seen = Observed(want.address, want, parts, place=host.place)
        said = {"domain": guest.name, "ip": host.spec.private_address}
        parts = {**seen.parts, **said}
        after = evolve(seen, address=want.address, spec=want, parts=parts, state="ready", reason="")
        write = entries.put(want, after, refs, networks.PUBLIC, **said)
        return evolve(write, fills={"ip": "ip"}) if self.site.public else write


def _public(refs: Refs) -> int:
    """Return the number of public hosts."""
    return sum(isinstance(each.spec, PublicAddress) for each in refs.seen.values())
