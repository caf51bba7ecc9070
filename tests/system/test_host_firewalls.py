"""Between the hosts of a whole platform passes what `reach` says, by TCP and UDP, and nothing else.

Every ordered pair of hosts tries every port that a flow names, and four that none does.
"""

from pathlib import Path

import pytest
from service_shop import platform

from portinfra import INTERNET, Environment, Role, Topology, allow, reach
from portinfra.declaration.load import load
from portinfra.hosts.render import render
from portinfra.placement import place
from portinfra.testing.fabric import PROGRAMS, Fabric, find_passages, why_impossible

pytestmark = [pytest.mark.tools(*PROGRAMS), pytest.mark.slow]

OTHERS = (21, 111, 7999, 65535)
"""Ports that no flow names."""

PLATFORM = load(Path(__file__).parents[2] / "examples" / "payments.hcl")
REFERENCE = place(PLATFORM.topologies[0], PLATFORM.environments[0])

OFFICE = place(
    Topology(
        "office",
        [Role("door", count=2, public="visitors"), Role("desk", count=5), Role("printer", count=4)],
        [
            allow(INTERNET, "door", tcp=(8000, 8010), why="visitors"),
            allow("desk", INTERNET, tcp=(7990, 8005), udp=123, why="work"),
            allow("desk", "printer", udp=[(160, 162), 9100], why="paper"),
            allow("printer", "printer", tcp=631, icmp=True, why="one takes over for another"),
            allow("172.20.4.0/22", "door", tcp=22, why="desks, by their addresses"),
        ],
    ),
    Environment("here", on="fake:us-east-1", cidr="172.20.0.0/16"),
)
"""Another platform: ranges of ports, ways in and out for everybody, a role among its own hosts, two zones."""


def named_ports(topology):
    """Return both ends of every range of ports that a flow names."""
    ranges = (ports for flow in topology.flows for ports in (*flow.tcp, *flow.udp))
    return {port for ports in ranges for port in ports}


@pytest.mark.parametrize("placed", [REFERENCE, OFFICE], ids=["the reference platform", "an office"])
def test_what_passes_is_what_reach_says(placed, tmp_path):
    """Between the first hosts of all roles, nearly all passes without firewalls, and more than declared with
    one chain.
    """
    if why := why_impossible():
        pytest.skip(why)
    ports = sorted({*named_ports(placed.topology), *OTHERS})
    declared = passages_of(placed, ports)
    first = [f"{role.name}1" for role in placed.topology.roles]
    with Fabric(placed, render(placed, platform), tmp_path) as fabric:
        found = {(): find_passages(fabric, first, ports)}
        for chains in (("input",), ("output",)):
            for host in first:
                fabric.load_firewall(host, chains=chains)
            found[chains] = find_passages(fabric, first, ports)
        for host in fabric.hosts:
            fabric.load_firewall(host)
        assert find_passages(fabric, fabric.hosts, ports) == declared
    few = {each for each in declared if {*each[:2]} <= {*first}}
    assert len(found[()]) >= 0.95 * len(first) * (len(first) - 1) * len(ports) * 2
    assert found["input",] > few
    assert found["output",] > few


def passages_of(placed, ports):
    """Return what `reach` says, in the form of `find_passages`."""
    who = reach.of(placed)
    hosts = [name for name in who.names if name[-1].isdigit()]
    return {
        (source, target, protocol, port)
        for source in hosts
        for target in hosts
        if source != target
        for protocol in ("tcp", "udp")
        for port in ports
        if (protocol, port) in who.direct(source, target)
    }
