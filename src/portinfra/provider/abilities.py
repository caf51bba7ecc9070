"""Optional abilities of a provider: its plugin inherits the class of each ability that it has.

portinfra finds an ability by its class, and the conformance suite calls all of them except `Images`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.observed import Observed
from portinfra.model.placed import Placed
from portinfra.model.plain import JsonObject
from portinfra.model.platform_service import PlatformService
from portinfra.model.resources import Instance, Snapshot
from portinfra.provider.interface import Answer, Call, Provider
from portinfra.value import frozen


class PermissionPolicies(ABC):
    """Optional ability: the cloud grants permissions by policies. Works offline."""

    @abstractmethod
    def iam_policy(self) -> JsonObject:
        """Return the least policy that a topology needs, as a JSON document for the cloud's tools."""


class Grants(ABC):
    """Optional ability: two accounts must permit snapshot copies between them. Works offline."""

    @abstractmethod
    def grants(self, source: Environment, target: Environment) -> str:
        """Return what each account must permit, as a JSON object that names the place of each policy."""


@frozen
class Check:
    """One finding of a doctor."""

    name: str
    good: bool
    told: str
    """What the doctor found, in a few words."""
    fix: str = ""
    """The command that corrects it; empty where nothing is wrong."""


class ServerTime(ABC):
    """Optional ability of a connected provider: its answers contain its time."""

    @abstractmethod
    def clock_offset(self) -> float | None:
        """Return how many seconds the provider is ahead of its `clock`; None: no answer has contained a time
        yet.
        """


def clock_offset(provider: Provider) -> float | None:
    """Return how many seconds a provider is ahead of the clock of this machine; None: its answers contain no
    time.
    """
    return provider.clock_offset() if isinstance(provider, ServerTime) else None


def current_time(provider: Provider) -> float:
    """Return the provider's time in seconds since 1970; that of this machine where its answers contain none.

    Two machines agree on it even if one has a wrong clock. To sleep, use the provider's clock.
    """
    return provider.clock.now() + (clock_offset(provider) or 0.0)


class NativeLimits(ABC):
    """Optional ability: limits apply to what the provider receives, not to what is declared. Works
    offline.
    """

    @abstractmethod
    def spell_tags(self, tags: Mapping[str, str]) -> Mapping[str, str]:
        """Return tags as the provider stores them, in the same order."""

    @abstractmethod
    def birth_bytes(self, host: Instance) -> int:
        """Return how many bytes of `capabilities.birth_max_bytes` a new host needs."""


class PlatformServices(ABC):
    """Optional ability: hosts need services of the cloud itself, which their firewalls must allow. Works
    offline.
    """

    @abstractmethod
    def platform_services(self, network: str, subnet: str) -> tuple[PlatformService, ...]:
        """Return the services that a host needs whose network and subnet have these CIDRs."""


class Doctor(ABC):
    """Optional ability: the provider needs programs on this machine, or hosts of the user's own."""

    @abstractmethod
    def doctor(self, location: str = "") -> Sequence[Check]:
        """Return the findings about this machine; with a location, those about its hosts. Change nothing."""


Say = Callable[[str], object]
"""Reports the progress of a long action to the user."""


class Images(ABC):
    """Optional ability: the user provides machine images. A location is a region or site."""

    @abstractmethod
    def build_image(self, location: str, packages: Iterable[str], name: str, say: Say) -> str:
        """Build a small Debian image with these extra packages, upload it to a location, and return its
        name.
        """

    @abstractmethod
    def fetch_image(self, location: str, source: str, sha256: str, name: str, say: Say) -> str:
        """Download an image from a URL or file, verify its digest, upload it to a location, and return its
        name.
        """


@frozen
class BlockReader:
    """How a host reads a snapshot's blocks from the provider itself, without a volume created from it."""

    command: str
    """A shell command that writes the whole snapshot to standard output: zeros where nothing was written."""
    tools: tuple[str, ...]
    """Commands that the host must have."""


class BlockExport(ABC):
    """Optional ability: hosts read a snapshot's blocks, as `capabilities.block_export` says. Offline."""

    @abstractmethod
    def block_reader(self, environment: Environment, snapshot: str, gib: int) -> BlockReader:
        """Return how to read the snapshot with this native id, of a volume of so many GiB."""

    @abstractmethod
    def block_problem(self, native: JsonObject) -> str:
        """Return what a host with these native options lacks to read blocks; empty: nothing."""

    @abstractmethod
    def block_grants(self, environment: Environment, taken: Scope) -> str:
        """Return the permissions of a host that reads snapshots of that scope, and where to grant them: a
        JSON object.
        """


CONSOLE_MAX_BYTES = 65_536
"""How much of a console core reads at most. EC2 keeps no more."""

CONSOLE_LISTEN_SECONDS = 12.0
"""How long a read lasts where the provider keeps no output: longer than the time between two receipts."""


class ConsoleReader(ABC):
    """Optional ability: core can read what a host prints on its serial console. Works offline: core calls.

    A provider that keeps no output returns what the host prints within `CONSOLE_LISTEN_SECONDS`.
    """

    @abstractmethod
    def console_call(self, host: Observed[Instance]) -> Call:
        """Return the one read of the newest output of a host's first serial port."""

    @abstractmethod
    def console_text(self, answer: Answer) -> str:
        """Return the output in an answer: at most the newest `CONSOLE_MAX_BYTES`. Empty: there is none yet.

        Its beginning may be missing, and bytes that are no UTF-8 are replaced. Later answers may
        lack output of earlier ones.
        """


class SnapshotLocks(ABC):
    """Optional ability: the cloud refuses to delete a locked snapshot. Works offline: core calls.

    A lock ends by itself. A user with the permission can end it earlier; portinfra never does.
    """

    @abstractmethod
    def lock_call(self, snapshot: Observed[Snapshot], days: int) -> Call:
        """Return the one write that locks a snapshot for so many days from now. It may be repeated."""

    @abstractmethod
    def locks_call(self) -> Call:
        """Return the first read of all locks of the account; core reads the following pages."""

    @abstractmethod
    def lock_ends(self, answer: Answer) -> Mapping[str, float]:
        """Return, for one page, native id of a snapshot → end of its lock, in seconds since 1970."""


class KeyStates(ABC):
    """Optional ability: the cloud returns whether an encryption key can be used. Works offline: core
    calls.
    """

    @abstractmethod
    def key_call(self, environment: Environment, key: str) -> Call | None:
        """Return the one read of a key, by its name in `key` of a declaration or of an observation.

        None: the name means that no key was chosen, so there is nothing to read.
        """

    @abstractmethod
    def key_problem(self, answer: Answer) -> str:
        """Return why the key cannot encrypt now: `it is disabled`. Empty: it can be used."""


class PermissionChecks(ABC):
    """Optional ability: the cloud returns what credentials may do, without any change. Works offline."""

    @abstractmethod
    def permission_calls(
        self, placed: Placed, catalogue: Catalogue, seen: Mapping[Address, Observed[Any]]
    ) -> tuple[Call, ...]:
        """Return the reads, at most 20, that show whether the writes of a takeover are permitted.

        `placed` has the wanted resources of its end, and `seen` the existing ones, which are not created.
        """

    @abstractmethod
    def denied_actions(self, call: Call, answer: Answer) -> tuple[str, ...]:
        """Return the actions that an answer denies, by the provider's names."""

    def is_sure_to_be_needed(self, action: str) -> bool:
        """Return whether the takeover fails without an action that was denied.

        Otherwise the denial is a warning: another policy may grant the action, which the answer does not
        show.
        """
        return True
