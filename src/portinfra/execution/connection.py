"""A connection to an environment: its resources, its catalogue, and runs that change it."""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from attrs import evolve, field

from portinfra.errors import PermissionDenied
from portinfra.execution.caller import Caller
from portinfra.execution.lease import wait_for_lists
from portinfra.execution.options import RunOptions
from portinfra.execution.parallel_reads import parallel_reads
from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue, Rate
from portinfra.model.environment import Environment
from portinfra.model.lease import Lease
from portinfra.model.observed import Observation, Observed
from portinfra.model.plan import PlanRead
from portinfra.model.resources import Spec
from portinfra.model.topology import Topology
from portinfra.observation import Reader
from portinfra.placement import with_own_names
from portinfra.planning.budget import granted_rates
from portinfra.provider import registry
from portinfra.provider.abilities import clock_offset, current_time
from portinfra.provider.interface import Answer, Call, Provider
from portinfra.records.lease import read_leases
from portinfra.value import frozen
from portinfra.version import VERSION

if TYPE_CHECKING:
    from portinfra.execution.run import Run


@frozen
class Connection:
    """A connection to one environment. It is a context manager."""

    environment: Environment
    provider: Provider
    reader: Reader
    caller: Caller
    _offered: list[Catalogue] = field(init=False, factory=list, eq=False, repr=False)
    """The catalogue; empty until it is read."""
    _account_answers: dict[Call, list[Answer]] = field(init=False, factory=dict, eq=False, repr=False)
    """The answers that the account was read from; empty until it is read."""

    @classmethod
    def to(cls, environment: Environment, topology: Topology | None = None) -> Self:
        """Connect to an environment. With a topology, the catalogue has the native images of its roles.

        Raises ProviderError.
        """
        provider = registry.connect(
            environment if topology is None else with_own_names(topology, environment)
        )
        caller = Caller(provider, environment.name)
        reads = parallel_reads(caller, _rates_of(provider.capabilities.rates, environment))
        return cls(environment, provider, Reader(provider, caller.with_retries, gather=reads), caller)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.provider.close()

    def account(self) -> str:
        """Return the account of the credentials. Raises PermissionDenied for an undeclared one (R1)."""
        self._account_answers.update(self.reader.read_account())
        account = self.reader.account(self._account_answers)
        return check_account(account, self.environment, self.provider.name)

    def catalogue(self) -> Catalogue:
        """Return the catalogue of the location as this connection read it first.

        What `account` has read is not read again.
        """
        return self._offered[0] if self._offered else self._read_catalogue(self._account_answers)

    def read_catalogue(self) -> Catalogue:
        """Read the catalogue of the location, with the rates that the environment declares.

        Raises PermissionDenied for an undeclared account (R1).
        """
        return self._read_catalogue({})

    def _read_catalogue(self, known: Mapping[Call, list[Answer]]) -> Catalogue:
        catalogue = self.reader.catalogue(known)
        catalogue = evolve(catalogue, rates=_rates_of(catalogue.rates, self.environment))
        check_account(catalogue.account, self.environment, self.provider.name)
        self._offered[:] = [catalogue]
        return catalogue

    @property
    def clock_offset(self) -> float | None:
        """The seconds that the provider's time is ahead of this machine's; None: it does not report it."""
        return clock_offset(self.provider)

    def now(self) -> float:
        """Return the provider's time in seconds since 1970; if it reports none, the time of this machine.

        To sleep, use the provider's clock.
        """
        return current_time(self.provider)

    def settle(self, scope: Scope) -> list[Lease]:
        """Wait until lists show the last run's last change.

        Return the leases from before the wait, the newest last.
        """
        found = read_leases(self.reader, scope)
        wait_for_lists(found[-1] if found else None, self.provider)
        return found

    def leases(self, scope: Scope) -> list[Lease]:
        """Return the leases of a scope, the newest last, once lists show the last run's last change."""
        self.settle(scope)
        return read_leases(self.reader, scope)

    def observe(self, scope: Scope) -> Observation:
        """Return all resources of a scope, once lists show the last run's last change."""
        self.settle(scope)
        return self.reader.observe(scope)

    def start_run(
        self,
        scope: Scope,
        run_options: RunOptions | None = None,
        *,
        borrowed: Mapping[Address, Observed[Spec]] | None = None,
        after: PlanRead | None = None,
    ) -> "Run":
        """Return a new run on a scope. Its resources may refer to those in `borrowed`, of another scope.

        `after` is the read of the plan that it carries out.
        """
        from portinfra.execution.run import Run  # a plan needs no threads, queues or waits

        rates = _rates_of(self.provider.capabilities.rates, self.environment)
        return Run(
            self.provider,
            scope,
            VERSION,
            borrowed=borrowed,
            after=after,
            run_options=run_options,
            rates=rates,
        )


@frozen
class Look(Connection):
    """A connection for verbs that change nothing. It reads each scope once."""

    _seen: dict[Scope, Observation] = field(init=False, factory=dict)

    def observe(self, scope: Scope) -> Observation:
        """Return all resources of a scope as they were at the first read."""
        if scope not in self._seen:
            self._seen[scope] = super().observe(scope)
        return self._seen[scope]


def _rates_of(published: Mapping[str, Rate], environment: Environment) -> dict[str, Rate]:
    return granted_rates(published, environment.calls_per_minute)


def check_account(account: str, environment: Environment, provider: str) -> str:
    """Return the account if it is the environment's. Raises PermissionDenied for another one."""
    if environment.account and account and account != environment.account:
        raise PermissionDenied(
            f'the credentials are of account {account}, but environment "{environment.name}" '
            f"is in account {environment.account}",
            provider=provider,
            fix="Use the credentials of the environment's account, or correct `account`.",
        )
    return account
