"""What a provider can do (known offline), and what it offers at one location (read from it)."""

from collections.abc import Mapping

from attrs import field

from portinfra.model import convert
from portinfra.value import frozen


@frozen(field_transformer=convert.refuse_text)
class Capabilities:
    """Abilities and limits of a provider, known without credentials or network.

    `validate` refuses a topology that needs more, before any call.
    """

    visibility_seconds: float = 0.0
    """For how many seconds after a change a list may still show the state before it."""
    rates: Mapping[str, "Rate"] = field(factory=dict)
    """Rate class → the published rate of calls of that class. Core paces reads by it before it has read the
    catalogue, and copies it into a catalogue without rates. Empty: the catalogue has the rates.
    """
    reads_at_once: int = 8
    """How many reads core may make at the same time."""
    usual_seconds: Mapping[str, float] = field(factory=dict)
    """Action → seconds after which a list usually shows its result, for actions that an apply waits for. Only
    the estimate of a plan uses it. Empty: plans have no estimate.
    """
    user_data_max_bytes: int = 16_384
    """How many bytes the user data of a role may have."""
    birth_max_bytes: int | None = None
    """How many bytes portinfra may send to create a host: its user data, keys and mounts
    (`NativeLimits.birth_bytes`).
    """
    volume_min_gib: int = 1
    volume_max_gib: int = 16_384
    volumes_per_host_max: Mapping[str, int] = field(factory=dict)
    """Pattern of a machine type (`e2-*`) → how many volumes a host may have besides its root disk. The first
    pattern that fits counts. A machine type without a pattern has no limit.
    """
    rules_max: int | None = None
    """How many rules a firewall may have in each direction. None: no limit."""
    rule_peers_max: int | None = None
    """How many peers may have equal ports, in each direction of one firewall."""
    mark_text_max: int | None = None
    """How many characters of JSON the tags of a firewall may have, where its description keeps them."""
    tags_max: int = 40
    """How many tags a user may set on a resource."""
    tag_key_max: int | None = None
    """How many characters the key of a tag may have, as the provider spells it; None: any number."""
    tag_value_max: int | None = None
    tags_reserved: tuple[str, ...] = ()
    """Prefixes of tag keys that the provider reserves, in lower case."""
    account_digits: int | None = None
    """How many digits an account has; None: its name may be any text."""
    network_prefix_min: int = 0
    """The shortest prefix that a network may have: 16 for a /16."""
    cidrs_reserved: tuple[str, ...] = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4")
    """CIDRs that no network may overlap."""
    zonal_subnets: bool = True
    public_addresses: bool = True
    grow_volumes: bool = True
    """Whether a volume grows in place."""
    resize_instances: bool = True
    """Whether an instance's machine type changes by a stop and a start."""
    snapshots: bool = True
    snapshot_copy: bool = True
    block_export: bool = False
    runs_user_data: bool = True
    """Whether hosts run their user data. The simulator's hosts do not."""
    reads_definitions: bool = False
    """Whether portinfra reads how firewall rules are defined, and cannot read which are in force."""
    customer_keys: bool = True
    """Whether `key=` may name a key."""
    names_principals: bool = True
    """Whether credentials identify the person or program that uses them."""
    simulated: bool = False
    """Whether nothing of it is real. Then evidence and pages say SIMULATED."""


@frozen
class Zone:
    """An independent part of a region."""

    name: str
    id: str = ""
    """The same physical zone in every account, where the provider has such a name."""


@frozen(field_transformer=convert.refuse_text)
class MachineType:
    """A machine type, by the provider's own name."""

    name: str
    vcpus: int
    memory_gib: float
    zones: frozenset[str]
    """The zones that offer it."""


@frozen
class Rate:
    """A token bucket: how many calls at once, and how many are added each second."""

    bucket: float
    per_second: float


@frozen
class Quota:
    """The most of one thing that the account may have at this location."""

    kind: str
    """A kind of resource, of which each counts as one. Or the provider's own name (`CPUS`): then a driver
    says how much each resource takes.
    """
    limit: int | None
    """None: portinfra could not read it."""
    used: int | None
    """How much of it the account uses. None: the provider does not return it, and only the resources of the
    scope count.
    """
    place: str = ""
    """Where it applies, in words: `the whole project`. Empty: in the region of the catalogue."""


@frozen(field_transformer=convert.refuse_text)
class Catalogue:
    """What one location offers, as the provider returned it."""

    region: str
    account: str
    """The account of the credentials."""
    zones: tuple[Zone, ...]
    """The zones, in the provider's own stable order."""
    sizes: Mapping[str, str]
    """Logical size → name of a machine type. A published table: an entry never changes its meaning."""
    machine_types: Mapping[str, MachineType]
    images: Mapping[str, str]
    """Logical image → the id of its newest version."""
    quotas: tuple[Quota, ...] = ()
    rates: Mapping[str, Rate] = field(factory=dict)
    """Rate class → the published rate of calls of that class; by default that of the capabilities. Empty:
    calls have no limit. Otherwise each name in `Call.rates` must be in it.
    """

    visibility_seconds: float = 0.0
    usual_seconds: Mapping[str, float] = field(factory=dict)
    """Both as in the capabilities of the provider. Core sets them."""
    rules_max: int | None = None
    """How many rules the account may have in each direction of one firewall. None: the provider's default
    counts.
    """
    rules_max_is_default: bool = False
    """Whether core has set `rules_max` to the provider's default, `Capabilities.rules_max`."""

    def machine_type(self, size: str) -> str:
        """Return the machine type of a logical size. Any other name is the provider's own, and is returned as
        it is.
        """
        return self.sizes.get(size, size)
