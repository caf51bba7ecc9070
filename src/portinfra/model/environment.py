"""An environment: one account at one location, and what differs there."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import field

from portinfra.model import convert
from portinfra.model.arguments import refuse_unknown
from portinfra.model.location import Location, here
from portinfra.model.schema import attributes
from portinfra.model.topology import Role
from portinfra.value import frozen

RoleOverrides = Mapping[str, Any]
"""What differs for a role in this environment: any of `OVERRIDABLE`."""

OVERRIDABLE = tuple(each.name for each in attributes(Role) if each.metadata.get("override"))
"""The attributes of a role that an environment may set."""

HostAddresses = Mapping[str, Mapping[str, str | None]]
"""Host name → `private` and `public` address: `{"web1": {"private": "10.0.0.4", "public": None}}`."""

DnsHook = Callable[[HostAddresses], Any] | str
"""A Python function, or a command for the local shell. The command reads the same mapping as JSON from the
file that `PORTINFRA_INVENTORY` names. Both fail as a hook does.
"""


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class Environment:
    """One place where a topology runs. Each environment should have its own account; a warning names those
    that share one (R1: one account for each environment).
    """

    name: str
    """An RFC 1035 label."""
    on: str = field(metadata={"stand_in": "unknown:unknown"})
    """`PROVIDER:LOCATION`: `aws:us-east-1`, `gcp:europe-west1`, `libvirt:rack`, `fake:us-east-1`."""
    account: str = ""
    """The AWS account, GCP project or libvirt host set; checked against the credentials' own."""
    cidr: str = "10.0.0.0/16"
    """The addresses of its network, as a CIDR."""
    key: str | None = None
    """The key that encrypts volumes and root disks. None: the provider's own."""
    zones: tuple[str, ...] = field(default=(), converter=convert.strings)
    """The provider's names of its zones, in order. Empty: the first three zones that offer every size."""
    roles: Mapping[str, RoleOverrides] = field(
        factory=dict,
        converter=convert.options,
        metadata={"block": "role", "overrides": Role, "before": "credentials"},
    )
    """What differs in this environment, by the name of a role: `count`, `size`, `image`, `disk_gib`, `tags`.
    """
    sizes: Mapping[str, str] = field(factory=dict, converter=convert.tags)
    """Sizes that have another name in this environment: `{"m5.large": "n2-standard-2"}`."""
    images: Mapping[str, str] = field(factory=dict, converter=convert.tags)
    """Images that have another name in this environment."""
    keys: Mapping[str, str] = field(factory=dict, converter=convert.tags)
    """Keys of volumes that have another name in this environment."""
    credentials: Mapping[str, str] = field(factory=dict, converter=convert.tags)
    """References (a profile, a role to assume, an account to impersonate), never a secret."""
    trust: str = ""
    """The directory of the keys by which new hosts get their certificates. `trust init` creates it. The
    `age_identity` of `credentials` decrypts the private ones. Empty: portinfra signs nothing.
    """
    tags: Mapping[str, str] = field(factory=dict, converter=convert.tags)
    """Tags of every resource in this environment."""
    subnet_prefix: int = 24
    """The length of a subnet's prefix. Each role has one subnet in each zone."""
    calls_per_minute: Mapping[str, int] = field(factory=dict, converter=convert.tags)
    """Rate class of the provider → how many calls a minute the account was granted, where that differs from
    what the provider publishes: `{"RunInstances": 600}`.
    """
    dns: DnsHook | None = None
    """portinfra calls it after an apply or a destroy, with the private and public address of every existing
    host.
    """
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)

    @property
    def provider(self) -> str:
        """The provider's name: `aws`."""
        return self.on.partition(":")[0]

    @property
    def region(self) -> str:
        """The provider's name of the location: `us-east-1`."""
        return self.on.partition(":")[2]

    @property
    def own_sizes(self) -> tuple[str, ...]:
        """The provider's sizes that this environment names: in `sizes`, and for its roles."""
        return (*self.sizes.values(), *self._of_roles("size"))

    @property
    def own_images(self) -> tuple[str, ...]:
        """The provider's images that this environment names: in `images`, and for its roles."""
        return (*self.images.values(), *self._of_roles("image"))

    def _of_roles(self, attribute: str) -> Iterator[str]:
        return (str(differs[attribute]) for differs in self.roles.values() if attribute in differs)
