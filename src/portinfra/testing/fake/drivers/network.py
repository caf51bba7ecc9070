"""Networks."""

from collections.abc import Mapping, Sequence
from typing import Any

from portinfra.model.address import Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Network
from portinfra.provider.interface import Answer, Call, Names, Refs
from portinfra.testing.fake.drivers.base import FakeDriver, Record
from portinfra.testing.fake.drivers.owner import Mark
from portinfra.testing.fake.shapes import Shape, rate_classes


class NetworkDriver(FakeDriver[Network]):
    """The driver of networks. If names are not unique, a network may have duplicates: the used one counts."""

    spec = Network
    noun = "Network"
    plural = "Networks"
    replaces: frozenset[str] = frozenset({"cidr"})

    def __init__(self, shape: Shape, zones: tuple[str, ...]) -> None:
        super().__init__(shape, zones)
        if not shape.network_cidr:
            self.cannot_show: frozenset[str] = self.cannot_show | {"cidr"}

    def survey(self, scope: Scope, only: Sequence[Observed[Network]] = ()) -> tuple[Call, ...]:
        """Return the lists of networks and of their contents, which the run reads in any case."""
        inside = ("ListSubnets", "ListFirewalls") if "network" not in self.shape.unique_names else ()
        parameters = self.carrier.narrow(scope)
        others = (Call(action, parameters, rates=rate_classes(action, self.shape)) for action in inside)
        return (*super().survey(scope, only), *others)

    def used_ids(self, answers: Mapping[Call, Sequence[Answer]]) -> set[str]:
        """Return the networks with a subnet or firewall."""
        return {
            record["network"]
            for call, pages in answers.items()
            if call.action != "ListNetworks"
            for page in pages
            for record in page["records"]
        }

    def to_spec(self, name: str, record: Record, mark: Mark, names: Names) -> Network:
        """Return its CIDR, if it has one."""
        return Network(name, record.get("cidr", ""), mark.tags)

    def parameters(self, want: Network, refs: Refs) -> dict[str, Any]:
        """Return its CIDR, if it has one."""
        return {"cidr": want.cidr} if self.shape.network_cidr else {}
