"""What is there, as the cloud told it."""

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar, cast

from attrs import field, frozen
from attrs.validators import instance_of, optional

from portinfra.errors import ProviderError
from portinfra.format import silent_line
from portinfra.model import convert
from portinfra.model.address import Address
from portinfra.model.resources import Spec

S = TypeVar("S", bound=Spec)
S_co = TypeVar("S_co", bound=Spec, covariant=True)

State = Literal["pending", "ready", "deleting"]


class Unseen:
    """The value of an attribute that no list tells. `Driver.detail` asks for it, where anything tells it;
    else it is unknown, which is no difference. False, as a reference that is not there.
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
    """The class of `portinfra.errors` that tells the reaction: PermissionDenied for an unusable key."""
    text: str
    """What happened, in the provider's words if it has any."""
    code: str = ""
    """The provider's own code: `Client.InternalError`."""
    fix: str = ""
    """What to do about it. The driver knows the cause; core knows only what is true of the whole class."""

    def __str__(self) -> str:
        return self.text if self.code in self.text else f"{self.text} ({self.code})"


@frozen(field_transformer=convert.refuse_text)
class Observed(Generic[S_co]):
    """One resource as it is, in the words in which it is declared."""

    address: Address
    """Whose it is, by the owner that it carries in the cloud."""
    spec: S_co
    parts: Mapping[str, str] = field(factory=dict)
    """The native id of each part that exists: enough to delete it without anything else."""
    state: State = "ready"
    """`pending` until it can be used, `deleting` until it is gone."""
    place: str | None = None
    """The zone or connection that it is in; None where it is in none. An attachment is in its host's zone."""
    extras: tuple[Mapping[str, str], ...] = ()
    """Native parts of doubles that are explained (our own attempts) and empty: to be removed."""
    fault: Fault | None = field(default=None, validator=optional(instance_of(Fault)))
    """Why nothing came of it after the provider had accepted it: it must be made again."""
    failed_change: Fault | None = field(default=None, validator=optional(instance_of(Fault)))
    """Why nothing came of the last change that the provider accepted: the resource is as it was before."""
    reason: str = ""
    """Why it is pending, where it is neither young nor busy but not as any of its kind must be."""
    started: str = field(default="", eq=False)
    """Of a host: when it last started, in the provider's own words; empty: the provider does not tell it."""

    @property
    def id(self) -> str:
        """The provider's own name of its main part."""
        return self.parts.get("id", "")


@frozen(field_transformer=convert.refuse_text)
class Foreign:
    """A resource that the scope does not own, and that lies in a resource of the scope or is bound to one."""

    kind: str
    """In the provider's words: `instance`, `security group`."""
    id: str
    """The provider's own."""
    inside: Address
    """The innermost resource of the scope that it lies in."""
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
    """All that is ours at one location, and what the location could not tell."""

    resources: Mapping[Address, Observed[Spec]] = field(factory=dict)
    unknown: frozenset[str] = frozenset()
    """Places that did not answer. What is there is not known: it is never taken for absent."""
    unexplained: tuple[str, ...] = ()
    """Doubles that bear our owner and that no attempt of ours explains: reported, never touched."""
    foreign: tuple[Foreign, ...] | None = None
    """What others have made in or on these resources; None where it was not read. It is never changed."""
    reads_definitions: bool = False
    """Whether firewall rules were read as they are defined, and no read tells what is in force."""

    @property
    def count(self) -> int | None:
        """Return how many resources there are; None: none is seen, and a zone does not answer."""
        return len(self.resources) or (None if self.unknown else 0)

    @property
    def silence(self) -> str:
        """Return which zones do not answer, in words; empty: every zone answers."""
        return silent_line(self.unknown) if self.unknown else ""

    def of(self, kind: type[S]) -> dict[Address, Observed[S]]:
        """Return the resources of one kind, in the order of `resources`."""
        found = {a: seen for a, seen in self.resources.items() if isinstance(seen.spec, kind)}
        return cast(dict[Address, Observed[S]], found)
