"""One read of all networks, filters and domains of a hypervisor, of every owner."""

from typing import Any

import libvirt

from portinfra_libvirt import domains, networks, xml
from portinfra_libvirt.actions.hypervisor import read_each


def list_all(connection: Any) -> dict[str, Any]:
    """Return all networks, filters and domains.

    Filters have the names of the filters to which they refer. Domains have their network cards, of the
    running guest and of the definition.
    """
    return {
        "networks": read_each(connection.listAllNetworks(), _network, libvirt.VIR_ERR_NO_NETWORK),
        "filters": read_each(connection.listAllNWFilters(), _filter, libvirt.VIR_ERR_NO_NWFILTER),
        "domains": read_each(connection.listAllDomains(), _domain, libvirt.VIR_ERR_NO_DOMAIN),
    }


def _network(network: Any) -> dict[str, Any]:
    return networks.record(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE), bool(network.isActive()))


def _filter(filter: Any) -> dict[str, Any]:
    root = xml.parse(filter.XMLDesc())
    return {"name": root.get("name", ""), "refers": [each.get("filter") for each in root.iter("filterref")]}


def _domain(domain: Any) -> dict[str, Any]:
    cards = []
    for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
        cards += domains.cards(xml.parse(domain.XMLDesc(flags)))
    return {"name": domain.name(), "cards": cards}
