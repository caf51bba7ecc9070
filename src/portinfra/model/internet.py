"""Connections from the internet: the flows and rules that allow them. Pure."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network

from attrs import evolve

from portinfra.model.observed import Observation
from portinfra.model.resources import FirewallRules
from portinfra.model.topology import INTERNET, Flow, Topology


def flows_from_internet(topology: Topology) -> tuple[Flow, ...]:
    """Return the flows that allow every public address to connect."""
    return tuple(flow for flow in topology.flows if any(map(is_internet, flow.sources)))


def without_internet(topology: Topology) -> Topology:
    """Return the topology without the flows from the internet. Its hosts connect to the internet as
    before.
    """
    flows = [
        evolve(flow, sources=tuple(source for source in flow.sources if not is_internet(source)))
        for flow in topology.flows
    ]
    return evolve(topology, flows=[flow for flow in flows if flow.sources])


def lets_internet_in(there: Observation) -> bool:
    """Return whether a rule allows traffic from every public address."""
    return any(
        is_internet(rule.peer) for seen in there.of(FirewallRules).values() for rule in seen.spec.ingress
    )


def is_internet(peer: str) -> bool:
    """Return whether an end of a flow or rule means every public address."""
    if peer == INTERNET:
        return True
    try:
        return IPv4Network(peer).prefixlen == 0
    except ValueError:  # a role, or a firewall
        return False


def describe_flows(flows: Iterable[Flow]) -> Iterator[str]:
    """Yield what the internet can connect to, for each flow: `web (tcp 443)`."""
    for flow in flows:
        ports = [f"{name} {_ports(some)}" for name, some in (("tcp", flow.tcp), ("udp", flow.udp)) if some]
        yield f"{', '.join(flow.targets)} ({', '.join([*ports, *(['icmp'] if flow.icmp else [])])})"


def _ports(ranges: Iterable[tuple[int, int]]) -> str:
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
