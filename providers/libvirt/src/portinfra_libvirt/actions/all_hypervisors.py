"""Actions on all hypervisors of a site that answer: identity, resources to offer, and records.

While one of them is down, the others can still be changed.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import libvirt
from attrs import frozen

from portinfra.errors import AlreadyExists, NotFound, Unavailable
from portinfra_libvirt import networks
from portinfra_libvirt.actions.survey import machine
from portinfra_libvirt.errors import to_provider_error
from portinfra_libvirt.site import Site

Open = Callable[[str], Any]
"""Hypervisor → its connection. Raises libvirtError, or Unavailable."""

ACTIONS = ("Identify", "Describe", "ListClaims", "TakeClaim", "WriteClaim", "DropClaim")


@frozen
class Together:
    """All hypervisors of a site."""

    site: Site
    open: Open

    def perform(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Perform one action. Raises libvirtError or Unavailable if no hypervisor answers."""
        answer: dict[str, Any] = getattr(self, f"_{action}")(**parameters)
        return answer

    def _Identify(self) -> dict[str, Any]:
        connection = next(iter(self._answering_connections().values()))
        return {"hostname": connection.getHostname()}

    def _Describe(self) -> dict[str, Any]:
        return {at: machine(each, self.site) for at, each in self._answering_connections().items()}

    # A record is on every hypervisor that answered at its creation. One that was down has no record or an old
    # one.

    def _ListClaims(self, prefix: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for connection in self._answering_connections().values():
            for each in connection.listAllNetworks():
                if each.name().startswith(prefix):
                    record = networks.record(each.XMLDesc(), False)
                    found.setdefault(each.name(), record)
        return {"networks": [found[name] for name in sorted(found)]}

    def _TakeClaim(self, document: str) -> dict[str, Any]:
        taken = []
        for connection in self._answering_connections().values():
            try:
                taken.append(connection.networkDefineXML(document))
            except libvirt.libvirtError as error:
                if isinstance(to_provider_error(error), AlreadyExists):
                    for each in taken:
                        each.undefine()
                raise
        return {}

    def _WriteClaim(self, name: str, document: str) -> dict[str, Any]:
        records = [
            (connection, _find(connection, name)) for connection in self._answering_connections().values()
        ]
        if not any(each for _, each in records):
            raise NotFound(f"the record {name} does not exist", provider="libvirt")
        for connection, each in records:
            identity = f"<uuid>{each.UUIDString()}</uuid>" if each else ""
            connection.networkDefineXML(document.replace("</name>", f"</name>{identity}", 1))
        return {}

    def _DropClaim(self, name: str) -> dict[str, Any]:
        records = [
            each for connection in self._answering_connections().values() if (each := _find(connection, name))
        ]
        if not records:
            raise NotFound(f"the record {name} does not exist", provider="libvirt")
        for each in reversed(records):
            each.undefine()
        return {}

    def answering(self) -> dict[str, Any]:
        """Return the connections of the hypervisors that answer, in order."""
        return dict(self._connect_each([]))

    def _answering_connections(self) -> dict[str, Any]:
        """Return the same. Raises the last hypervisor's error if none answers."""
        failures: list[Exception] = []
        found = dict(self._connect_each(failures))
        if not found:
            raise failures[-1]
        return found

    def _connect_each(self, failures: list[Exception]) -> Iterator[tuple[str, Any]]:
        for each in self.site.hypervisors:
            try:
                connection = self.open(each.name)
                connection.getLibVersion()
            except (libvirt.libvirtError, Unavailable) as error:
                failures.append(error)
                continue
            yield each.name, connection


def _find(connection: Any, name: str) -> Any:
    try:
        return connection.networkLookupByName(name)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_NETWORK:
            return None
        raise
