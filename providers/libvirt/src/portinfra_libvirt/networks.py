"""An environment's network: one bridge, with the subnets written into its metadata.

Subnets are ranges of addresses in it, and no networks of their own: what is routed between two networks of
libvirt passes by the filters.
"""

import ipaddress
import json
from collections.abc import Mapping
from typing import Any

from portinfra.model.address import Scope
from portinfra_libvirt import marks, xml
from portinfra_libvirt.site import Site

URI = "urn:portinfra:network"
SUBNETS = "subnets"
PUBLIC = "public"
SECTIONS = (SUBNETS, PUBLIC)
"""What the metadata says besides the network's own mark: entry by entry, each with its owner."""
CHANGING = "changing"
"""In the metadata while it is not sure that the network is forwarded as it says."""
_KEPT = (*SECTIONS, CHANGING)

_FORWARDED = "portinfra-public"
PORTGROUP = f"<portgroup name='{_FORWARDED}'/>"
"""In a network that the hook forwards for. No card uses it: it tells the hook, and its change calls it."""


def gateway(cidr: str) -> str:
    """The hypervisor's own address in a network: its last, which is no role's. Rules name roles by their
    addresses, and the hypervisor must not be taken for one of their hosts.
    """
    return str(ipaddress.ip_network(cidr)[-2])


def prefix(cidr: str) -> int:
    """How long the network's part of an address is."""
    return ipaddress.ip_network(cidr).prefixlen


def document(name: str, cidr: str, said: Mapping[str, Any], scope: Scope, site: Site) -> str:
    """The network, in libvirt's XML."""
    mine = "" if site.bridge else _own_bridge(cidr, scope, site)
    shared = f"<forward mode='bridge'/><bridge name={xml.quoteattr(site.bridge)}/>" if site.bridge else ""
    return (
        f"<network><name>{xml.escape(name)}</name>"
        f"<uuid>{marks.unique_id('network', name)}</uuid>"
        f"<metadata>{xml.owner_element(URI, marks.to_text(said))}</metadata>{shared}{mine}</network>"
    )


def _own_bridge(cidr: str, scope: Scope, site: Site) -> str:
    forward = "" if site.mode == "none" else f"<forward mode='{site.mode}'/>"
    called = PORTGROUP if site.public else ""
    return (
        f"{forward}<bridge name='pi{scope.hash}' stp='off' delay='0'/><dns enable='no'/>"
        f"<ip family='ipv4' address='{gateway(cidr)}' prefix='{prefix(cidr)}'><dhcp/></ip>{called}"
    )


def record(document: str, active: bool) -> dict[str, Any]:
    """What a network's XML says."""
    root = xml.parse(document)
    return {
        "name": xml.text(root, "name"),
        "active": active,
        "said": xml.metadata(root, URI),
        "forward": xml.attribute(root, "forward", "mode") or "none",
        "bridge": xml.attribute(root, "bridge", "name"),
        "address": xml.attribute(root, "ip", "address"),
        "prefix": _prefix(root),
        "forwards": _forwards(root),
        "pins": [
            {"mac": pin.get("mac", ""), "ip": pin.get("ip", "")} for pin in root.iterfind("ip/dhcp/host")
        ],
    }


def is_bare(record: Mapping[str, Any], scope: Scope) -> bool:
    """Whether a network has a name of the scope, and no mark of any scope."""
    return scope.resource_name(record["name"]) is not None and not marks.is_mark(record["said"])


def keep_entries(new: str, old: str | None) -> str:
    """A network as it is to be, with the entries and the pins that the old definition has."""
    if old is None:
        return new
    root, before = xml.parse(new), xml.parse(old)
    entries = {section: told for section, told in _read_metadata(before).items() if section in _KEPT}
    into, pins = root.find("ip/dhcp"), before.findall("ip/dhcp/host")
    if into is not None:
        into.extend(pins)
    return _saying(root, {**_read_metadata(root), **entries})


def with_entry(document: str, section: str, name: str, entry: Mapping[str, Any] | None) -> str:
    """The same network with an entry more, changed, or (None) less, in one of its sections."""
    root = xml.parse(document)
    said = _read_metadata(root)
    entries = {each: told for each, told in said.get(section, {}).items() if each != name}
    if entry is not None:
        entries[name] = entry
    return _saying(root, {**said, section: entries})


def entries(document: str, section: str) -> Mapping[str, Mapping[str, Any]]:
    """The entries of a section."""
    return dict(_read_metadata(xml.parse(document)).get(section, {}))


def owner(document: str) -> tuple[str, str]:
    """The scope of a network of anybody's, and its addresses; empty where it is not one of ours."""
    said = _read_metadata(xml.parse(document))
    return str(said.get("scope", "")), str(said.get("cidr", ""))


def forwards(document: str) -> bool:
    """Whether the hook forwards for it."""
    return _forwards(xml.parse(document))


def changing(document: str, begun: bool) -> str:
    """The same network, saying whether it is still to be forwarded anew."""
    root = xml.parse(document)
    return _saying(root, {**_read_metadata(root), CHANGING: begun})


def _forwards(root: xml.Element) -> bool:
    return any(each.get("name") == _FORWARDED for each in root.iterfind("portgroup"))


def _saying(root: xml.Element, said: Mapping[str, Any]) -> str:
    text = marks.to_text({name: value for name, value in said.items() if value})
    return xml.to_text(xml.with_metadata(root, URI, text))


def _read_metadata(root: xml.Element) -> dict[str, Any]:
    try:
        return dict(json.loads(xml.metadata(root, URI)))
    except ValueError:
        return {}


def _prefix(root: xml.Element) -> int:
    given, mask = xml.attribute(root, "ip", "prefix"), xml.attribute(root, "ip", "netmask")
    if given:
        return int(given)
    return ipaddress.ip_network(f"0.0.0.0/{mask}").prefixlen if mask else 0
