"""Changes of networks, of their metadata, and of filters."""

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
from portinfra_libvirt.actions.foreign import advice, unfiltered_guests
from portinfra_libvirt.actions.hypervisor import Action, Hand, unless_gone
from portinfra_libvirt.forwarding import full, preferred_address


def define_network(hand: Hand, name: str, document: str) -> None:
    """Define and start a network. It keeps the entries in its metadata.

    Raises InvalidRequest if others use these addresses on the site's bridge, or could use them.
    """
    with hand.lock:
        old = _read_kept(hand, name)
        _check_addresses(hand, document)
        if old is None and hand.site.bridge:
            _check_guests(hand)
        network = hand.connection.networkDefineXML(networks.keep_entries(document, old))
        if old is not None and network.isActive() and not _runs_as_defined(network):
            network.destroy()
        if old is not None and networks.forwards(old) and not hand.site.public and network.isActive():
            forwarding.end_forwarding(network)
        if not network.isActive():
            network.create()
        network.setAutostart(1)
        with forwarding.renew_forwarding(hand, network):
            pass  # a missing hook is an error before anything uses the network


def undefine_network(hand: Hand, name: str, scope: str) -> None:
    """Stop and undefine a network, with the empty pool that an ended run may have left.

    It is the last deletion. Raises Conflict if a running guest has a card on it.
    """
    pools.drop_pool(hand, Scope.parse(scope))
    network = hand.connection.networkLookupByName(name)
    if guest := _guest_on(hand, name):
        raise Conflict(
            f"the network {name} cannot be undefined: the guest {guest} runs on it",
            provider="libvirt",
            fix=f"Stop that guest: virsh shutdown {guest}. Or give its card another network.",
        )
    if network.isActive():
        network.destroy()
    network.undefine()


def put_entry(hand: Hand, network: str, section: str, key: str, entry: Mapping[str, Any] | None) -> Answer:
    """Write an entry of a network's metadata; None removes it.

    Return the public address of a forwarded host as `ip`. Raises NoCapacity if no address is left.
    """
    with hand.lock, ExitStack() as stack:
        old = _read_kept(hand, network)
        if old is None:
            raise NotFound(f"the network {network} does not exist", provider="libvirt")
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
    """Make DHCP give a host its address, or stop this."""
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
    """Define a filter. Running guests change with it.

    With `keep`, it keeps its current rules. With `scope`, forwarding changes with it.
    """
    with hand.lock, forwarding.renew_scope_forwarding(hand, scope) if scope else nullcontext():
        if keep:
            with unless_gone(libvirt.VIR_ERR_NO_NWFILTER):
                seen = filters.read(hand.connection.nwfilterLookupByName(name).XMLDesc())
                new = filters.read(document)
                document = filters.document(name, new.owner, seen.allowed, new.dhcp)
        hand.connection.nwfilterDefineXML(document)


def renew_filter(hand: Hand, name: str, scope: str, attempt: str) -> None:
    """Make libvirt instantiate a filter again for its running guests.

    Another program may have flushed the tables of the kernel, which libvirt does not check. An equal
    definition would change nothing there. So `attempt` goes into the filter's comment.
    """
    with hand.lock, forwarding.renew_scope_forwarding(hand, scope):
        document = hand.connection.nwfilterLookupByName(name).XMLDesc()
        hand.connection.nwfilterDefineXML(filters.renew(document, attempt))


def undefine_filter(hand: Hand, name: str) -> None:
    """Undefine a filter without guests."""
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
    """Return the name of the first running guest with a card on a network; empty if there is none."""
    for domain in hand.connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
        with unless_gone(libvirt.VIR_ERR_NO_DOMAIN):
            if any(card["network"] == network for card in domains.cards(xml.parse(domain.XMLDesc()))):
                return str(domain.name())
    return ""


def _public(hand: Hand, network: str, key: str, document: str) -> str:
    """Return the address for an entry: its current one if the site still has it, else a free one."""
    taken = forwarding.forwarded_addresses(hand, network, key)
    has = networks.entries(document, networks.PUBLIC).get(key, {}).get("public")
    if has in hand.site.public and has not in taken:
        return str(has)
    address = preferred_address(key, hand.site.public, taken)
    if address is None:
        problem, fix = full(hand.site)
        raise NoCapacity(f"{problem}: {', '.join(sorted(set(taken.values())))}", provider="libvirt", fix=fix)
    return address


def _check_addresses(hand: Hand, document: str) -> None:
    """Raise InvalidRequest if another network on the shared bridge overlaps.

    Filters identify roles by addresses, and libvirt does not check for overlaps.
    """
    scope, cidr = networks.owner(document)
    for each in hand.connection.listAllNetworks() if hand.site.bridge else ():
        with unless_gone(libvirt.VIR_ERR_NO_NETWORK):
            document = each.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)
            other, taken = networks.owner(document)
            if not taken or other == scope or networks.record(document, True)["bridge"] != hand.site.bridge:
                continue
            if ipaddress.ip_network(taken).overlaps(ipaddress.ip_network(cidr)):
                raise InvalidRequest(
                    f"{other} has {taken} on the bridge {hand.site.bridge}, and {cidr} overlaps with it",
                    provider="libvirt",
                    fix="Give this environment another cidr.",
                )


def _check_guests(hand: Hand) -> None:
    for name in unfiltered_guests(hand.connection, hand.site.bridge):
        raise InvalidRequest(
            f"the guest {name} is on the bridge {hand.site.bridge}, and no filter keeps it from using an "
            "address of this environment: its packets would bypass the firewalls",
            provider="libvirt",
            fix=advice(name),
        )


def _read_kept(hand: Hand, name: str) -> str | None:
    with unless_gone(libvirt.VIR_ERR_NO_NETWORK):
        network = hand.connection.networkLookupByName(name)
        return str(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE))
    return None


def _runs_as_defined(network: Any) -> bool:
    """Return whether a network runs as defined, apart from its metadata and its DHCP hosts."""

    def shape(flags: int) -> dict[str, Any]:
        record = networks.record(network.XMLDesc(flags), True)
        return {name: record[name] for name in ("forward", "bridge", "address", "prefix")}

    return shape(0) == shape(libvirt.VIR_NETWORK_XML_INACTIVE)
