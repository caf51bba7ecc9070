"""What is asked of all hypervisors of a site at once, whichever of them answer: who they are, what they have
to give, and the records. With one of them down, the others can still be changed.
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
        """One action. Raises libvirtError or Unavailable where none of them answers."""
        answer: dict[str, Any] = getattr(self, f"_{action}")(**parameters)
        return answer

    def _Identify(self) -> dict[str, Any]:
        connection = next(iter(self._there().values()))
        return {"hostname": connection.getHostname()}

    def _Describe(self) -> dict[str, Any]:
        return {at: machine(each, self.site) for at, each in self._there().items()}

    # A record is on every hypervisor that answered as it was created; one that was down has none, or an old.

    def _ListClaims(self, prefix: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for connection in self._there().values():
            for each in connection.listAllNetworks():
                if each.name().startswith(prefix):
                    record = networks.record(each.XMLDesc(), False)
                    found.setdefault(each.name(), record)
        return {"networks": [found[name] for name in sorted(found)]}

    def _TakeClaim(self, document: str) -> dict[str, Any]:
        taken = []
        for connection in self._there().values():
            try:
                taken.append(connection.networkDefineXML(document))
            except libvirt.libvirtError as error:
                if isinstance(to_provider_error(error), AlreadyExists):
                    for each in taken:
                        each.undefine()
                raise
        return {}

    def _WriteClaim(self, name: str, document: str) -> dict[str, Any]:
        there = [(connection, _find(connection, name)) for connection in self._there().values()]
        if not any(each for _, each in there):
            raise NotFound(f"there is no record {name}", provider="libvirt")
        for connection, each in there:
            identity = f"<uuid>{each.UUIDString()}</uuid>" if each else ""
            connection.networkDefineXML(document.replace("</name>", f"</name>{identity}", 1))
        return {}

    def _DropClaim(self, name: str) -> dict[str, Any]:
        there = [each for connection in self._there().values() if (each := _find(connection, name))]
        if not there:
            raise NotFound(f"there is no record {name}", provider="libvirt")
        for each in reversed(there):
            each.undefine()
        return {}

    def answering(self) -> dict[str, Any]:
        """The connections of those that answer, in order."""
        return dict(self._ask_all([]))

    def _there(self) -> dict[str, Any]:
        """The same. Raises the error of the last where none does."""
        silences: list[Exception] = []
        found = dict(self._ask_all(silences))
        if not found:
            raise silences[-1]
        return found

    def _ask_all(self, silences: list[Exception]) -> Iterator[tuple[str, Any]]:
        for each in self.site.hypervisors:
            try:
                connection = self.open(each.name)
                connection.getLibVersion()
            except (libvirt.libvirtError, Unavailable) as error:
                silences.append(error)
                continue
            yield each.name, connection


def _find(connection: Any, name: str) -> Any:
    try:
        return connection.networkLookupByName(name)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_NETWORK:
            return None
        raise
