"""The contents of a diagram in every format: roles in tiers, their subnets and hosts, and the flows."""

from collections.abc import Iterable
from typing import Literal

from attrs import evolve

from portinfra.model.placed import Placed
from portinfra.model.resources import Attachment, Instance, PublicAddress, Subnet, Volume
from portinfra.model.topology import Flow, Role
from portinfra.placement import role_in
from portinfra.render.diagrams.tiers import tiers
from portinfra.value import frozen

LinkKind = Literal["border", "service", "operations"]


@frozen
class Host:
    """A host, with the sizes of its volumes."""

    name: str
    address: str
    public: bool
    volumes: tuple[tuple[str, int], ...]
    """The name of each volume, and its size in GiB."""


@frozen
class Cell:
    """The subnet of a role in a zone, with its hosts by number."""

    subnet: str
    cidr: str
    hosts: tuple[Host, ...]


@frozen
class Row:
    """A role, with a cell for each zone."""

    role: str
    detail: str
    """Number of hosts, size and image, as a text."""
    public: str
    """The reason for public addresses of its hosts; empty: they have none."""
    cells: tuple[Cell, ...]


@frozen
class Tier:
    """Rows at about the same distance from the internet."""

    title: str
    rows: tuple[Row, ...]


@frozen
class Link:
    """An allowed flow, from all sources to all targets. Its number is its position in the diagram, from 1."""

    number: int
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    ports: tuple[str, ...]
    """`tcp 443`, `udp 8000-8100`, `icmp`; with the name of a service: `payments tcp 8443`."""
    why: str
    kind: LinkKind
    """`border` crosses the border of the network; `operations` is for most roles; `service` is all else."""


@frozen
class Picture:
    """The contents of a diagram."""

    topology: str
    environment: str
    place: str
    cidr: str
    zones: tuple[str, ...]
    outside: tuple[str, ...]
    """The peers outside the network: the internet, then CIDRs of flows."""
    tiers: tuple[Tier, ...]
    links: tuple[Link, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of all tiers, from top to bottom."""
        return tuple(row for tier in self.tiers for row in tier.rows)


def picture(placed: Placed) -> Picture:
    """Return the contents of the diagram of a placed topology."""
    topology, environment = placed.topology, placed.environment
    cells = _cells(placed)
    arranged = tiers(topology)
    outside = {
        peer for flow in topology.flows for peer in (*flow.sources, *flow.targets) if _is_outside(peer)
    }
    everywhere = {role.name for title, roles in arranged if title == "Operations" for role in roles}
    return Picture(
        topology=topology.name,
        environment=environment.name,
        place=environment.on,
        cidr=environment.cidr,
        zones=environment.zones or tuple(f"zone {ordinal + 1}" for ordinal in range(placed.zones)),
        outside=tuple(sorted(outside, key=lambda peer: (peer[0].isdigit(), peer))),
        tiers=tuple(
            Tier(title, tuple(_row(role_in(role, environment), cells[role.name]) for role in roles))
            for title, roles in arranged
        ),
        links=_links(topology.flows, everywhere),
    )


def _is_outside(peer: str) -> bool:
    return peer == "internet" or "/" in peer


def _row(role: Role, cells: tuple[Cell, ...]) -> Row:
    hosts = "1 host" if role.count == 1 else f"{role.count} hosts"
    return Row(role.name, f"{hosts} · {role.size} · {role.image}", role.public, cells)


def _cells(placed: Placed) -> dict[str, tuple[Cell, ...]]:
    """Return the subnets of each role, by zone ordinal."""
    specs = placed.resources.values()
    public = {spec.instance for spec in specs if isinstance(spec, PublicAddress)}
    volumes = {spec.address: spec for spec in specs if isinstance(spec, Volume)}
    attached: dict[object, list[tuple[str, int]]] = {}
    hosts: dict[object, list[Host]] = {}
    for spec in specs:
        if isinstance(spec, Attachment) and spec.volume in volumes:
            attached.setdefault(spec.instance, []).append((spec.device, volumes[spec.volume].gib))
    for spec in specs:
        if isinstance(spec, Instance):
            own = tuple(attached.get(spec.address, ()))
            host = Host(spec.name, spec.private_address, spec.address in public, own)
            hosts.setdefault(spec.subnet, []).append(host)
    cells: dict[str, list[tuple[int, Cell]]] = {role.name: [] for role in placed.topology.roles}
    for spec in specs:
        if isinstance(spec, Subnet):
            cell = Cell(spec.name, spec.cidr, tuple(hosts.get(spec.address, ())))
            cells[placed.roles[spec.address]].append((int(spec.zone), cell))
    return {role: tuple(cell for _, cell in sorted(own, key=lambda c: c[0])) for role, own in cells.items()}


def _links(flows: Iterable[Flow], everywhere: set[str]) -> tuple[Link, ...]:
    """Return the flows in the order in which they are drawn: border, service, operations."""
    links = [
        Link(0, flow.sources, flow.targets, _ports(flow), flow.why, _kind(flow, everywhere)) for flow in flows
    ]
    order: tuple[LinkKind, ...] = ("border", "service", "operations")
    arranged = sorted(links, key=lambda link: order.index(link.kind))
    return tuple(evolve(link, number=number) for number, link in enumerate(arranged, start=1))


def _kind(flow: Flow, everywhere: set[str]) -> LinkKind:
    peers = (*flow.sources, *flow.targets)
    if any(_is_outside(peer) for peer in peers):
        return "border"
    return "operations" if everywhere.intersection(peers) else "service"


def _ports(flow: Flow) -> tuple[str, ...]:
    def list_ports(protocol: str, ranges: Iterable[tuple[int, int]]) -> list[str]:
        ports = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)
        return [f"{protocol} {ports}"] if ports else []

    tcp = " ".join([*filter(None, [flow.service]), "tcp"])
    return (*list_ports(tcp, flow.tcp), *list_ports("udp", flow.udp), *(["icmp"] if flow.icmp else []))
