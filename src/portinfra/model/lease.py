"""The lease of a scope: which run changes it. It has the shape of Kubernetes' Lease, and is advisory."""

from typing import ClassVar

from attrs import frozen


@frozen
class Holder:
    """The identity of a run: a process on a machine."""

    user: str
    host: str
    machine: str
    """One boot of one machine; another process of the same machine can be looked up."""
    process: str
    """`PID:START:ATTEMPT`. The moment of the start tells a process id that is used again from this one."""

    @property
    def attempt(self) -> str:
        """The id of the run."""
        return self.process.rpartition(":")[2]

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (process {self.process.partition(':')[0]})"


@frozen
class Lease:
    """One lease. A run takes it by the creation of the next number, so that two runs never both have it."""

    number: int
    holder_identity: Holder
    renewals: int = 0
    """How often the holder has renewed it."""
    acquire_time: str = ""
    """When the holder took it: UTC, ISO 8601."""
    renew_time: float = 0.0
    """When the holder last wrote it, in seconds by the provider's clock. Lists may be stale after it."""
    lease_duration_seconds: ClassVar[float] = 60.0
    """Another run may take the lease when it was not renewed for so long."""
    released: bool = False
    """Whether the holder has ended; the lease stays as the record of the last run."""
    epoch: int = 0
    """The moment of the last takeover, in seconds since 1970; 0: there was none. It only rises. A plan with a
    lower epoch than that of the peer is refused.
    """
    fenced: bool = False
    """Whether another environment has taken over from this one. Then every run keeps its hosts off."""
    version: str = ""
    """The version of portinfra that took it."""
    peer: str = ""
    """The other environment of the recovery plan. A plan that does not check it is refused."""
    unfinished: bool = False
    """Whether the last run that changed something did not end well. It may have deleted what its options
    name.
    """

    @property
    def attempt(self) -> str:
        """The id of the run that holds it."""
        return self.holder_identity.attempt
