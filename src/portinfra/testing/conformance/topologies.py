"""The smallest topologies with each kind and each dependency, before and after every change."""

from attrs import evolve

from portinfra.model.resources import Volume
from portinfra.model.topology import INTERNET, Role, Topology, allow

BEFORE = Topology(
    "sample",
    roles=[
        Role("web", count=2, public="customers", tags={"stage": "one"}),
        Role("db", count=1, volumes=[Volume("data", gib=2), Volume("log", gib=4)]),
        Role("old", count=1),
    ],
    flows=[
        allow(INTERNET, "web", tcp=443, why="customers"),
        allow("web", "db", tcp=5432, why="orders"),
        allow("old", "db", tcp=5432, why="reports"),
    ],
)

AFTER = Topology(
    "sample",
    roles=[
        # resized in place, with other tags, one host less, and private now
        Role("web", count=1, size="medium", tags={"stage": "two"}),
        # renamed; its image replaces the host; one volume grows, one is replaced, one is new
        Role(
            "store",
            count=1,
            image="ubuntu-24.04",
            renamed_from="db",
            volumes=[Volume("data", gib=3), Volume("log", gib=1), Volume("more", gib=1)],
        ),
        # new in the place of a removed role
        Role("mail", count=1, public="mail", slot=3),
    ],
    flows=[
        allow("web", "store", tcp="5432-5433", why="orders"),
        allow("mail", INTERNET, tcp=25, why="mail"),
        allow("mail", "store", udp=53, icmp=True, why="names"),
    ],
)


def without_public_addresses(topology: Topology) -> Topology:
    """Return a topology without public addresses and their traffic, for a provider without them."""
    roles = [evolve(role, public="") for role in topology.roles]
    flows = [flow for flow in topology.flows if INTERNET not in flow.sources + flow.targets]
    return Topology(topology.name, roles, flows)
