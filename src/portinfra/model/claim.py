"""The claim on an environment: who is changing it, kept in the cloud that it guards. Advisory."""

from attrs import frozen


@frozen
class Holder:
    """Who holds a claim: a process on a machine."""

    user: str
    host: str
    machine: str
    """One boot of one machine; a process of the same machine can be looked up."""
    process: str
    """Process id and the moment it started, so that a reused id is not mistaken for it."""

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (process {self.process.partition(':')[0]})"


@frozen
class Claim:
    """One claim. Taking is creating the next number, so there is no gap between looking and deleting."""

    number: int
    holder: Holder
    beat: int = 0
    """Counts up while the holder lives."""
    since: str = ""
    """When it was taken, UTC, ISO 8601."""
    active_at: float = 0.0
    """When its holder last wrote, seconds by the provider's clock: lists may be stale for a while after."""
    released: bool = False
    epoch: int = 0
    """Rises with each failover; an apply with a lower one is refused."""
    version: str = ""
    """The version of portinfra that applied last."""
