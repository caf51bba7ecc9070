"""What a user declares: roles, the flows between them, and their topology.

Declarations in Python and HCL are equal. This module checks types only. `validation` checks the rest and
reports all findings at once.
"""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any, Literal

from attrs import evolve, field

from portinfra.enrolment_port import ENROLMENT_PORT as ENROLMENT_PORT
from portinfra.model import convert
from portinfra.model.arguments import refuse_unknown
from portinfra.model.former_names import accept_former_names
from portinfra.model.hook import Hook, hooks
from portinfra.model.location import Location, here
from portinfra.model.resources import Volume
from portinfra.model.service import Service
from portinfra.value import frozen

INTERNET = "internet"
"""The peer that means every public address."""

ANYWHERE = "0.0.0.0/0"

Delivery = Literal["", "files", "puppet", "ansible"]
DELIVERIES: tuple[Delivery, ...] = ("", "files", "puppet", "ansible")
"""How changed files reach hosts. `files`: portinfra renders a folder of files, which the user's own tool
delivers. `puppet`, `ansible`: portinfra renders what this tool reads. Empty: portinfra renders none.
"""

Profile = Literal["", "puppet-server", "est-server"]
PROFILES: tuple[Profile, ...] = ("", "puppet-server", "est-server")
"""The software that portinfra configures on the hosts of a role; empty for none."""

ENROLMENT_PROFILES: tuple[Profile, ...] = ("puppet-server", "est-server")
"""The profiles whose hosts sign the certificates of all other hosts."""

PortRange = tuple[int, int]
"""First and last port, both included."""


def _volumes(given: Iterable[Volume] | Volume) -> tuple[Volume, ...]:
    return convert.several(given)


def _services(given: Iterable[Service] | Service) -> tuple[Service, ...]:
    return convert.several(given)


_OVERRIDE = {"override": True}


@refuse_unknown
@accept_former_names
@frozen(field_transformer=convert.refuse_text)
class Role:
    """Hosts of one purpose. They have its name and a number from 1: `web1`, `web2`, `web3`."""

    name: str
    """An RFC 1035 label that does not end in a digit, so that `db1` means one thing."""
    count: int = field(default=3, metadata=_OVERRIDE)
    """How many hosts it has."""
    size: str = field(default="small", metadata=_OVERRIDE)
    """`small`, `medium`, `large`, `xlarge`, or the provider's own name of a machine type."""
    image: str = field(default="debian-12", metadata=_OVERRIDE)
    """The image that its hosts start from: a logical name, or the provider's own."""
    disk_gib: int = field(default=20, metadata=_OVERRIDE)
    """The encrypted root disk, in GiB."""
    public: str = field(default="", metadata={"stand_in": "not known"})
    """Why its hosts have public addresses. Empty: they have none, and no route to the internet."""
    volumes: tuple[Volume, ...] = field(
        default=(),
        converter=_volumes,
        metadata={"block": "volume", "example": 'Volume("data", gib=100)'},
    )
    """Encrypted volumes: each host has one of each."""
    ssh_keys: tuple[str, ...] = field(default=(), converter=convert.strings)
    """The public keys that may log in to its hosts, with options or without, as in `authorized_keys`."""
    user_data: str = field(default="", repr=False, metadata={"secret": True})
    """A script or text that a host receives when it is created. A change has no effect on running hosts. No
    output shows it.
    """
    tags: Mapping[str, str] = field(factory=dict, converter=convert.tags, metadata=_OVERRIDE)
    """Tags of its hosts and of all resources that belong to them."""
    slot: int | None = None
    """The place of its subnets within the environment's CIDR. None: its position in the topology, without
    retired slots.
    """
    renamed_from: str | None = None
    """The name that it had before. Its hosts stay, under the new name."""
    deletion_protection: bool = field(default=False, metadata={"former": "protect", "stored": "protect"})
    """Refuse every plan that would delete or replace its hosts or volumes. Its former name is `protect`."""
    max_unavailable: int = 1
    """How many of its hosts a plan may take down at once."""
    ready: tuple[Hook, ...] = field(default=(), converter=hooks)
    """Called until each reports that a host is ready. The next host of a change waits for it. Without one, a
    host is ready when it runs.
    """
    ready_limit: str = "5m"
    """The longest time until a host must be ready: `90s`, `10m`."""
    ignore: tuple[str, ...] = field(default=(), converter=convert.strings)
    """Attributes whose drift portinfra ignores: `tags`, `machine_type`, … A fence stops hosts, and a takeover
    starts them, also where `power` is ignored.
    """
    native: Mapping[str, Mapping[str, Any]] = field(
        factory=dict, converter=convert.options, metadata={"block": "native"}
    )
    """Options of one provider, by its name: `{"aws": {…}}`. `lockin` lists them."""
    waive: Mapping[str, str] = field(factory=dict, converter=convert.tags)
    """Rules of `check` that do not apply to it, each with the reason."""
    offers: tuple[Service, ...] = field(
        default=(),
        converter=_services,
        metadata={"block": "service", "example": 'Service("payments", tcp=8443, local_port=8002)'},
    )
    """The services that its hosts offer to other roles."""
    profile: Profile = ""
    """The software that portinfra configures on its hosts. `puppet-server` and `est-server` sign the
    certificates of all hosts, on tcp 8140. Empty: none.
    """
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)

    @property
    def protect(self) -> bool:
        """`deletion_protection`, by its former name."""
        return self.deletion_protection


Ports = int | str | Iterable[int | str | PortRange]


def _ports(given: Ports) -> tuple[PortRange, ...]:
    """Return ports as ranges. Keep values that are no ports, as validation reports them."""
    try:
        return port_ranges(given)
    except ValueError:
        return convert.several(given)  # type: ignore[arg-type]


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class Flow:
    """Traffic that is allowed from every source to every target. Firewalls drop all other traffic, on both
    sides.
    """

    sources: tuple[str, ...] = field(converter=convert.strings, metadata={"hcl": "from"})
    """Role names, `internet`, or CIDRs."""
    targets: tuple[str, ...] = field(converter=convert.strings, metadata={"hcl": "to"})
    """Role names, `internet`, or CIDRs."""
    tcp: tuple[PortRange, ...] = field(default=(), converter=_ports, metadata={"stand_in": ((1, 1),)})
    """The TCP ports that are open."""
    udp: tuple[PortRange, ...] = field(default=(), converter=_ports, metadata={"stand_in": ((1, 1),)})
    """The UDP ports that are open."""
    icmp: bool = field(default=False, metadata={"stand_in": True})
    """Whether ICMP (ping) is allowed."""
    why: str = ""
    """The reason, for people who read it later."""
    service: str = field(default="", metadata={"stands_for": ("targets", "tcp", "udp"), "before": "why"})
    """The service that is called. Its role and port replace `targets`, `tcp` and `udp`."""
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)


Peer = Role | str


def allow(
    source: Peer | Iterable[Peer],
    target: Peer | Service | Iterable[Peer],
    *,
    tcp: Ports = (),
    udp: Ports = (),
    icmp: bool = False,
    why: str = "",
) -> Flow:
    """Return a flow that allows traffic: `allow(web, app, tcp=8443, why="web calls the payment service")`.

    Ports are a number, a range `"8000-8100"`, or several of these. Replies are allowed too. A service has its
    port and its role: `allow(web, payments_api, why="web calls the payment service")`.

    Validation of the topology reports values that are no ports. Raise ValueError for a port beside a service.
    """
    if isinstance(target, Service):
        for name, ports in (("tcp", tcp), ("udp", udp)):
            if _ports(ports):
                raise ValueError(f"the service {target.name!r} has the port; leave {name} out")
        return Flow(_names(source), (), icmp=icmp, why=why, service=target.name)
    return Flow(_names(source), _names(target), tcp=tcp, udp=udp, icmp=icmp, why=why)


def _names(peers: Peer | Iterable[Peer]) -> tuple[str, ...]:
    return tuple(peer.name if isinstance(peer, Role) else peer for peer in _several(peers))


def _several(peers: Peer | Iterable[Peer]) -> tuple[Peer, ...]:
    return convert.several(peers)


def port_ranges(ports: Ports) -> tuple[PortRange, ...]:
    """Return ports as sorted ranges that neither overlap nor touch. A range is `"8000-8100"` or `[(8000,
    8100)]`.
    """
    several: tuple[Any, ...] = convert.several(ports)
    merged: list[PortRange] = []
    for first, last in sorted(_port_range(port) for port in several):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def _port_range(port: Any) -> PortRange:
    if isinstance(port, tuple) and len(port) == 2:
        first, last = port
    elif isinstance(port, str):
        low, dash, high = port.partition("-")
        if not low.strip().isdigit() or (dash and not high.strip().isdigit()):
            raise ValueError(f"{port!r} is no port or range of ports; write 443 or '8000-8100'")
        first, last = int(low), int(high if dash else low)
    else:
        first = last = port
    if isinstance(first, bool) or not isinstance(first, int) or not isinstance(last, int):
        raise ValueError(f"{port!r} is no port or range of ports; write 443 or '8000-8100'")
    if not 1 <= first <= last <= 65535:
        raise ValueError(f"{port!r} is no port or range of ports between 1 and 65535")
    return first, last


def _roles(given: Iterable[Role] | Role) -> tuple[Role, ...]:
    return convert.several(given)


def _flows(given: Iterable[Flow] | Flow) -> tuple[Flow, ...]:
    return convert.several(given)


_Offered = Mapping[Any, tuple[Role, Service]]


def _to_service(flow: Flow, offered: _Offered) -> Flow:
    """Return a flow to a service with its target and port; without both, if no role offers the service."""
    if not isinstance(flow, Flow) or not isinstance(flow.service, str) or not flow.service:
        return flow
    if flow.service not in offered:
        return evolve(flow, targets=(), tcp=(), udp=())
    role, service = offered[flow.service]
    return evolve(flow, targets=(role.name,), tcp=((service.tcp, service.tcp),), udp=())


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class Topology:
    """A platform, independent of any cloud: its roles and what may flow between them."""

    name: str
    """An RFC 1035 label."""
    roles: tuple[Role, ...] = field(converter=_roles, metadata={"block": "role", "example": 'Role("web")'})
    """Its roles. Their order decides the subnets of each."""
    flows: tuple[Flow, ...] = field(
        default=(),
        converter=_flows,
        metadata={"block": "allow", "example": 'allow("web", "app", tcp=443)'},
    )
    """All traffic that is allowed."""
    tags: Mapping[str, str] = field(factory=dict, converter=convert.tags)
    """Tags of every resource."""
    retired: Mapping[str, int] = field(factory=dict, converter=convert.options)
    """Removed roles, each with its former slot, so that later roles keep their places."""
    delivery: Delivery = ""
    """How changed files reach its hosts. `files`: portinfra renders a folder, which your own tool delivers.
    `puppet`, `ansible`: portinfra renders a repository for this tool. New hosts have their files from
    creation. Empty: portinfra renders no files.
    """
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Set the targets and ports of flows to services, so that they are like all other flows."""
        if any(isinstance(flow, Flow) and flow.service for flow in self.flows):
            offered = {service.name: (role, service) for role, service in self.services}
            object.__setattr__(self, "flows", tuple(_to_service(flow, offered) for flow in self.flows))

    @property
    def services(self) -> tuple[tuple[Role, Service], ...]:
        """Every service with the role that offers it, in the order of the declaration."""
        return tuple(
            (role, service)
            for role in self.roles
            if isinstance(role, Role)
            for service in role.offers
            if isinstance(service, Service) and isinstance(service.name, str)
        )

    @property
    def slots(self) -> tuple[int, ...]:
        """The slot of each role, in their order: its own `slot`, or its position among slots that are not
        retired.
        """
        retired = set(self.retired.values())
        free = (slot for slot in count() if slot not in retired)
        return tuple(
            position if role.slot is None else role.slot
            for role, position in zip(self.roles, free, strict=False)
        )

    def role(self, name: str) -> Role:
        """Return the role of that name. Raise KeyError."""
        for role in self.roles:
            if role.name == name:
                return role
        raise KeyError(name)

    def with_role(self, role: Role) -> "Topology":
        """Return the same topology with one role replaced, in its place."""
        return evolve(self, roles=tuple(role if r.name == role.name else r for r in self.roles))
