"""Checks of flows: their ends, their ports and their reasons."""

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network

from portinfra.format import suggestion
from portinfra.model.finding import Finding
from portinfra.model.reference_rules import name_rule
from portinfra.model.topology import INTERNET, Flow, Topology
from portinfra.validation.types import flow_subject

NO_NAT = name_rule("R4")


def flow_findings(topology: Topology) -> Iterator[Finding]:
    """Yield what is wrong with the flows of a topology."""
    for flow in topology.flows:
        for peer in dict.fromkeys(flow.sources + flow.targets):
            end = "sources" if peer in flow.sources else "targets"
            yield from _peer_findings(flow, peer, topology, end)
        yield from _lone_flow_findings(flow)
        if not flow.service:
            yield from _internet_findings(flow, topology)


def _wrong(flow: Flow, rule: str, message: str, fix: str, attribute: str = "") -> Finding:
    location = flow.location.attributes.get(attribute, flow.location)
    return Finding(f"topology/{rule}", message, fix, subject=flow_subject(flow), location=location)


def _peer_findings(flow: Flow, peer: str, topology: Topology, end: str) -> Iterator[Finding]:
    names = [role.name for role in topology.roles]
    if peer in names or peer == INTERNET:
        return
    if "/" not in peer and ":" not in peer and not peer[:1].isdigit():
        fix = suggestion(peer, [*names, INTERNET], "")
        yield _wrong(flow, "unknown-role", f"there is no role {peer!r}", fix, end)
        return
    try:
        network = ip_network(peer, strict=False)
    except ValueError:
        fix = "Write a role, 'internet', or addresses such as '203.0.113.0/24'."
        yield _wrong(flow, "cidr", f"{peer!r} is no range of addresses", fix, end)
        return
    if not isinstance(network, IPv4Network):
        yield _wrong(flow, "cidr", f"{peer!r}: only IPv4 is supported", "Use an IPv4 range.", end)
    elif str(network) != peer:
        yield _wrong(flow, "cidr", f"{peer!r} does not name a network", f"Write '{network}'.", end)
    elif network.prefixlen == 0:
        yield _wrong(flow, "cidr", f"{peer!r} is every address", f"Write {INTERNET!r}.", end)


def _lone_flow_findings(flow: Flow) -> Iterator[Finding]:
    """Yield what is wrong with a flow by itself. The service of a flow has its target and port."""
    if not flow.sources or not (flow.targets or flow.service):
        message = "one of its ends is empty"
        yield _wrong(flow, "empty-flow", message, "Name a role, 'internet' or a CIDR on each side.")
    if not flow.tcp and not flow.udp and not flow.icmp and not flow.service:
        tcp, icmp = flow.location.write("tcp", "443"), flow.location.write("icmp", "True")
        yield _wrong(flow, "no-ports", "it allows nothing", f"Name its ports: {tcp}. Or {icmp}.")
    for name, ranges in (("tcp", flow.tcp), ("udp", flow.udp)) if not flow.service else ():
        for _, last in ranges:
            if last > 65535:
                yield _wrong(flow, "port", f"{last} is no port", "Ports go from 1 to 65535.", name)


def _internet_findings(flow: Flow, topology: Topology) -> Iterator[Finding]:
    """Yield a finding for the internet at the other end of a private role: only public roles have a route
    (R4).
    """
    if INTERNET in flow.sources and INTERNET in flow.targets:
        yield _wrong(
            flow, "internet-to-internet", "both its ends are the internet", "Name a role on one side."
        )
        return
    private = {role.name for role in topology.roles if not role.public}
    others: tuple[str, ...] = ()
    if INTERNET in flow.sources:
        others = flow.targets
    elif INTERNET in flow.targets:
        others = flow.sources
    for name in dict.fromkeys(others):
        if name in private:
            message = f"{name!r} has no public address, and so no route from or to the internet ({NO_NAT})"
            write = topology.role(name).location.write("public", '"why"')
            fix = f"Route it through a public role, or make {name!r} one: {write}."
            yield _wrong(flow, "not-public", message, fix)
