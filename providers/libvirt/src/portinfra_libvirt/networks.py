"""An environment's network: one bridge, with the subnets in its metadata.

Subnets are ranges of addresses, not networks of their own: traffic that is routed between two libvirt
networks bypasses the filters.
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
"""The sections of the metadata besides the network's own mark. Each entry has its owner."""
CHANGING = "changing"
"""The key in the metadata while forwarding by this definition is not confirmed."""
_KEPT = (*SECTIONS, CHANGING)

_FORWARDED = "portinfra-public"
PORTGROUP = f"<portgroup name='{_FORWARDED}'/>"
"""The portgroup of a network for which the hook forwards. No card uses it. Changing it runs the hook."""


def gateway(cidr: str) -> str:
    """Return the hypervisor's own address in a network: the last one, which no role has.

    Rules name roles by addresses, so the hypervisor must not count as a host of one of them.
    """
    return str(ipaddress.ip_network(cidr)[-2])


def prefix(cidr: str) -> int:
    """Return the prefix length of a network."""
    return ipaddress.ip_network(cidr).prefixlen


def document(name: str, cidr: str, said: Mapping[str, Any], scope: Scope, site: Site) -> str:
    """Return the network in libvirt's XML."""
    mine = "" if site.bridge else _own_bridge(cidr, scope, site)
    shared = f"<forward mode='bridge'/><bridge name={xml.quoteattr(site.bridge)}/>" if site.bridge else ""
    return (
        f"<network><name>{xml.escape(name)}</name>"
        f"<uuid>{marks.unique_id('network', name)}</uuid>"
        f"<metadata>{xml.owner_element(URI, marks.to_text(said))}</metadata>{shared}{mine}</network>"
    )


def _own_bridge(cidr: str, scope: Scope, site: Site) -> str:
    forward = "" if site.mode == "none" else f"<forward mode='{site.mode}'/>"
    portgroup = PORTGROUP if site.public else ""
    return (
        f"{forward}<bridge name='pi{scope.hash}' stp='off' delay='0'/><dns enable='no'/>"
        f"<ip family='ipv4' address='{gateway(cidr)}' prefix='{prefix(cidr)}'><dhcp/></ip>{portgroup}"
    )


def record(document: str, active: bool) -> dict[str, Any]:
    """Return the content of a network's XML."""
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
    """Return whether a network has a name of the scope, and no mark of any scope."""
    return scope.resource_name(record["name"]) is not None and not marks.is_mark(record["said"])


def keep_entries(new: str, old: str | None) -> str:
    """Return a new definition of a network with the entries and DHCP hosts of the old one."""
    if old is None:
        return new
    root, before = xml.parse(new), xml.parse(old)
    entries = {section: entry for section, entry in _read_metadata(before).items() if section in _KEPT}
    into, pins = root.find("ip/dhcp"), before.findall("ip/dhcp/host")
    if into is not None:
        into.extend(pins)
    return _with_metadata(root, {**_read_metadata(root), **entries})


def with_entry(document: str, section: str, name: str, entry: Mapping[str, Any] | None) -> str:
    """Return the network with one entry of a section added, changed, or (None) removed."""
    root = xml.parse(document)
    said = _read_metadata(root)
    entries = {each: value for each, value in said.get(section, {}).items() if each != name}
    if entry is not None:
        entries[name] = entry
    return _with_metadata(root, {**said, section: entries})


def entries(document: str, section: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the entries of a section."""
    return dict(_read_metadata(xml.parse(document)).get(section, {}))


def owner(document: str) -> tuple[str, str]:
    """Return the scope and the addresses of any network; empty if it is not ours."""
    said = _read_metadata(xml.parse(document))
    return str(said.get("scope", "")), str(said.get("cidr", ""))


def forwards(document: str) -> bool:
    """Return whether the hook forwards for it."""
    return _forwards(xml.parse(document))


def changing(document: str, begun: bool) -> str:
    """Return the network with the mark that its forwarding is not confirmed yet, or without it."""
    root = xml.parse(document)
    return _with_metadata(root, {**_read_metadata(root), CHANGING: begun})


def _forwards(root: xml.Element) -> bool:
    return any(each.get("name") == _FORWARDED for each in root.iterfind("portgroup"))


def _with_metadata(root: xml.Element, said: Mapping[str, Any]) -> str:
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
