"""The platform that is measured, at any size."""

from portinfra import Environment, Role, Topology, Volume, allow

ROLES = tuple(f"role-{letter}" for letter in "abcdefghij")
VOLUMES = ("data", "logs")

PRODUCTION = Environment("production", on="fake:instant/us-east-1", cidr="10.0.0.0/8", subnet_prefix=18)


def platform(hosts: int, volumes: int = 2) -> Topology:
    """Ten roles that all may call one another; each host with its volumes.

    With two volumes a host is five resources (itself, two volumes, two attachments), with one it is three.
    Each role's three subnets, firewall and rules, and the network, add 51. `hosts` is a multiple of ten.
    """
    roles = [
        Role(name, count=hosts // len(ROLES), volumes=[Volume(v, gib=10) for v in VOLUMES[:volumes]])
        for name in ROLES
    ]
    return Topology("growth", roles, [allow(ROLES, ROLES, tcp=443, why="to measure")])
