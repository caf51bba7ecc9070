"""Networks: one bridge for the whole environment, defined on each hypervisor."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from portinfra.model.address import Address
from portinfra.model.observed import UNSEEN, Foreign, Observed
from portinfra.model.resources import Network
from portinfra.provider.interface import Call, Names, NextCall, Refs
from portinfra_libvirt import marks, networks
from portinfra_libvirt.drivers.base import EverywhereDriver, Part, call, digest
from portinfra_libvirt.drivers.foreign import Everything
from portinfra_libvirt.drivers.reading import Answers, Record


class NetworkDriver(EverywhereDriver[Network]):
    """A network. It is isolated unless the site says otherwise. Its metadata has its subnets."""

    spec = Network
    nouns = "definitions"
    replaces: frozenset[str] = frozenset({"cidr"})

    def parts_at(self, answer: Record, answers: Answers, names: Names) -> Iterable[Part]:
        """Yield the networks with our mark and the name that follows from it."""
        for record in answer["networks"]:
            said = marks.read_mark(record["said"], names.scope, Network.kind)
            if networks.is_bare(record, names.scope):
                yield self._bare(record, names)
                continue
            if said is None or record["name"] != names.scope.native_name(said.get("born", _name(said))):
                continue
            spec = Network(_name(said), self._cidr(record, said), said.get("tags", {}))
            bridge = record["bridge"] if self.site.bridge else ""
            runs = (record["active"], record["autostart"], bridge, record["forward"], record["forwards"])
            digest, sound = _digest(spec, *runs), runs == self._runs
            yield Part(spec.address, record["name"], spec, digest, self._more(spec.cidr), sound)

    def _bare(self, record: Record, names: Names) -> Part:
        """Return a network without metadata. Its name still shows its owner."""
        name = names.scope.resource_name(record["name"]) or ""
        cidr = self._cidr(record, {})
        spec = Network(name, cidr or UNSEEN, UNSEEN)
        reason = "its metadata was removed outside portinfra"
        return Part(spec.address, record["name"], spec, "bare", {"cidr": cidr}, sound=False, reason=reason)

    def others(self, there: Everything) -> Iterable[Foreign]:
        """Return the foreign networks on one of our bridges."""
        return there.networks()

    def wanted_digest(self, want: Network, refs: Refs) -> str:
        """Return the digest of a running network on the site's bridge, with the site's forwarding."""
        return _digest(want, *self._runs)

    @property
    def _runs(self) -> tuple[bool, bool, str, str, bool]:
        """Its state: running, autostart, shared bridge, libvirt's forwarding, the hook's forwarding."""
        forward = "bridge" if self.site.bridge else self.site.mode
        return True, True, self.site.bridge, forward, bool(self.site.public)

    def put(self, want: Network, seen: Observed[Network] | None, refs: Refs, at: str) -> NextCall:
        """Return the call that defines and starts it. It keeps the subnets in its metadata."""
        name = seen.parts["name"] if seen else refs.free_name(want)
        original = refs.scope.resource_name(name)
        said = marks.mark(want, refs, cidr=want.cidr, born="" if original == want.name else original)
        document = networks.document(name, want.cidr, said, refs.scope, self.site)
        after = self.after(want, seen, refs, at, name, **self._more(want.cidr))
        return call("DefineNetwork", want.address, after, at, name=name, document=document)

    def drop(self, seen: Observed[Network], refs: Refs, at: str) -> Call:
        """Return the call that stops and undefines it."""
        where = {"name": seen.parts["name"], "scope": str(refs.scope)}
        return call("UndefineNetwork", seen.address, self.less(seen, at), at, **where)

    def _more(self, cidr: str) -> dict[str, str]:
        """Return further parts. On a shared bridge no hypervisor routes: the user provides the router."""
        router = {"router": networks.gateway(cidr)} if self.site.bridge and cidr else {}
        return {"cidr": cidr, **router}

    def _cidr(self, record: Record, said: marks.Mark) -> str:
        if self.site.bridge:
            return str(said.get("cidr", ""))
        if not record["address"]:
            return ""
        return str(ipaddress.ip_network(f"{record['address']}/{record['prefix']}", strict=False))


def _digest(spec: Network, *more: Any) -> str:
    return digest(spec.name, spec.cidr, sorted(spec.tags.items()), *more)


def _name(said: marks.Mark) -> str:
    return Address(said["address"]).name
