"""Topologies whose flows also name addresses, for tests of who can reach whom."""

from attrs import evolve
from hypothesis import strategies as st

from portinfra import Topology, allow
from portinfra.testing import strategies

CIDRS = (
    "10.0.0.0/8",
    "10.10.0.0/16",
    "10.10.1.0/24",
    "10.10.0.4/32",
    "10.10.4.4/31",
    "172.16.0.0/12",
    "172.16.0.0/23",
    "192.168.0.0/17",
    "192.168.4.0/25",
    "203.0.113.0/25",
    "0.0.0.0/1",
)
"""Some hold all of an environment, some a role, a zone or one host of it, some are far away."""

DARING = dict.fromkeys(
    ("check/login-from-internet", "check/undeclared-from-internet"), "what it opens is what is compared"
)

ports = st.tuples(st.integers(1, 20), st.integers(0, 5)).map(lambda drawn: (drawn[0], drawn[0] + drawn[1]))


@st.composite
def worlds(draw):
    """Some roles whose flows also name addresses, near and far, on ports that often overlap."""
    topology = draw(
        strategies.topologies(max_roles=3, max_hosts=3).filter(lambda drawn: len(drawn.roles) > 1)
    )
    names = [role.name for role in topology.roles]
    flows = list(topology.flows)
    for _ in range(draw(st.integers(1, 6))):
        ends = [draw(st.sampled_from(names)), draw(st.sampled_from([*names, *CIDRS]))]
        source, target = draw(st.permutations(ends))
        udp = draw(st.booleans())
        allowed = [draw(ports)]
        flows.append(
            allow(source, target, udp=allowed if udp else (), tcp=() if udp else allowed, icmp=udp, why="x y")
        )
    return Topology("sample", [evolve(role, waive=DARING) for role in topology.roles], flows)
