"""What a provider can do at all (known offline), and what it offers at one location (asked of it)."""

from collections.abc import Mapping

from attrs import field, frozen

from portinfra.model import convert


@frozen(field_transformer=convert.refuse_text)
class Capabilities:
    """Abilities and limits of a provider, known without credentials or network.

    A topology that needs what is not here is refused by `validate`, before any call.
    """

    visibility_seconds: float = 0.0
    """How long after a change a list may still show the world before it."""
    user_data_max_bytes: int = 16_384
    """How many bytes the user data of a role may have."""
    birth_max_bytes: int | None = None
    """How many bytes a new host may be sent: its user data, keys and mounts (`NativeLimits.birth_bytes`)."""
    volume_min_gib: int = 1
    volume_max_gib: int = 16_384
    volumes_per_host_max: Mapping[str, int] = field(factory=dict)
    """Pattern of a machine type (`e2-*`) → how many volumes a host may have besides its root disk. The first
    pattern that fits counts; a machine type that none fits has no limit.
    """
    rules_max: int | None = None
    """How many rules a firewall may have, each way; None: as many as one likes."""
    rule_peers_max: int | None = None
    """How many peers may have equal ports, each way of one firewall."""
    mark_text_max: int | None = None
    """How many characters of JSON the tags of a firewall may have, where its description keeps them."""
    tags_max: int = 40
    """How many tags of the user's own a resource may bear."""
    tag_key_max: int | None = None
    """How many characters the key of a tag may have, as the provider spells it; None: any number."""
    tag_value_max: int | None = None
    tags_reserved: tuple[str, ...] = ()
    """Beginnings of the keys of tags that are the provider's own, in lower case."""
    account_digits: int | None = None
    """How many digits an account has; None: its name may be any text."""
    network_prefix_min: int = 0
    """The largest network that there may be, as the length of its prefix: 16 for a /16."""
    cidrs_reserved: tuple[str, ...] = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4")
    """Ranges of addresses that no network may have a part in."""
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
    """Whether hosts do what they are told at their birth: a simulator's do nothing."""
    reads_definitions: bool = False
    """Whether firewall rules are read as they are defined, and no read tells what is in force."""
    customer_keys: bool = True
    """Whether `key=` may name a key."""
    names_principals: bool = True
    """Whether credentials name the person or program that uses them."""
    simulated: bool = False
    """Whether nothing of it is real: evidence and pages say SIMULATED."""


@frozen
class Zone:
    """An independent part of a region."""

    name: str
    id: str = ""
    """The same physical zone in every account, where the provider has such a name."""


@frozen(field_transformer=convert.refuse_text)
class MachineType:
    """A size of instance, in the provider's own name."""

    name: str
    vcpus: int
    memory_gib: float
    zones: frozenset[str]
    """The zones that offer it."""


@frozen
class Rate:
    """A token bucket: so many calls at once, refilled at so many a second."""

    bucket: float
    per_second: float


@frozen
class Quota:
    """The most of one thing that the account may have here."""

    kind: str
    """A kind, of which each resource counts as one; or the provider's own word (`CPUS`), of which each takes
    what its driver says.
    """
    limit: int | None
    """None: it could not be read."""
    used: int | None
    """How much of it the account has. None: the provider does not tell; what the scope has counts."""
    place: str = ""
    """Where it holds, in words: `the whole project`. Empty: in the region of the catalogue."""


@frozen(field_transformer=convert.refuse_text)
class Catalogue:
    """What one location offers, as its provider told it."""

    region: str
    account: str
    """The account that the credentials speak for."""
    zones: tuple[Zone, ...]
    """In the provider's own stable order."""
    sizes: Mapping[str, str]
    """Logical size → machine type name. A published table; an entry never changes its meaning."""
    machine_types: Mapping[str, MachineType]
    images: Mapping[str, str]
    """Logical image → the id of its newest version."""
    quotas: tuple[Quota, ...] = ()
    rates: Mapping[str, Rate] = field(factory=dict)
    """Rate class → the published rate of calls of that class. Empty: no call is paced. Otherwise each name in
    `Call.rates` must be here.
    """

    rules_max: int | None = None
    """Rules for each way of one firewall that the account may have. None: the provider's default counts."""
    rules_max_is_default: bool = False
    """Whether core has set `rules_max` to the provider's default, `Capabilities.rules_max`."""

    def machine_type(self, size: str) -> str:
        """The machine type of a logical size; a provider's own name stands for itself."""
        return self.sizes.get(size, size)
