"""Changes of networks, of what their metadata says, and of filters."""

import ipaddress
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from typing import Any

import libvirt

from portinfra.errors import Conflict, InvalidRequest, NoCapacity, NotFound
from portinfra.model.address import Scope
from portinfra.provider.interface import Answer
from portinfra_libvirt import domains, filters, networks, xml
from portinfra_libvirt.actions import forwarding, pools
from portinfra_libvirt.actions.foreign import advice, strangers
from portinfra_libvirt.actions.hypervisor import Action, Hand, unless_gone
from portinfra_libvirt.forwarding import full, preferred_address


def define_network(hand: Hand, name: str, document: str) -> None:
    """Define and start a network; what stands in its metadata besides its own mark is kept. Raises
    InvalidRequest where others have these addresses on the site's bridge, or could use them.
    """
    with hand.lock:
        old = _read_kept(hand, name)
        _is_free(hand, document)
        if old is None and hand.site.bridge:
            _has_no_strangers(hand)
        network = hand.connection.networkDefineXML(networks.keep_entries(document, old))
        if old is not None and network.isActive() and not _runs_as_defined(network):
            network.destroy()
        if old is not None and networks.forwards(old) and not hand.site.public and network.isActive():
            forwarding.end_forwarding(network)
        if not network.isActive():
            network.create()
        network.setAutostart(1)
        with forwarding.renew_forwarding(hand, network):
            pass  # a hook that is not there is told of before anything stands on the network


def undefine_network(hand: Hand, name: str, scope: str) -> None:
    """Stop and undefine a network. It is the last to go, and takes with it the empty pool that a run which
    died may have left. Raises Conflict where a running guest has a card on it.
    """
    pools.drop_pool(hand, Scope.parse(scope))
    network = hand.connection.networkLookupByName(name)
    if guest := _guest_on(hand, name):
        raise Conflict(
            f"the network {name} is not undefined: the guest {guest} runs on it",
            provider="libvirt",
            fix=f"Stop that guest: virsh shutdown {guest}. Or give its card another network.",
        )
    if network.isActive():
        network.destroy()
    network.undefine()


def put_entry(hand: Hand, network: str, section: str, key: str, entry: Mapping[str, Any] | None) -> Answer:
    """Write an entry of a network's metadata; None removes it. Its answer has the public address, `ip`, of a
    host that is forwarded to. Raises NoCapacity where none is left.
    """
    with hand.lock, ExitStack() as stack:
        old = _read_kept(hand, network)
        if old is None:
            raise NotFound(f"there is no network {network}", provider="libvirt")
        if section == networks.PUBLIC:
            if entry is not None and hand.site.public:
                entry = {**entry, "public": _public(hand, network, key, old)}
            stack.enter_context(
                forwarding.renew_forwarding(hand, hand.connection.networkLookupByName(network))
            )
            old = _read_kept(hand, network) or old
        hand.connection.networkDefineXML(networks.with_entry(old, section, key, entry))
    return {"ip": entry.get("public", "")} if entry else {}


def pin_address(hand: Hand, network: str, mac: str, address: str, pin: bool) -> None:
    """Let DHCP give a host its address, or no longer."""
    there = hand.connection.networkLookupByName(network)
    with hand.lock:
        pins = xml.parse(there.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)).iterfind("ip/dhcp/host")
        if any((each.get("mac"), each.get("ip")) == (mac, address) for each in pins) == pin:
            return
        flags = libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG
        if there.isActive():
            flags |= libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE
        there.update(
            libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST if pin else libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE,
            libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST,
            -1,
            f"<host mac='{mac}' ip='{address}'/>",
            flags,
        )


def define_filter(hand: Hand, name: str, document: str, keep: bool = False, scope: str = "") -> None:
    """Define a filter; guests that run change with it. With `keep`, it lets through what it did before; with
    `scope`, what is forwarded changes with it.
    """
    with hand.lock, forwarding.walls_renewed(hand, scope) if scope else nullcontext():
        if keep:
            with unless_gone(libvirt.VIR_ERR_NO_NWFILTER):
                seen = filters.read(hand.connection.nwfilterLookupByName(name).XMLDesc())
                new = filters.read(document)
                document = filters.document(name, new.owner, seen.allowed, new.dhcp)
        hand.connection.nwfilterDefineXML(document)


def renew_filter(hand: Hand, name: str, scope: str, attempt: str) -> None:
    """Let libvirt instantiate a filter again for the guests that run behind it.

    The tables of the kernel may have been flushed, and libvirt does not look. An equal definition changes
    nothing there. So `attempt` goes into the filter's comment.
    """
    with hand.lock, forwarding.walls_renewed(hand, scope):
        document = hand.connection.nwfilterLookupByName(name).XMLDesc()
        hand.connection.nwfilterDefineXML(filters.renew(document, attempt))


def undefine_filter(hand: Hand, name: str) -> None:
    """Undefine a filter that no guest stands behind."""
    hand.connection.nwfilterLookupByName(name).undefine()


ACTIONS: Mapping[str, Action] = {
    "DefineNetwork": define_network,
    "UndefineNetwork": undefine_network,
    "PutEntry": put_entry,
    "PinAddress": pin_address,
    "DefineFilter": define_filter,
    "RenewFilter": renew_filter,
    "UndefineFilter": undefine_filter,
}


def _guest_on(hand: Hand, network: str) -> str:
    """The name of the first running guest with a card on a network; empty where there is none."""
    for domain in hand.connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
        with unless_gone(libvirt.VIR_ERR_NO_DOMAIN):
            if any(card["network"] == network for card in domains.cards(xml.parse(domain.XMLDesc()))):
                return str(domain.name())
    return ""


def _public(hand: Hand, network: str, key: str, document: str) -> str:
    """The address for an entry: the one that it has, if it is still the site's, or one that nobody has."""
    taken = forwarding.forwarded_addresses(hand, network, key)
    has = networks.entries(document, networks.PUBLIC).get(key, {}).get("public")
    if has in hand.site.public and has not in taken:
        return str(has)
    address = preferred_address(key, hand.site.public, taken)
    if address is None:
        told, fix = full(hand.site)
        raise NoCapacity(f"{told}, by {', '.join(sorted(set(taken.values())))}", provider="libvirt", fix=fix)
    return address


def _is_free(hand: Hand, document: str) -> None:
    """On a bridge that environments share, walls tell roles by their addresses, and libvirt does not look."""
    scope, cidr = networks.owner(document)
    for each in hand.connection.listAllNetworks() if hand.site.bridge else ():
        with unless_gone(libvirt.VIR_ERR_NO_NETWORK):
            there = each.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)
            other, taken = networks.owner(there)
            if not taken or other == scope or networks.record(there, True)["bridge"] != hand.site.bridge:
                continue
            if ipaddress.ip_network(taken).overlaps(ipaddress.ip_network(cidr)):
                raise InvalidRequest(
                    f"{other} has {taken} on the bridge {hand.site.bridge}, and {cidr} overlaps with it",
                    provider="libvirt",
                    fix="Give this environment another cidr.",
                )


def _has_no_strangers(hand: Hand) -> None:
    for name in strangers(hand.connection, hand.site.bridge):
        raise InvalidRequest(
            f"the guest {name} is on the bridge {hand.site.bridge}, and no filter keeps it from using an "
            "address of this environment: its packets would pass the firewalls",
            provider="libvirt",
            fix=advice(name),
        )


def _read_kept(hand: Hand, name: str) -> str | None:
    with unless_gone(libvirt.VIR_ERR_NO_NETWORK):
        network = hand.connection.networkLookupByName(name)
        return str(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE))
    return None


def _runs_as_defined(network: Any) -> bool:
    """Its metadata and its pins left aside."""

    def shape(flags: int) -> dict[str, Any]:
        record = networks.record(network.XMLDesc(flags), True)
        return {name: record[name] for name in ("forward", "bridge", "address", "prefix")}

    return shape(0) == shape(libvirt.VIR_NETWORK_XML_INACTIVE)
