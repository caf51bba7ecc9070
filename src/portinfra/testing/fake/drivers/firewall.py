"""Firewalls: the empty shell."""

from typing import Any

from portinfra.model.resources import Firewall
from portinfra.provider.interface import Names, Refs
from portinfra.testing.fake.drivers.base import FakeDriver, Record
from portinfra.testing.fake.drivers.owner import Mark


class FirewallDriver(FakeDriver[Firewall]):
    """A firewall; its name within the network keeps it from being doubled."""

    spec = Firewall
    noun = "Firewall"
    plural = "Firewalls"
    replaces = frozenset({"network"})
    holds = frozenset({"network"})

    def seen_spec(self, name: str, record: Record, mark: Mark, names: Names) -> Firewall:
        """The network that it is of."""
        return Firewall(name, names.address_of(record["network"]), mark.tags)

    def parameters(self, want: Firewall, refs: Refs) -> dict[str, Any]:
        """The network that it is of."""
        return {"network": refs.id(want.network)}
