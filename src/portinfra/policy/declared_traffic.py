"""The traffic that the flows of a topology declare, as opposed to what the rules made from them allow."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network

from portinfra.model.topology import INTERNET, Flow, Topology
from portinfra.policy.context import PolicyContext
from portinfra.reach import Party, Traffic
from portinfra.reach.traffic import NOTHING
from portinfra.value import frozen


def declaration_advice(context: PolicyContext) -> str:
    """Return advice on how to declare the traffic, in the language of the topology's file."""
    return f"Declare it with {context.topology.location.choose('allow(…)', 'an allow block')}"


def traffic_of(flow: Flow) -> Traffic:
    """Return the traffic that a flow allows."""
    ranges = [(name, *ports) for name, several in (("tcp", flow.tcp), ("udp", flow.udp)) for ports in several]
    return Traffic.of([*ranges, *([("icmp", 0, 0)] if flow.icmp else [])])


@frozen
class Declared:
    """The declared flows by their two peers.

    Roles are declared by their names only: a CIDR that contains a role's hosts declares nothing about the
    role. `internet` means every address. So what may connect to every address may connect to a role that
    accepts every address.
    """

    flows: Mapping[tuple[str, str], tuple[Flow, ...]]
    """By source and target, as they were declared."""

    @classmethod
    def by(cls, topology: Topology) -> "Declared":
        """Return the flows that a topology declares."""
        found: dict[tuple[str, str], list[Flow]] = {}
        for flow in topology.flows:
            for source in flow.sources:
                for target in flow.targets:
                    found.setdefault((source, target), []).append(flow)
        return cls({ends: tuple(flows) for ends, flows in found.items()})

    def between(self, source: Party, target: Party) -> Traffic:
        """Return the traffic that is declared from one peer to another."""
        traffic = NOTHING
        for one in _peers(source):
            for other in _peers(target):
                for flow in self.flows.get((one, other), ()):
                    traffic |= traffic_of(flow)
        if source.role and target.role:
            traffic |= self._all((source.role, INTERNET)) & self._all((INTERNET, target.role))
        return traffic

    def reasons(self, source: str, target: str, traffic: Traffic) -> tuple[Flow, ...]:
        """Return the flows that allow some of this traffic from one role, CIDR or `internet` to another."""
        ends = [(one, other) for one in self._wider(source) for other in self._wider(target)]
        found = self._some(ends, traffic)
        if not found and self._all((source, INTERNET)) & self._all((INTERNET, target)):
            found = self._some([(source, INTERNET), (INTERNET, target)], traffic)
        return tuple(found)

    def _some(self, ends: list[tuple[str, str]], traffic: Traffic) -> dict[Flow, None]:
        flows = (flow for pair in ends for flow in self.flows.get(pair, ()))
        return {flow: None for flow in flows if traffic_of(flow) & traffic}

    def _all(self, ends: tuple[str, str]) -> Traffic:
        return Traffic.of(one for flow in self.flows.get(ends, ()) for one in traffic_of(flow))

    def _wider(self, peer: str) -> Iterator[str]:
        """Return the peer itself, and for a CIDR every declared CIDR that contains it."""
        yield peer
        if "/" in peer:
            yield INTERNET
            wide = dict.fromkeys(one for ends in self.flows for one in ends if "/" in one and one != peer)
            yield from (one for one in wide if IPv4Network(peer).subnet_of(IPv4Network(one)))


def _peers(party: Party) -> tuple[str, ...]:
    return (party.role,) if party.role else (INTERNET, *party.ranges)
