"""The shapes of the simulator: the differences between clouds, as data."""

from collections.abc import Mapping
from functools import cache
from typing import Literal

from attrs import evolve, field

from portinfra.model.batch import Batch
from portinfra.model.catalogue import Rate
from portinfra.testing.lag import draw_share
from portinfra.value import frozen

Carrier = Literal["tags", "labels", "description", "metadata", "name"]
"""Where a cloud keeps the owner of a resource. `name`: nowhere but in its name."""

KINDS = ("network", "subnet", "firewall", "instance", "volume", "public-address", "snapshot")
"""The kinds with records of their own. Rules belong to their firewall, attachments to their volume."""

EC2_RATES = {
    "read": Rate(100, 20),
    "write": Rate(50, 5),
    "launch": Rate(5, 2),
    "start": Rate(5, 2),
    "hosts started": Rate(1000, 2),
    "stop": Rate(50, 5),
    "hosts stopped": Rate(1000, 20),
    "terminate": Rate(100, 5),
    "hosts terminated": Rate(1000, 20),
    "volume": Rate(100, 5),
    "owner": Rate(100, 10),
}
"""EC2's published rates, by rate class. The classes of `hosts` count hosts, and all others requests."""

BATCH_MAX = 50
"""The most hosts that a driver names in one request."""


@frozen
class Shape:
    """One kind of cloud. `attrs.evolve` makes others."""

    name: str
    owner: Mapping[str, Carrier]
    """Kind → what carries its owner."""
    fixed_owner: frozenset[str] = frozenset()
    """Kinds whose owner is written at creation and never again."""
    tokens: frozenset[str] = frozenset()
    """Kinds whose creation takes a token, so that a repeated request makes no double."""
    unique_names: frozenset[str] = frozenset()
    """Kinds whose name must be unique in the account and region."""
    zonal_subnets: bool = True
    network_cidr: bool = True
    """Whether a network has a CIDR, in which its subnets must lie."""
    default_egress: bool = False
    """Whether a new firewall allows all egress until that rule is revoked."""
    zonal_reads: bool = False
    """Whether instances and volumes are listed zone by zone."""
    reserved: tuple[int, int] = (4, 1)
    """How many addresses at each end of a subnet belong to the cloud."""
    smallest_subnet: int = 28
    """The longest prefix that a subnet may have."""
    visibility_seconds: float = 0.0
    """How stale lists are, in seconds."""
    lag_varies: bool = False
    """Whether each list shows each record as it was at another moment of the last `visibility_seconds`. So a
    later read may show an older state, and a record may be absent where another that refers to it is shown.
    """
    reference_lag_seconds: float = 0.0
    """How long other requests may not know a new id, in seconds."""
    pending: Mapping[str, float] = field(factory=dict)
    """Kind, `attach`, `start` or `stop` → seconds until it is done."""
    capture_seconds: float = 0.0
    """How long after its request a snapshot captures the data of its volume, in seconds."""
    deleting: Mapping[str, float] = field(factory=dict)
    """Kind or `detach` → seconds until it is gone. Its name and addresses are used until then."""
    terminated_seconds: float = 0.0
    """The seconds for which lists still show a terminated instance."""
    rates: Mapping[str, Rate] = field(factory=lambda: EC2_RATES)
    """Rate class → rate; empty: no limits."""
    page_size: int = 100
    batches: frozenset[str] = frozenset()
    """Actions that take the ids of many resources. They change all of them, or are refused for all."""


AWS = Shape(
    "aws",
    owner=dict.fromkeys(KINDS, "tags"),
    tokens=frozenset({"instance", "volume"}),
    default_egress=True,
    visibility_seconds=5.0,
    pending={
        "instance": 25.0,
        "volume": 3.0,
        "snapshot": 60.0,
        "attach": 2.0,
        "start": 15.0,
        "stop": 20.0,
    },
    deleting={"instance": 30.0, "volume": 4.0, "detach": 3.0},
    terminated_seconds=3600.0,
    batches=frozenset({"StartInstance", "StopInstance", "DeleteInstance"}),
)

GCP = Shape(
    "gcp",
    owner={
        **dict.fromkeys(("network", "subnet", "firewall"), "description"),
        **dict.fromkeys(("instance", "volume", "public-address", "snapshot"), "labels"),
    },
    fixed_owner=frozenset({"network", "subnet"}),
    tokens=frozenset(KINDS),
    unique_names=frozenset(KINDS),
    zonal_subnets=False,
    network_cidr=False,
    reserved=(2, 2),
    smallest_subnet=29,
    pending={
        "network": 8.0,
        "subnet": 8.0,
        "firewall": 4.0,
        "instance": 15.0,
        "volume": 4.0,
        "snapshot": 30.0,
        "attach": 3.0,
        "start": 12.0,
        "stop": 30.0,
    },
    capture_seconds=8.0,
    deleting={
        "network": 10.0,
        "subnet": 10.0,
        "firewall": 4.0,
        "instance": 30.0,
        "volume": 4.0,
        "detach": 3.0,
    },
    rates={"read": Rate(750, 25), "write": Rate(300, 20)},
)

LIBVIRT = Shape(
    "libvirt",
    owner={**dict.fromkeys(KINDS, "name"), "network": "metadata", "instance": "metadata"},
    unique_names=frozenset(KINDS),
    zonal_reads=True,
    reserved=(2, 1),
    smallest_subnet=30,
    pending={"instance": 2.0, "volume": 2.0},
    deleting={"instance": 1.0},
    rates={},
)

NAME = evolve(LIBVIRT, name="name", owner=dict.fromkeys(KINDS, "name"), zonal_reads=False)

INSTANT = evolve(
    AWS,
    name="instant",
    visibility_seconds=0.0,
    pending={},
    deleting={},
    terminated_seconds=0.0,
    rates={},
    page_size=1000,
)
"""The shape for measurements of core: no call takes time, and nothing is limited."""

SHAPES = {shape.name: shape for shape in (AWS, GCP, LIBVIRT, NAME, INSTANT)}


def shown_moment(shape: Shape, now: float, id: str) -> float:
    """Return the moment whose state a list shows of a record now. It is not random: equal runs are equal."""
    share = draw_share(f"{id} {now}") if shape.lag_varies else 1.0
    return now - shape.visibility_seconds * share


def rate_classes(action: str, shape: Shape) -> tuple[str, ...]:
    """Return the rate classes that a request takes a token from. Claims are not limited."""
    names = _rate_classes(action) if shape.rates else ()
    return names if all(name in shape.rates for name in names) else ("write",)


def batch_of(action: str, shape: Shape) -> Batch | None:
    """Return how a request can be joined with equal ones; None: it cannot."""
    if action not in shape.batches:
        return None
    return Batch("id", BATCH_MAX, tuple(filter(counts_hosts, rate_classes(action, shape))))


def counts_hosts(name: str) -> bool:
    """Return whether a rate class counts hosts."""
    return name.startswith("hosts ")


@cache
def _rate_classes(action: str) -> tuple[str, ...]:
    if action.endswith(("Claim", "Claims")):
        return ()
    return ("read",) if action.startswith(("List", "Describe", "Read")) else _CLASSES.get(action, ("write",))


_CLASSES = {
    "CreateInstance": ("launch",),
    "StartInstance": ("start", "hosts started"),
    "StopInstance": ("stop", "hosts stopped"),
    "DeleteInstance": ("terminate", "hosts terminated"),
    "CreateVolume": ("volume",),
    "SetOwner": ("owner",),
}


_AWAITED = {
    **{f"Create{kind.capitalize()}": kind for kind in KINDS if kind != "public-address"},
    "AttachVolume": "attach",
    "StartInstance": "start",
    "StopInstance": "stop",
}
_AWAITED_AWAY = {
    **{f"Delete{kind.capitalize()}": kind for kind in KINDS if kind != "public-address"},
    "DetachVolume": "detach",
}
"""Action → the key of `pending` or of `deleting` that has its time."""


def usual_seconds(shape: Shape) -> dict[str, float]:
    """Return action → seconds until a list shows its result, for the actions that take time."""
    times = {action: shape.pending.get(key, 0.0) for action, key in _AWAITED.items()}
    times |= {action: shape.deleting.get(key, 0.0) for action, key in _AWAITED_AWAY.items()}
    return {action: time + shape.visibility_seconds for action, time in times.items() if time}
