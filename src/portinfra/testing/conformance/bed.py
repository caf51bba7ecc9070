"""What a provider's test file hands to the suite: a world to try it in, and what that world can do."""

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
"""What others may make within ours: what `Bed.place_foreign` makes."""


class Bed(ABC):
    """A provider's test bed: an emulator, a simulator, or real machines of one's own.

    What is not overridden here is an ability that the bed lacks: tests that need it are skipped, and say so.
    """

    environment: Environment
    """Where the suite builds: provider, account, two or more zones by name, a CIDR."""
    elsewhere: Environment | None = None
    """Another region of the same account; None: there is none."""
    key: str | None = None
    """A key of one's own, there."""
    before: Topology = BEFORE
    """The smallest topology with one of each kind and each dependency. Where the plugin says
    `public_addresses=False`, the suite leaves out public addresses here and in `after`.
    """
    after: Topology = AFTER
    """What it becomes: something of each kind changes, goes, and is new."""
    clock: Clock | None = None
    """The bed's own time, where hours cost nothing; None: the provider's."""
    forked: Callable[[], object] | None = None
    """Where the world lives in this process, so that forking the process forks the world: called first in
    what was forked off. None: it lives elsewhere.
    """
    stride: int = 1
    """The crash sweep tries one distinct crash in so many."""
    repeats: int | None = 1
    """Of the writes of each action, the crash sweep tries the first, and one in so many after it. None: only
    the first.
    """
    limited: str = "instance"
    """The kind that `set_quota` can limit: one of which `before` has two or more."""
    foreign_kinds: Collection[str] = FOREIGN_KINDS
    """The kinds of `place_foreign` that this cloud has: all, unless a cloud has no such resource at all."""
    reads_max: int = 12
    """A plan that finds nothing to do makes no more calls than this, pages aside."""

    @property
    def too_large(self) -> Collection[str]:
        """The sizes that no machine of this bed can hold; where machines are one's own, there may be some."""
        return ()

    @abstractmethod
    def reset(self) -> None:
        """Begin with an empty world."""

    @abstractmethod
    def ground_truth(self) -> Sequence[str]:
        """Everything that exists, by the world's own word and not by the provider's reads, leases included.

        One line each, sorted, its kind first (`claim` for a claim), without ids, times and whatever else
        differs between two worlds that are the same. What is on its way out is left aside, or waited for.
        """

    def silence(self, zone: str) -> AbstractContextManager[object]:
        """While it lasts, a zone does not answer."""
        return _lacks(f"cannot let {zone} fall silent")

    def set_quota(self, kind: str, limit: int) -> None:
        """Let the account have no more than so many of a kind."""
        _lacks(f"cannot limit how many of kind {kind} there may be ({limit})")

    def exhaust(self, zone: str) -> None:
        """Let a zone have no machine left to give."""
        _lacks(f"cannot exhaust {zone}")

    def fail_next_host(self) -> None:
        """Let the provider accept one more instance that then fails by itself. Each call adds one."""
        _lacks("cannot let an instance fail after it was accepted")

    def fail_deletions(self, times: int) -> str:
        """Let the provider accept deletions that fail afterwards, so many times. Return their kind."""
        _lacks(f"cannot let a deletion fail {times} times after it was accepted")
        return ""

    def fail_starts(self, times: int) -> None:
        """Let the provider accept so many starts of hosts, which then stay stopped: their key is unusable."""
        _lacks(f"cannot let a start fail {times} times after it was accepted")

    def disable_key(self, key: str) -> None:
        """Disable a key, by the name that `key` has. `reset` enables it again."""
        _lacks(f"cannot disable the key {key}")

    def delete_key(self, key: str) -> None:
        """Let there be no key of this name."""
        _lacks(f"cannot delete the key {key}")

    def deny_action(self) -> str:
        """Deny one action that a takeover needs. Return its name, as `denied_actions` has it."""
        _lacks("denies no action")
        return ""

    def user_data(self, host: str) -> str:
        """Return the user data and the SSH keys that a host, by its name (`web1`), was created with."""
        _lacks(f"does not tell what {host} was given")
        return ""

    def print_console(self, host: str, text: str) -> None:
        """Let a host, by its name (`web1`), print a text on its serial console, as its user data would."""
        _lacks(f"cannot let {host} print {len(text)} characters")

    def copy_owner(self) -> None:
        """Make a volume of another name that bears the owner of `volume.db1-data`, as a person who copies all
        of its tags would.
        """
        _lacks("keeps no owner that could be copied")

    def make_foreign(self) -> None:
        """Make something that is not ours, of each kind that can be had alone, as a person would."""
        _lacks("has no other owner in it")

    def place_foreign(self, kind: str) -> str:
        """Make something that is not ours within what `before` has become, as a person would. Return its id.

        kind: one of `foreign_kinds`. Without an override the tests of foreign resources fail: the suite
        cannot see whether the drivers list them.
        """
        raise NotImplementedError(f"this bed cannot make a foreign {kind}")


def fit_topologies(bed: Bed) -> None:
    """Leave out of a bed's topologies what its plugin's capabilities say that the provider does not have."""
    if not registry.plugin(bed.environment.provider).capabilities.public_addresses:
        bed.before, bed.after = map(without_public_addresses, (bed.before, bed.after))


def _lacks(what: str) -> AbstractContextManager[object]:
    pytest.skip(f"this bed {what}")
    return nullcontext()
