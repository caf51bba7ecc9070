"""What exists, as the cloud returned it."""

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar, cast

from attrs import field
from attrs.validators import instance_of, optional

from portinfra.errors import ProviderError
from portinfra.format import silent_line
from portinfra.model import convert
from portinfra.model.address import Address
from portinfra.model.resources import Spec
from portinfra.value import frozen

S = TypeVar("S", bound=Spec)
S_co = TypeVar("S_co", bound=Spec, covariant=True)

State = Literal["pending", "ready", "deleting"]


class Unseen:
    """The value of an attribute that no list returns. `Driver.detail` reads it where any call returns it.
    Else it is unknown, and makes no difference. It is False, as a reference to a missing resource is.
    """

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSEEN"


UNSEEN: Any = Unseen()


@frozen
class Fault:
    """Why a resource failed after the provider had accepted it."""

    error: type[ProviderError]
    """The class of `portinfra.errors` that decides the reaction: PermissionDenied for an unusable key."""
    text: str
    """What happened, in the provider's own text if it has one."""
    code: str = ""
    """The provider's own code: `Client.InternalError`."""
    fix: str = ""
    """What to do about it. The driver knows the cause; core knows only what is true of the whole class."""

    def __str__(self) -> str:
        return self.text if self.code in self.text else f"{self.text} ({self.code})"


@frozen(field_transformer=convert.refuse_text)
class Observed(Generic[S_co]):
    """One existing resource, in the terms of the declaration."""

    address: Address
    """Its address, by the owner that it has in the cloud."""
    spec: S_co
    parts: Mapping[str, str] = field(factory=dict)
    """The native id of each existing part. They suffice to delete the resource."""
    state: State = "ready"
    """`pending` until it can be used, `deleting` until it is gone."""
    place: str | None = None
    """Its zone or connection; None where it is in none. An attachment is in its host's zone."""
    extras: tuple[Mapping[str, str], ...] = ()
    """Native parts of duplicates that portinfra's own attempts explain and that are empty. portinfra deletes
    them.
    """
    fault: Fault | None = field(default=None, validator=optional(instance_of(Fault)))
    """Why it failed after the provider had accepted its creation: it must be created again."""
    failed_change: Fault | None = field(default=None, validator=optional(instance_of(Fault)))
    """Why the last change failed that the provider had accepted. The resource is as it was before."""
    captured: bool = field(default=False, eq=False)
    """Of a pending snapshot: whether the provider promises that later writes to its volume are not in it. A
    freeze lasts until then. False: the provider promises it when the snapshot is ready.
    """
    reason: str = ""
    """Why it is pending, though it is neither new nor busy: it lacks something that its kind must have."""
    started: str = field(default="", eq=False)
    """Of a host: when it last started, in the provider's format. Empty: the provider does not return it."""

    @property
    def id(self) -> str:
        """The provider's id of its main part."""
        return self.parts.get("id", "")


@frozen(field_transformer=convert.refuse_text)
class Foreign:
    """A resource that the scope does not own, and that is inside a resource of the scope or uses one."""

    kind: str
    """The provider's name of the kind: `instance`, `security group`."""
    id: str
    """The provider's id."""
    inside: Address
    """The innermost resource of the scope that contains it."""
    name: str = ""
    place: str | None = None
    bound: tuple[Address, ...] = ()
    """Firewalls of the scope whose rules apply to it, or hosts of the scope that its own rules apply to."""

    @property
    def title(self) -> str:
        """Kind, id and name: `instance i-0042 (batch)`."""
        named = f" ({self.name})" if self.name and self.name != self.id else ""
        return f"{self.kind} {self.id}{named}"

    def __str__(self) -> str:
        bound = f", bound to {', '.join(self.bound)}" if self.bound else ""
        return f"{self.title} in {self.inside}{bound}"


@frozen(field_transformer=convert.refuse_text)
class Observation:
    """All resources of a scope at one location, and what the location could not return."""

    resources: Mapping[Address, Observed[Spec]] = field(factory=dict)
    unknown: frozenset[str] = frozenset()
    """Places that did not answer. Their resources are not known, and never count as absent."""
    unexplained: tuple[str, ...] = ()
    """Duplicates that have our owner and that no attempt of ours explains. portinfra reports them and never
    changes them.
    """
    foreign: tuple[Foreign, ...] | None = None
    """What others have created in or on these resources; None where portinfra did not read it. portinfra
    never changes it.
    """
    reads_definitions: bool = False
    """Whether portinfra read how firewall rules are defined, and cannot read which are in force."""

    @property
    def count(self) -> int | None:
        """How many resources exist. None: portinfra sees none, and a zone does not answer."""
        return len(self.resources) or (None if self.unknown else 0)

    @property
    def silence(self) -> str:
        """The zones that do not answer, in words. Empty: every zone answers."""
        return silent_line(self.unknown) if self.unknown else ""

    def of(self, kind: type[S]) -> dict[Address, Observed[S]]:
        """Return the resources of one kind, in the order of `resources`."""
        found = {a: seen for a, seen in self.resources.items() if isinstance(seen.spec, kind)}
        return cast(dict[Address, Observed[S]], found)
