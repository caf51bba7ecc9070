"""The resource kinds that every cloud offers. Wanted and existing resources have the same types.

A value refers to others by `Address`, never by a cloud's id. Placement makes wanted values from a topology.
Drivers make existing values from a cloud's answers. The difference between the two is the plan.

Metadata of a field:
`reference`  it holds the address of another resource, which is created before and deleted after this one;
`ends_with`  a reference: once that resource is gone, this one is gone too, without a call of its own;
`birth`      it matters only when the resource is created: it is never compared and causes no change;
`secret`     it is never shown: no plan, journal, log or error contains its value;
`stored`     its name in documents, in saved plans and for drivers, where that is another one. The class has a
             property of that name.

What a user declares (`Volume`) also has the metadata of `schema.py`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Self

from attrs import evolve, field, fields

from portinfra.model import convert
from portinfra.model.address import Address
from portinfra.model.arguments import refuse_unknown
from portinfra.model.former_names import accept_former_names, stored_name
from portinfra.model.location import Location, here
from portinfra.value import frozen

Power = Literal["running", "stopped"]
Zone = int | str
"""A zone's ordinal (0, 1, 2) until planning binds it to the provider's own name."""


_REFERENCE = {"reference": True}
_ENDS_WITH = {"reference": True, "ends_with": True}
_BIRTH = {"birth": True}
_SECRET = {"birth": True, "secret": True}
_PROTECTION = {"former": "protect", "stored": "protect"}


class Rule(NamedTuple):
    """Allowed traffic. A firewall drops all traffic that no rule allows."""

    protocol: str
    """`tcp`, `udp` or `icmp`."""
    first: int
    """The first port; 0 for icmp."""
    last: int
    """The last port, inclusive; 0 for icmp."""
    peer: str
    """The other side: the address of a firewall (all its hosts), or a CIDR."""

    @property
    def peer_firewall(self) -> Address | None:
        """The firewall on the other side, or None where it is a CIDR."""
        return Address(self.peer) if self.peer.startswith("firewall.") else None


def _rules(given: Iterable[Rule] | Rule) -> tuple[Rule, ...]:
    """Return rules sorted and without duplicates. One rule alone becomes a tuple of one. Other values stay,
    and validation reports them.
    """
    rules: tuple[Rule, ...] = (given,) if isinstance(given, Rule) else convert.several(given)
    try:
        return tuple(sorted(set(rules))) if all(isinstance(rule, Rule) for rule in rules) else rules
    except TypeError:  # a port that is no number
        return rules


@frozen
class Spec:
    """One resource, as it should be or as it is."""

    kind: ClassVar[str]
    name: str
    """Its name, unique within its kind: an RFC 1035 label."""

    @property
    def address(self) -> Address:
        """`KIND.NAME`, unique within a scope."""
        return Address(f"{self.kind}.{self.name}")

    def references(self) -> tuple[Address, ...]:
        """Return the resources that must exist before this one."""
        names = traits(type(self)).references
        return tuple([value for name in names if (value := getattr(self, name))])

    def ends_with(self, gone: Address) -> bool:
        """Return whether it is gone once a resource that it refers to is gone."""
        return any(getattr(self, name) == gone for name in traits(type(self)).ends_with)

    def without(self, gone: Address) -> Self:
        """Return the same resource without references to a resource that is gone."""
        cleared: dict[str, Any] = {
            name: None for name in traits(type(self)).references if getattr(self, name) == gone
        }
        return evolve(self, **cleared)


@frozen(field_transformer=convert.refuse_text)
class Network(Spec):
    """A private network. Traffic enters and leaves it only as firewalls allow."""

    kind = "network"
    cidr: str
    tags: Mapping[str, str] = field(factory=dict, converter=convert.tags)


@frozen(field_transformer=convert.refuse_text)
class Subnet(Spec):
    """The addresses of one role in one zone."""

    kind = "subnet"
    network: Address | None = field(converter=convert.address, metadata=_REFERENCE)
    cidr: str = field()
    zone: Zone = field()
    public: bool = False
    """Whether it has a route to and from the internet. Without: no route, no NAT."""
    tags: Mapping[str, str] = field(factory=dict, converter=convert.tags)


@frozen(field_transformer=convert.refuse_text)
class Firewall(Spec):
    """A role's firewall without rules, which blocks all traffic. Its rules are a resource of their own."""

    kind = "firewall"
    network: Address | None = field(converter=convert.address, metadata=_REFERENCE)
    tags: Mapping[str, str] = field(factory=dict, converter=convert.tags)
    cidr: str = field(default="", metadata=_BIRTH, eq=False)
    """The CIDR of all its hosts, in all zones: for clouds whose rules cannot name a role."""


@frozen(field_transformer=convert.refuse_text)
class FirewallRules(Spec):
    """All traffic that a firewall allows, in each direction. It sorts its rules and removes duplicates."""

    kind = "firewall-rules"
    firewall: Address | None = field(converter=convert.address, metadata=_REFERENCE)
    ingress: tuple[Rule, ...] = field(default=(), converter=_rules)
    egress: tuple[Rule, ...] = field(default=(), converter=_rules)

    def references(self) -> tuple[Address, ...]:
        """Return the firewall itself, and every firewall that a rule names as its peer."""
        peers = {rule.peer_firewall for rule in self.ingress + self.egress} - {None, self.firewall}
        own = (self.firewall,) if self.firewall else ()
        return own + tuple(sorted(peer for peer in peers if peer))

    def without(self, gone: Address) -> Self:
        """Return the same rules without those towards a firewall that is gone."""
        return evolve(
            self,
            firewall=None if self.firewall == gone else self.firewall,
            ingress=tuple(rule for rule in self.ingress if rule.peer != gone),
            egress=tuple(rule for rule in self.egress if rule.peer != gone),
        )


@frozen
class Mount:
    """A volume that its host mounts by itself at every boot."""

    device: str
    """The logical device of its attachment."""
    place: str
    """The mount point: `/srv`."""
    restored: bool = False
    """Whether it contains restored data. Then the host never formats it, even if it looks blank."""


def _mounts(given: Iterable[Mount] | Mount) -> tuple[Mount, ...]:
    return convert.several(given)


@accept_former_names
@frozen(field_transformer=convert.refuse_text)
class Instance(Spec):
    """One host of one role."""

    kind = "instance"
    subnet: Address | None = field(converter=convert.address, metadata=_REFERENCE)
    firewall: Address | None = field(converter=convert.address, metadata=_REFERENCE)
    zone: Zone = field()
    private_address: str = field()
    machine_type: str = "small"
    """A logical size (small, medium, large, xlarge) until planning binds it to the provider's own name."""
    image: str = "debian-12"
    """The logical image: a family, of which the newest version counts."""
    image_id: str = field(default="", metadata=_BIRTH, eq=False)
    """The version of the image, as the provider's own id. Planning binds it, and a running host keeps it. A
    driver may add more after a space.
    """
    disk_gib: int = 20
    """The encrypted root disk, in GiB."""
    key: str | None = None
    """The key that encrypts the root disk; None: the provider's own."""
    power: Power = "running"
    deletion_protection: bool = field(default=False, metadata=_PROTECTION)
    tags: Mapping[str, str] = field(factory=dict, converter=convert.tags)
    native: Mapping[str, Any] = field(factory=dict, converter=convert.options)
    """Options of this provider only, with the provider's own types."""
    ends_after: int = field(default=0, metadata=_BIRTH, eq=False)
    """Seconds after its creation when it stops by itself, also if the run that created it has ended. 0:
    never.
    """
    mounts: tuple[Mount, ...] = field(default=(), converter=_mounts, metadata=_BIRTH, eq=False)
    ssh_keys: tuple[str, ...] = field(default=(), converter=convert.strings, metadata=_BIRTH, eq=False)
    user_data: str = field(default="", metadata=_SECRET, eq=False, repr=False)
    boot_script: str = field(default="", metadata=_SECRET, eq=False, repr=False)
    """The script that writes its files at its first boot. portinfra sets it. It is long, and not shown."""
    enrolment_token: str = field(default="", metadata=_SECRET, eq=False, repr=False)
    """The token by which it gets its certificate. portinfra puts it into `boot_script`."""
    birth: str = field(default="", metadata=_SECRET, eq=False, repr=False)
    """What it was created with, as salted digests (`planning/creation.py`). portinfra sets it. Each driver
    stores the text at creation and returns it. Empty: not known.
    """

    @property
    def protect(self) -> bool:
        """`deletion_protection`, by its stored name."""
        return self.deletion_protection


@refuse_unknown
@accept_former_names
@frozen(field_transformer=convert.refuse_text)
class Volume(Spec):
    """An encrypted disk that exists longer than its host. There is no unencrypted kind.

    On a role, `Volume("data", gib=100, mount="/srv")` is one volume for each of its hosts. Placement names it
    after its host (`db1-data`) and sets zone and key.
    """

    kind = "volume"
    gib: int = field(metadata={"stand_in": 1})
    """Size in GiB. It may grow in place. A smaller size replaces the volume, and so needs
    `--allow-data-loss`.
    """
    mount: str = field(default="", metadata=_BIRTH, eq=False)
    """Where its host mounts it at every boot. The host formats it if it is blank. Empty: the host does not
    mount it.
    """
    zone: Zone = field(default=0, metadata={"placed": True})
    """The zone of its host; placement sets it."""
    key: str | None = None
    """The key that encrypts it; None: the provider's own."""
    source: str | None = field(default=None, metadata=_BIRTH | {"placed": True}, eq=False)
    """The snapshot that it is created from. Recovery sets it. None: blank."""
    deletion_protection: bool = field(default=False, metadata=_PROTECTION)
    """Refuse every plan that would delete or replace it. Its former name is `protect`."""
    tags: Mapping[str, str] = field(factory=dict, converter=convert.tags)
    """Its tags, in addition to those of its role."""
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)

    @property
    def protect(self) -> bool:
        """`deletion_protection`, by its stored name."""
        return self.deletion_protection


@frozen
class Attachment(Spec):
    """A volume on an instance."""

    kind = "attachment"
    instance: Address | None = field(converter=convert.address, metadata=_ENDS_WITH)
    volume: Address | None = field(converter=convert.address, metadata=_REFERENCE)
    device: str = field()
    """The logical device: the volume's name on its role. The provider knows the path."""


@frozen(field_transformer=convert.refuse_text)
class PublicAddress(Spec):
    """A fixed address that the internet can reach, on one instance."""

    kind = "public-address"
    instance: Address | None = field(converter=convert.address, metadata=_REFERENCE)
    tags: Mapping[str, str] = field(factory=dict, converter=convert.tags)


@frozen(field_transformer=convert.refuse_text)
class Snapshot(Spec):
    """The contents of a volume at one moment, or a copy of them from another region."""

    kind = "snapshot"
    volume: Address | None = field(default=None, converter=convert.address, metadata=_REFERENCE)
    copy_of: str = ""
    """The snapshot that it is a copy of, by region and the provider's id: `us-east-1/snap-0a1b`. Empty: it is
    a snapshot of its volume.
    """
    key: str | None = None
    """The key that encrypts a copy. None: the provider's own. A snapshot of a volume has the volume's key."""
    shared_with: str = ""
    """One more account that may copy it. Empty: none."""
    tags: Mapping[str, str] = field(factory=dict, converter=convert.tags)
    size_gib: int | None = field(default=None, metadata=_BIRTH, eq=False)
    """The least size in GiB of a volume that is created from it, as the provider returns it. None: not known.
    A declared snapshot has none.
    """


KINDS: tuple[type[Spec], ...] = (
    Network,
    Subnet,
    Firewall,
    FirewallRules,
    Instance,
    Volume,
    Attachment,
    PublicAddress,
    Snapshot,
)
"""Every kind, in the order of references: each refers only to kinds before it."""


_STORED_NAMES: Mapping[str, str] = {
    each.name: stored_name(each) for kind in KINDS for each in fields(kind) if "stored" in each.metadata
}
_PRESENT_NAMES: Mapping[str, str] = {stored: name for name, stored in _STORED_NAMES.items()}


def field_name(name: str) -> str:
    """Return the name that drivers and `Difference.field` use for an attribute, from its present name too."""
    return _STORED_NAMES.get(name, name)


def present_name(name: str) -> str:
    """Return the name of an attribute in declarations, from the name that drivers use."""
    return _PRESENT_NAMES.get(name, name)


@frozen(field_transformer=convert.refuse_text)
class Traits:
    """The names of the fields of one kind, grouped by their meaning."""

    references: tuple[str, ...]
    ends_with: tuple[str, ...]
    compared: tuple[str, ...]
    """The fields whose difference is a change: all except the name and what matters only at creation."""
    shown: tuple[str, ...]
    secret: tuple[str, ...]


def traits(spec: type[Spec]) -> Traits:
    """Return the names of the fields of a kind, grouped by their meaning."""
    known = _TRAITS.get(spec)
    if known is None:
        known = _TRAITS[spec] = _read_traits(spec)
    return known


_TRAITS: dict[type[Spec], Traits] = {}


def _read_traits(spec: type[Spec]) -> Traits:
    all_fields = fields(spec)
    return Traits(
        references=tuple(f.name for f in all_fields if f.metadata.get("reference")),
        ends_with=tuple(f.name for f in all_fields if f.metadata.get("ends_with")),
        compared=tuple(stored_name(f) for f in all_fields if f.eq and f.name != "name"),
        shown=tuple(
            stored_name(f)
            for f in all_fields
            if not f.metadata.get("secret") and f.name not in ("name", "location")
        ),
        secret=tuple(f.name for f in all_fields if f.metadata.get("secret")),
    )


def public_fields(spec: Spec) -> dict[str, Any]:
    """Return every field that may be shown, by name. Secrets are left out."""
    return {name: getattr(spec, name) for name in traits(type(spec)).shown}
