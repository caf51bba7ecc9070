"""A small topology with services of each kind, for tests of the files of hosts."""

from attrs import evolve

from portinfra import INTERNET, Environment, Role, Service, Topology, allow
from portinfra.hosts.render import render
from portinfra.model.platform_service import DHCP, PlatformService
from portinfra.placement import place

PAYMENTS = Service("payments", tcp=8443, local_port=8002, app_port=18443, health="/health")
LEDGER = Service(
    "ledger", tcp=5432, local_port=8004, health="/primary", health_port=8008, balance="leastconn"
)
QUEUE = Service("queue", tcp=5671, local_port=8006, tls="app", health="/up")
CACHE = Service("cache", tcp=6380, local_port=8003, tls="none")
PRODUCTION = Environment("production", on="fake:us-east-1", cidr="10.10.0.0/16")

SHOP = Topology(
    "shop",
    [
        Role("web", public="customers"),
        Role("app", count=6, offers=PAYMENTS),
        Role("db", count=2, offers=[LEDGER, QUEUE, CACHE], waive={"check/service-without-tls": "a test"}),
        Role("logs", count=1),
    ],
    [
        allow(INTERNET, "web", tcp=443, why="customers"),
        allow("web", PAYMENTS, why="orders"),
        allow("app", LEDGER, why="the ledger"),
        allow("app", QUEUE, why="payments to be made"),
        allow(["web", "app"], CACHE, why="sessions"),
        allow("db", "db", tcp=5432, why="replication"),
        allow(["web", "app"], "logs", udp=514, why="logs"),
    ],
    delivery="files",
)


def platform(network, subnet):
    """A cloud with DHCP and metadata."""
    router = subnet.replace(".0/24", ".1")
    metadata = PlatformService("169.254.169.254", "tcp", 80, root_only=True)
    return (PlatformService(router, "udp", DHCP), metadata)


def rendered(topology=SHOP, environment=PRODUCTION):
    """Return host → path → content."""
    files = render(place(topology, environment), platform)
    return {host: {file.path: file.content for file in some} for host, some in files.items()}


def with_count(topology, role, count):
    """Return the topology with another number of hosts of one role."""
    return topology.with_role(evolve(topology.role(role), count=count))
