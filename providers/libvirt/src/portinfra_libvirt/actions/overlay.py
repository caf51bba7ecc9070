"""Whether the bridge of a site really reaches from each of its hypervisors to the others. That each has one
of that name proves nothing; so it is tried with packets, before anything is made that is to lie on it.

By libvirt's API alone: of two hypervisors each starts a guest without a disk, whose firmware asks the whole
bridge for an address to boot from. Each stands behind a filter that lets in what comes from the other, and
nothing else, so a request that arrives has crossed.
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

PATIENCE_SECONDS = 60.0
"""A guest asks every few seconds; a bridge that runs STP lets it wait for 30."""
POLL_SECONDS = 0.1

REQUEST_BYTES = 300
"""No request for an address is smaller."""

_LOCK = threading.Lock()
_LINKED: set[tuple[str, str]] = set()
"""Pairs of hypervisors, by URI, that were found to reach each other: once a process."""


_FAILED: dict[tuple[str, ...], tuple[float, ProviderError]] = {}
"""When the last probe of a site failed, and how: for who has waited for its end, or was next in line."""
FRESH_SECONDS = 5.0

FIRST = ("DefineNetwork", "CreateDisk", "CopyDisk", "ImportDisk")
"""What an apply may begin with: disks wait for no network."""


def probe_overlay(hand: Hand, call: Call) -> None:
    """Before a call makes the first of a scope's resources on a hypervisor: return when the first of the
    hypervisors that answer, and each of the others, have heard each other on the site's bridge. Raises
    InvalidRequest where they do not; Unsupported where a guest cannot ask.
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
        there = [_Hypervisor(zone, uris[zone], each) for zone, each in hand.answering().items()]
        pairs = [(there[0], other) for other in there[1:] if (there[0].uri, other.uri) not in _LINKED]
        try:
            _try([(_End(one, other), _End(other, one)) for one, other in pairs], hand.site)
        except ProviderError as error:
            _FAILED[failed] = time.monotonic(), error
            raise
        _LINKED.update((one.uri, other.uri) for one, other in pairs)


def _has_network(hand: Hand, call: Call) -> bool:
    """Whether there is a network of the scope, which was made after this had been tried."""
    told = call.parameters
    scope = Scope.parse(told["scope"] if "scope" in told else networks.owner(told["document"])[0])
    there = (each.name() for each in hand.connection.listAllNetworks())
    return any(scope.resource_name(name) is not None and "-claim-" not in name for name in there)


class _Hypervisor(NamedTuple):
    zone: str
    uri: str
    connection: Any


@frozen
class _End:
    """One of the two guests of a pair."""

    at: _Hypervisor
    other: _Hypervisor
    """The one that it is to hear."""

    @property
    def filter(self) -> str:
        """The filter's name: always the same, so that one which a killed process left goes with the next."""
        return f"portinfra-overlay-{_digest(self.at.uri, self.other.uri).hex()[:12]}"

    @contextmanager
    def guest(self, site: Site) -> Iterator["_Guest"]:
        """The guest, while it is needed. It ends with this process, too, however that ends."""
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
                with suppress(libvirt.libvirtError):  # it went with its hypervisor
                    domain.destroy()
        finally:
            with suppress(libvirt.libvirtError):  # a guest of another process is behind it, which removes it
                connection.nwfilterLookupByName(self.filter).undefine()


@define
class _Guest:
    """It, running, and the sizes of the large frames that went over its card one by one, by its counters.

    That any arrived would not do: what the hypervisor itself says on a guest's card, of IPv6 or mDNS, passes
    by the filter. But it is not of the size of what the other has sent.
    """

    zone: str
    domain: Any
    card: str
    heard: set[int] = field(factory=set)
    sent: set[int] = field(factory=set)
    _counters: tuple[int, ...] = (0, 0, 0, 0)

    def look(self) -> None:
        """Look at the counters, as often as can be: of two frames at once, neither's size is known."""
        received, arrived, _, _, sent, left, *_ = self.domain.interfaceStats(self.card)
        before, self._counters = self._counters, (received, arrived, sent, left)
        bytes_in, frames_in, bytes_out, frames_out = (
            now - then for now, then in zip(self._counters, before, strict=True)
        )
        if frames_in == 1 and bytes_in >= REQUEST_BYTES:
            self.heard.add(bytes_in)
        if frames_out == 1 and bytes_out >= REQUEST_BYTES:
            self.sent.add(bytes_out)


def _try(pairs: list[tuple[_End, _End]], site: Site) -> None:
    with ExitStack() as stack:
        guests = [tuple(stack.enter_context(end.guest(site)) for end in pair) for pair in pairs]
        ways = [(one, other) for pair in guests for one, other in (pair, pair[::-1])]
        give_up = time.monotonic() + PATIENCE_SECONDS
        while (closed := _closed_ways(ways)) and time.monotonic() < give_up:
            time.sleep(POLL_SECONDS)
            for one, _ in ways:
                one.look()
    if not closed:
        return
    if silent := [one.zone for one, _ in ways if not one.sent]:
        raise Unsupported(
            f"whether {site.bridge} links the hypervisors cannot be tried: a guest in {', '.join(silent)} "
            "asks for no address when it starts",
            provider="libvirt",
            fix="QEMU's network boot is needed there. On Debian, as root: apt-get install -y ipxe-qemu",
        )
    raise InvalidRequest(
        f"the bridge {site.bridge} does not link the hypervisors: "
        + ", ".join(f"{one.zone} hears nothing from {other.zone}" for one, other in closed),
        provider="libvirt",
        fix=f"Link the bridges {site.bridge} of these hypervisors, by a cable or an overlay such as VXLAN, "
        "and let broadcasts pass; docs/providers/libvirt.md shows how.",
    )


def _closed_ways(ways: list[tuple[_Guest, _Guest]]) -> list[tuple[_Guest, _Guest]]:
    """Who has heard nothing of whom."""
    return [(one, other) for one, other in ways if not one.heard & other.sent]


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
