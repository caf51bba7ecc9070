"""The test whether a site's bridge really links its hypervisors.

A bridge of that name on each hypervisor proves nothing. So portinfra tests it with packets, before it creates
anything on it.

It uses libvirt's API only. On each of two hypervisors it starts a guest without a disk, whose firmware sends
broadcasts for an address to boot from. The filter of each guest allows only traffic from the other. So a
request that arrives has crossed the bridge.
"""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, NamedTuple

import libvirt
from attrs import define, field, frozen

from portinfra.errors import InvalidRequest, ProviderError, Unsupported
from portinfra.model.address import Scope
from portinfra.provider.interface import Call
from portinfra_libvirt import marks, networks, xml
from portinfra_libvirt.actions.hypervisor import Hand
from portinfra_libvirt.site import Site

PROBE_SECONDS = 60.0
"""A guest sends a request every few seconds. A bridge with STP blocks it for 30 seconds."""
POLL_SECONDS = 0.1

REQUEST_BYTES = 300
"""The smallest size of a request for an address."""

_LOCK = threading.Lock()
_LINKED: set[tuple[str, str]] = set()
"""Pairs of hypervisors, by URI, that reached each other. Each process tests them once."""


_FAILED: dict[tuple[str, ...], tuple[float, ProviderError]] = {}
"""When the last probe of a site failed, and its error, for callers that waited for its end."""
FRESH_SECONDS = 5.0

FIRST = ("DefineNetwork", "CreateDisk", "CopyDisk", "ImportDisk")
"""The actions with which an apply may begin: disks do not wait for a network."""


def probe_overlay(hand: Hand, call: Call) -> None:
    """Test a site's bridge before a call creates the first resource of a scope on a hypervisor.

    It returns when the first answering hypervisor and each of the others have received packets of each other.
    Raises InvalidRequest if they do not, and Unsupported if a guest sends no request.
    """
    if call.action not in FIRST or not hand.site.bridge or hand.site.alone or _has_network(hand, call):
        return
    began = time.monotonic()
    uris = {each.name: each.uri for each in hand.site.hypervisors}
    failed = tuple(uris.values())
    with _LOCK:
        at, error = _FAILED.get(failed, (0.0, None))
        if error is not None and began < at + FRESH_SECONDS:
            raise error
        hypervisors = [_Hypervisor(zone, uris[zone], each) for zone, each in hand.answering().items()]
        pairs = [
            (hypervisors[0], other)
            for other in hypervisors[1:]
            if (hypervisors[0].uri, other.uri) not in _LINKED
        ]
        try:
            _probe([(_End(one, other), _End(other, one)) for one, other in pairs], hand.site)
        except ProviderError as error:
            _FAILED[failed] = time.monotonic(), error
            raise
        _LINKED.update((one.uri, other.uri) for one, other in pairs)


def _has_network(hand: Hand, call: Call) -> bool:
    """Return whether the scope has a network. It was created after an earlier test."""
    parameters = call.parameters
    scope = Scope.parse(
        parameters["scope"] if "scope" in parameters else networks.owner(parameters["document"])[0]
    )
    names = (each.name() for each in hand.connection.listAllNetworks())
    return any(scope.resource_name(name) is not None and "-claim-" not in name for name in names)


class _Hypervisor(NamedTuple):
    zone: str
    uri: str
    connection: Any


@frozen
class _End:
    """One of the two guests of a pair."""

    at: _Hypervisor
    other: _Hypervisor
    """The hypervisor from which it must receive packets."""

    @property
    def filter(self) -> str:
        """The name of its filter.

        It is constant, so that the next probe replaces one that a killed process left.
        """
        return f"portinfra-overlay-{_digest(self.at.uri, self.other.uri).hex()[:12]}"

    @contextmanager
    def guest(self, site: Site) -> Iterator["_Guest"]:
        """Run the guest within the block. It ends with this process, however that ends."""
        connection = self.at.connection
        name, mac = f"{self.filter}-{time.time_ns():x}", _mac(self.at.uri, self.other.uri)
        kind = "kvm" if site.virt_type == "kvm" else "qemu"
        try:
            connection.nwfilterDefineXML(_filter(self.filter, _mac(self.other.uri, self.at.uri)))
            document = _document(kind, name, site.bridge, mac, self.filter)
            domain = connection.createXML(document, libvirt.VIR_DOMAIN_START_AUTODESTROY)
            try:
                card = xml.attribute(xml.parse(domain.XMLDesc()), "devices/interface/target", "dev")
                yield _Guest(self.at.zone, domain, card)
            finally:
                with suppress(libvirt.libvirtError):  # it is gone with its hypervisor
                    domain.destroy()
        finally:
            # a guest of another process uses it; that process removes it
            with suppress(libvirt.libvirtError):
                connection.nwfilterLookupByName(self.filter).undefine()


@define
class _Guest:
    """A running guest, with the sizes of the large frames that its card's counters showed one by one.

    A count of frames would not do: the hypervisor's own IPv6 and mDNS frames on a guest's card bypass the
    filter. But their sizes differ from those that the other guest sent.
    """

    zone: str
    domain: Any
    card: str
    received: set[int] = field(factory=set)
    sent: set[int] = field(factory=set)
    _counters: tuple[int, ...] = (0, 0, 0, 0)

    def look(self) -> None:
        """Read the counters, as often as possible: if two frames arrive at once, their sizes are unknown."""
        received, arrived, _, _, sent, left, *_ = self.domain.interfaceStats(self.card)
        before, self._counters = self._counters, (received, arrived, sent, left)
        bytes_in, frames_in, bytes_out, frames_out = (
            now - then for now, then in zip(self._counters, before, strict=True)
        )
        if frames_in == 1 and bytes_in >= REQUEST_BYTES:
            self.received.add(bytes_in)
        if frames_out == 1 and bytes_out >= REQUEST_BYTES:
            self.sent.add(bytes_out)


def _probe(pairs: list[tuple[_End, _End]], site: Site) -> None:
    with ExitStack() as stack:
        guests = [tuple(stack.enter_context(end.guest(site)) for end in pair) for pair in pairs]
        directions = [(one, other) for pair in guests for one, other in (pair, pair[::-1])]
        deadline = time.monotonic() + PROBE_SECONDS
        while (closed := _blocked_directions(directions)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            for one, _ in directions:
                one.look()
    if not closed:
        return
    if silent := [one.zone for one, _ in directions if not one.sent]:
        raise Unsupported(
            f"the link of {site.bridge} between the hypervisors cannot be tested: a guest in "
            f"{', '.join(silent)} "
            "sends no boot request",
            provider="libvirt",
            fix="Install QEMU's network boot there. On Debian, as root: apt-get install -y ipxe-qemu",
        )
    raise InvalidRequest(
        f"the bridge {site.bridge} does not link the hypervisors: "
        + ", ".join(f"{one.zone} receives nothing from {other.zone}" for one, other in closed),
        provider="libvirt",
        fix=f"Link the bridges {site.bridge} of these hypervisors, by a cable or an overlay such as VXLAN, "
        "and allow broadcasts: docs/providers/libvirt.md shows how.",
    )


def _blocked_directions(directions: list[tuple[_Guest, _Guest]]) -> list[tuple[_Guest, _Guest]]:
    """Return the pairs in which the first guest received nothing from the other."""
    return [(one, other) for one, other in directions if not one.received & other.sent]


def _digest(*words: str) -> bytes:
    return hashlib.sha256(" ".join(words).encode()).digest()


def _mac(uri: str, other: str) -> str:
    return ":".join(f"{byte:02x}" for byte in (0x52, *_digest("overlay", uri, other)[:5]))


def _filter(name: str, mac: str) -> str:
    return (
        f"<filter name='{name}' chain='root'><uuid>{marks.unique_id('filter', name)}</uuid>"
        f"<rule action='accept' direction='in' priority='100'><mac srcmacaddr='{mac}'/></rule>"
        "<rule action='drop' direction='in' priority='200'><mac/></rule></filter>"
    )


def _document(kind: str, name: str, bridge: str, mac: str, filter: str) -> str:
    return f"""\
<domain type='{kind}'><name>{name}</name><uuid>{marks.unique_id("domain", name)}</uuid>
<memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type><boot dev='network'/><bios rebootTimeout='0'/></os>
<devices><memballoon model='none'/><interface type='bridge'><mac address='{mac}'/>
<source bridge={xml.quoteattr(bridge)}/><model type='virtio'/><filterref filter='{filter}'/></interface>
</devices></domain>"""
