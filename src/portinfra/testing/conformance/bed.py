"""The bed: the object that a provider's test file passes to the suite."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext

import pytest

from portinfra.model.environment import Environment
from portinfra.model.topology import Topology
from portinfra.provider import registry
from portinfra.provider.interface import Clock
from portinfra.testing.conformance.topologies import AFTER, BEFORE, without_public_addresses

FOREIGN_KINDS = (
    "instance in our subnet",
    "instance with our firewall",
    "subnet in our network",
    "firewall in our network",
    "firewall on our host",
)
"""The kinds of resources of others inside ours, which `Bed.place_foreign` makes."""


class Bed(ABC):
    """A provider's test bed: an emulator, a simulator, or your own machines.

    A member without an override is an ability that the bed lacks. The suite skips the tests that need it,
    with the reason.
    """

    environment: Environment
    """The environment of the tests: provider, account, two or more zones by name, a CIDR."""
    elsewhere: Environment | None = None
    """Another region of the same account; None: without one."""
    key: str | None = None
    """A key of your own that `environment` and `elsewhere` can use; None: without one."""
    before: Topology = BEFORE
    """The smallest topology with each kind and each dependency. If the plugin has `public_addresses=False`,
    the suite leaves out public addresses here and in `after`.
    """
    after: Topology = AFTER
    """The topology after a change: of each kind, one resource changes, one goes and one is new."""
    clock: Clock | None = None
    """The bed's own time, where hours cost nothing; None: the provider's."""
    forked: Callable[[], object] | None = None
    """The function that a forked process calls first, if a fork of this process copies the bed's resources.
    None: they live elsewhere.
    """
    stride: int = 1
    """The crash sweep tries one distinct crash in this many."""
    repeats: int | None = 1
    """Of the writes of each action, the crash sweep tries the first, and one in this many after it. None:
    only the first.
    """
    limited: str = "instance"
    """The kind that `set_quota` can limit. `before` has two or more of it."""
    foreign_kinds: Collection[str] = FOREIGN_KINDS
    """The kinds of `place_foreign` that this cloud has. By default all."""
    reads_max: int = 12
    """The most calls, without further pages, of a plan that finds nothing to do."""
    chain_max: int = 1
    """The most reads of an observation, without further pages, each of which needs the one before it."""

    @property
    def too_large(self) -> Collection[str]:
        """The sizes that no machine of this bed can hold. Beds of your own machines may have some."""
        return ()

    @abstractmethod
    def reset(self) -> None:
        """Begin with nothing."""

    @abstractmethod
    def ground_truth(self) -> Sequence[str]:
        """Return everything that exists, read from the world itself and not by the provider, with leases.

        A sorted line for each resource, its kind first (`claim` for a lease), without ids, times and other
        values that differ between equal runs. What is being deleted is left out, or waited for.
        """

    def silence(self, zone: str) -> AbstractContextManager[object]:
        """Let a zone give no answer inside the `with` block."""
        return _lacks(f"cannot let {zone} stop answering")

    def set_quota(self, kind: str, limit: int) -> None:
        """Let the account have at most `limit` resources of a kind."""
        _lacks(f"cannot limit kind {kind} to {limit}")

    def exhaust(self, zone: str) -> None:
        """Let a zone have no free machine."""
        _lacks(f"cannot exhaust {zone}")

    def fail_next_host(self) -> None:
        """Let the provider accept one more instance that then fails by itself. Each call adds one."""
        _lacks("cannot let an instance fail after it was accepted")

    def fail_deletions(self, times: int) -> str:
        """Let the provider accept `times` deletions that fail afterwards. Return their kind."""
        _lacks(f"cannot let a deletion fail {times} times after it was accepted")
        return ""

    def fail_starts(self, times: int) -> None:
        """Let the provider accept `times` starts of hosts, which then stay stopped: their key is unusable."""
        _lacks(f"cannot let a start fail {times} times after it was accepted")

    def disable_key(self, key: str) -> None:
        """Disable a key, by the name that `key` has. `reset` enables it again."""
        _lacks(f"cannot disable the key {key}")

    def delete_key(self, key: str) -> None:
        """Delete the key of this name."""
        _lacks(f"cannot delete the key {key}")

    def deny_action(self) -> str:
        """Deny one action that a takeover needs. Return its name, as `denied_actions` has it."""
        _lacks("denies no action")
        return ""

    def user_data(self, host: str) -> str:
        """Return the user data and the SSH keys that a host, by its name (`web1`), was created with."""
        _lacks(f"does not return the user data of {host}")
        return ""

    def print_console(self, host: str, text: str) -> None:
        """Let a host, by its name (`web1`), print a text on its serial console, as its user data would."""
        _lacks(f"cannot let {host} print {len(text)} characters")

    def write(self, volume: str, text: str) -> None:
        """Write a short text to the beginning of a volume, by its name (`data`), as its host does."""
        _lacks(f"cannot write {len(text)} characters to {volume}")

    def read(self, volume: str) -> str:
        """Return the text at the beginning of a volume, by its name."""
        _lacks(f"cannot read {volume}")
        return ""

    def copy_owner(self) -> None:
        """Make a volume of another name with the owner of `volume.db1-data`, as a person who copies all of
        its tags does.
        """
        _lacks("keeps no owner that can be copied")

    def make_foreign(self) -> None:
        """Make one resource of others of each kind that needs no other resource, as a person does."""
        _lacks("has no resources of others")

    def place_foreign(self, kind: str) -> str:
        """Make a resource of others inside the resources of `before`, as a person does. Return its id.

        kind: one of `foreign_kinds`. Without an override the tests of foreign resources fail: the suite
        cannot see whether the drivers list them.
        """
        raise NotImplementedError(f"this bed cannot make a foreign {kind}")


def fit_topologies(bed: Bed) -> None:
    """Remove from a bed's topologies what the capabilities of its plugin exclude."""
    if not registry.plugin(bed.environment.provider).capabilities.public_addresses:
        bed.before, bed.after = map(without_public_addresses, (bed.before, bed.after))


def _lacks(what: str) -> AbstractContextManager[object]:
    pytest.skip(f"this bed {what}")
    return nullcontext()
