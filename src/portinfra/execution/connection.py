"""An environment that is connected to: what is there, what is offered, and runs that change it."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from attrs import field, frozen

from portinfra.errors import PermissionDenied
from portinfra.execution.caller import Caller
from portinfra.execution.lease import wait_for_lists
from portinfra.execution.run import Run
from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.lease import Lease
from portinfra.model.observed import Observation, Observed
from portinfra.model.resources import Spec
from portinfra.model.topology import Topology
from portinfra.observation import Reader
from portinfra.placement import with_own_names
from portinfra.provider import registry
from portinfra.provider.abilities import clock_offset, current_time
from portinfra.provider.interface import Provider
from portinfra.records.lease import read_leases
from portinfra.version import VERSION

WORKERS = 8
"""Calls under way at once."""


@frozen
class Connection:
    """One environment, live. A context manager."""

    environment: Environment
    provider: Provider
    reader: Reader
    caller: Caller
    _offered: list[Catalogue] = field(init=False, factory=list, eq=False, repr=False)
    """The catalogue, once it was read."""

    @classmethod
    def to(cls, environment: Environment, topology: Topology | None = None) -> Self:
        """Connect. With a topology, the catalogue has the images and sizes that its roles name themselves.

        Raises ProviderError.
        """
        provider = registry.connect(
            environment if topology is None else with_own_names(topology, environment)
        )
        caller = Caller(provider, environment.name)
        return cls(environment, provider, Reader(provider, caller.insisting), caller)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.provider.close()

    def account(self) -> str:
        """The account that the credentials speak for; the one that was meant (R1)."""
        return check_account(self.reader.account(), self.environment, self.provider.name)

    def catalogue(self) -> Catalogue:
        """What the location offered when this connection first read it."""
        return self._offered[0] if self._offered else self.read_catalogue()

    def read_catalogue(self) -> Catalogue:
        """What the location offers now, to the account that was meant (R1)."""
        catalogue = self.reader.catalogue()
        check_account(catalogue.account, self.environment, self.provider.name)
        self._offered[:] = [catalogue]
        return catalogue

    @property
    def clock_offset(self) -> float | None:
        """Seconds that the provider's time is ahead of this machine's; None: it does not tell it."""
        return clock_offset(self.provider)

    def now(self) -> float:
        """The provider's time, in seconds since 1970; that of this machine where the provider tells none.

        To sleep, use the provider's clock.
        """
        return current_time(self.provider)

    def settle(self, scope: Scope) -> Lease | None:
        """Wait until lists show the last run's last change. Its lease, as it was before the wait."""
        found = read_leases(self.reader, scope)
        last = found[-1] if found else None
        wait_for_lists(last, self.provider)
        return last

    def leases(self, scope: Scope) -> list[Lease]:
        """The leases of a scope, the newest last, as they are once lists show the last run's last change."""
        self.settle(scope)
        return read_leases(self.reader, scope)

    def observe(self, scope: Scope) -> Observation:
        """All that is there of a scope, once lists show the last run's last change."""
        self.settle(scope)
        return self.reader.observe(scope)

    def start_run(
        self,
        scope: Scope,
        *,
        borrowed: Mapping[Address, Observed[Spec]] | None = None,
        workers: int = WORKERS,
        seed: int | None = None,
    ) -> Run:
        """A run on a scope, which may refer to resources `borrowed` of another; with a `seed`, one call at a
        time in an order that the seed decides.
        """
        return Run(self.provider, scope, VERSION, borrowed=borrowed, workers=workers, seed=seed)


@frozen
class Look(Connection):
    """A connection of a verb that changes nothing: it observes each scope once."""

    _seen: dict[Scope, Observation] = field(init=False, factory=dict)

    def observe(self, scope: Scope) -> Observation:
        """What was there of a scope when it was first observed."""
        if scope not in self._seen:
            self._seen[scope] = super().observe(scope)
        return self._seen[scope]


def check_account(account: str, environment: Environment, provider: str) -> str:
    """The account, where it is the environment's. Raises PermissionDenied."""
    if environment.account and account and account != environment.account:
        raise PermissionDenied(
            f'the credentials speak for account {account}, and environment "{environment.name}" '
            f"is in account {environment.account}",
            provider=provider,
            fix="Use the credentials of the environment's account, or correct `account`.",
        )
    return account
