"""Foreign guests on a site's shared bridge that no filter keeps from using an environment's addresses."""

from typing import Any

import libvirt

from portinfra_libvirt import domains, xml
from portinfra_libvirt.actions.hypervisor import unless_gone


def unfiltered_guests(connection: Any, bridge: str) -> list[str]:
    """Return the names of running foreign guests with a card on a bridge and no filter on that card.

    Filters identify roles by their addresses. A guest without a filter may use any address, and so bypass
    them.
    """
    found = []
    for domain in connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
        with unless_gone(libvirt.VIR_ERR_NO_DOMAIN):
            root = xml.parse(domain.XMLDesc())
            cards = root.findall("devices/interface")
            is_ours = bool(xml.metadata(root, domains.URI))
            if not is_ours and any(_is_open(card, bridge) for card in cards):
                found.append(str(domain.name()))
    return sorted(found)


def advice(name: str) -> str:
    """Return what to do about a guest without a filter."""
    filter = "<filterref filter='clean-traffic'/>"
    return (
        f"Give its card a filter (virsh edit {name}: {filter}) and restart it, or remove it from the bridge."
    )


def _is_open(card: xml.Element, bridge: str) -> bool:
    on_it = xml.attribute(card, "source", "bridge") == bridge
    return on_it and not xml.attribute(card, "filterref", "filter")
