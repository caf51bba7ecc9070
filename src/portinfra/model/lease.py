"""The lease of a scope: which run changes it. It has the shape of Kubernetes' Lease, and is advisory."""

from typing import ClassVar

from portinfra.value import frozen


@frozen
class Holder:
    """The identity of a run: a process on a machine."""

    user: str
    host: str
    machine: str
    """The boot of the machine. A process of the same machine and boot can be looked up."""
    process: str
    """`PID:START:ATTEMPT`. The moment of the start distinguishes processes that have the same PID one after
    the other.
    """

    @property
    def attempt(self) -> str:
        """The id of the run."""
        return self.process.rpartition(":")[2]

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (process {self.process.partition(':')[0]})"


@frozen
class Lease:
    """One lease. A run acquires it by creating the record with the next number, so that two runs never both
    have it.
    """

    number: int
    holder_identity: Holder
    renewals: int = 0
    """How many times the holder has renewed it."""
    acquire_time: str = ""
    """When the holder acquired it: UTC, ISO 8601."""
    renew_time: float = 0.0
    """When the holder last wrote it, in seconds by the provider's clock. Lists may be stale after that."""
    lease_duration_seconds: ClassVar[float] = 60.0
    """After so many seconds without renewal, another run may acquire the lease."""
    released: bool = False
    """Whether the holder has ended. The lease stays as the record of the last run."""
    epoch: int = 0
    """The moment of the last takeover, in seconds since 1970. 0: there was none. It only rises. A plan is
    refused if its epoch is lower than that of the peer.
    """
    fenced: bool = False
    """Whether another environment has taken over from this one. Then every run keeps the hosts powered off.
    """
    version: str = ""
    """The version of portinfra that acquired it."""
    peer: str = ""
    """The other environment of the recovery plan. A plan that does not check that environment is refused."""
    unfinished: bool = False
    """Whether the last run that changed something did not end well. It may have deleted what its options
    allow.
    """

    @property
    def attempt(self) -> str:
        """The id of the run that holds it."""
        return self.holder_identity.attempt
