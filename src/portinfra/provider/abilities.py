"""Optional abilities of a provider: its plugin inherits the class of each ability that it has.

portinfra finds an ability by its class, and the conformance suite calls all of them except `Images`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.observed import Observed
from portinfra.model.placed import Placed
from portinfra.model.plain import JsonObject
from portinfra.model.platform_service import PlatformService
from portinfra.model.resources import Instance, Snapshot
from portinfra.provider.interface import Answer, Call, Provider


class PermissionPolicies(ABC):
    """Optional ability: the cloud grants permissions by policies. Works offline."""

    @abstractmethod
    def iam_policy(self) -> JsonObject:
        """Return the least policy that a topology needs, as the JSON document that the cloud's tools read."""


class Grants(ABC):
    """Optional ability: snapshots are copied between two accounts that must allow it. Works offline."""

    @abstractmethod
    def grants(self, source: Environment, target: Environment) -> str:
        """Return what each account must allow: a JSON object that says of each policy where it belongs."""


@frozen
class Check:
    """One finding of a doctor."""

    name: str
    good: bool
    told: str
    """What the doctor found, in a few words."""
    fix: str = ""
    """The command that mends it; empty where it is good."""


class ServerTime(ABC):
    """Optional ability of a connected provider: its answers say what time it is."""

    @abstractmethod
    def clock_offset(self) -> float | None:
        """Return the seconds that the provider is ahead of its `clock`; None: nothing has told it yet."""


def clock_offset(provider: Provider) -> float | None:
    """Return the seconds that a provider is ahead of the clock of this machine; None: it does not tell it."""
    return provider.clock_offset() if isinstance(provider, ServerTime) else None


def current_time(provider: Provider) -> float:
    """Return the provider's time, in seconds since 1970; that of this machine where it tells none. Two
    machines agree on it even where the clock of one is wrong. To sleep, use the provider's clock.
    """
    return provider.clock.now() + (clock_offset(provider) or 0.0)


class NativeLimits(ABC):
    """Optional ability: limits count what the provider receives, not what is declared. Works offline."""

    @abstractmethod
    def spell_tags(self, tags: Mapping[str, str]) -> Mapping[str, str]:
        """Return tags as the provider keeps them, in the same order."""

    @abstractmethod
    def birth_bytes(self, host: Instance) -> int:
        """Return how many bytes of `capabilities.birth_max_bytes` a new host takes."""


class PlatformServices(ABC):
    """Optional ability: hosts need services of the cloud itself. Their firewalls let these through. Works
    offline.
    """

    @abstractmethod
    def platform_services(self, network: str, subnet: str) -> tuple[PlatformService, ...]:
        """Return what a host needs whose network and subnet have these CIDRs."""


class Doctor(ABC):
    """Optional ability: the provider needs programs on this machine, or hosts of the user's own."""

    @abstractmethod
    def doctor(self, location: str = "") -> Sequence[Check]:
        """Return the findings about this machine; with a location, those about its hosts. Change nothing."""


Say = Callable[[str], object]
"""Tells people how far a long action has come."""


class Images(ABC):
    """Optional ability: the user brings machine images to the provider. A location is a region or site."""

    @abstractmethod
    def build_image(self, location: str, packages: Iterable[str], name: str, say: Say) -> str:
        """Build a small Debian image with these extra packages, bring it to a location, return its name."""

    @abstractmethod
    def fetch_image(self, location: str, source: str, sha256: str, name: str, say: Say) -> str:
        """Fetch an image from a URL or file, verify its digest, bring it to a location, return its name."""


@frozen
class BlockReader:
    """How a host reads a snapshot's blocks from the provider itself, without a volume made from it."""

    command: str
    """Shell that writes the whole snapshot to standard output: zeros where nothing was written."""
    tools: tuple[str, ...]
    """Commands that must be on the host."""


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
        """Return what a host that reads snapshots of that scope must be allowed, and where: a JSON object."""


CONSOLE_MAX_BYTES = 65_536
"""How much of a console core reads at most: EC2 keeps no more."""

CONSOLE_LISTEN_SECONDS = 12.0
"""How long a read lasts where the provider keeps no output: longer than two receipts are apart."""


class ConsoleReader(ABC):
    """Optional ability: what a host prints on its serial console can be read. Works offline: core calls.

    A provider that keeps no output returns what the host prints within `CONSOLE_LISTEN_SECONDS`.
    """

    @abstractmethod
    def console_call(self, host: Observed[Instance]) -> Call:
        """Return the one read of the newest output of a host's first serial port."""

    @abstractmethod
    def console_text(self, answer: Answer) -> str:
        """Return the output in an answer: the newest `CONSOLE_MAX_BYTES` at most. Empty: there is none yet.

        Its beginning may be missing, and bytes that are no UTF-8 are replaced. Later answers may lack what
        an earlier one had.
        """


class SnapshotLocks(ABC):
    """Optional ability: the cloud refuses to delete a locked snapshot. Works offline: core calls.

    A lock ends by itself. A user with the permission can end it before; portinfra never does.
    """

    @abstractmethod
    def lock_call(self, snapshot: Observed[Snapshot], days: int) -> Call:
        """Return the one write that locks a snapshot for so many days from now. It may be repeated."""

    @abstractmethod
    def locks_call(self) -> Call:
        """Return the first read of all locks of the account; core reads the following pages."""

    @abstractmethod
    def lock_ends(self, answer: Answer) -> Mapping[str, float]:
        """Return native id of a snapshot → until when it is locked, in seconds since 1970, of one page."""


class KeyStates(ABC):
    """Optional ability: the cloud tells whether an encryption key can be used. Works offline: core calls."""

    @abstractmethod
    def key_call(self, environment: Environment, key: str) -> Call | None:
        """Return the one read of a key, by the name that `key` has in a declaration or in what was observed.

        None: the name means that no key was chosen, so there is nothing to read.
        """

    @abstractmethod
    def key_problem(self, answer: Answer) -> str:
        """Return why the key encrypts nothing now: `it is disabled`. Empty: it can be used."""


class PermissionChecks(ABC):
    """Optional ability: the cloud tells what credentials may do, and changes nothing. Works offline."""

    @abstractmethod
    def permission_calls(
        self, placed: Placed, catalogue: Catalogue, seen: Mapping[Address, Observed[Any]]
    ) -> tuple[Call, ...]:
        """Return the reads, at most 20, that tell of the writes of a takeover.

        `placed` is what its end is to have, and `seen` what it has: what exists is not created.
        """

    @abstractmethod
    def denied_actions(self, call: Call, answer: Answer) -> tuple[str, ...]:
        """Return the actions, in the provider's words, that an answer denies."""

    def is_sure_to_be_needed(self, action: str) -> bool:
        """Return whether the takeover fails without an action that was denied.

        Otherwise the denial is a warning: the action may be granted in a way that the answer does not tell.
        """
        return True
