"""What a drill, failover or failback showed: who was told to do what, what came of it, and when.

Moments are UTC, ISO 8601, by the target's clock; lengths of time are seconds.
"""

from typing import Literal

from attrs import frozen

from portinfra.model import convert

Kind = Literal["drill", "failover", "failback"]


@frozen
class Checked:
    """A gate, probe or action, and how it ended."""

    name: str
    passed: bool
    at: str
    """When its last answer came."""
    tries: int = 1
    told: str = ""
    """What it said, if it said anything; nothing where the data is sensitive."""


@frozen(field_transformer=convert.refuse_text)
class WaveRun:
    """One wave, as it went."""

    roles: tuple[str, ...]
    started: str
    ended: str
    seconds: float
    limit_seconds: int
    hosts: int
    checks: tuple[Checked, ...] = ()
    passed: bool = True
    problem: str = ""
    """Why it did not pass."""


@frozen
class PointUsed:
    """A recovery point that data came from."""

    id: str
    group: str
    taken: str
    volumes: int
    engine: str


@frozen(field_transformer=convert.refuse_text)
class Evidence:
    """One drill, failover or failback, from its first act to its last."""

    kind: Kind
    id: str
    recovery: str
    topology: str
    source: str
    """Environment and location: `production (aws:us-east-1)`."""
    target: str
    started: str
    ended: str
    rpo_target: int
    rpo_measured: float | None
    """From the oldest point used to the beginning; None where no data was to come back."""
    rto_target: int
    rto_measured: float | None
    """From the beginning to the last passed gate or probe; None where it never came so far."""
    points: tuple[PointUsed, ...] = ()
    waves: tuple[WaveRun, ...] = ()
    probes: tuple[Checked, ...] = ()
    actions: tuple[Checked, ...] = ()
    result: Literal["passed", "failed"] = "failed"
    reasons: tuple[str, ...] = ()
    """Why it failed: all reasons."""
    left_behind: int | None = None
    """How many resources of a drill were still there at its end; None where nothing was to be removed, or
    nobody could look.
    """
    source_fenced: bool | None = None
    """Of a failover: whether the source was stopped first; None for a drill, which never touches it."""
    source_account: str = ""
    """As its environment declares it; empty where none is declared."""
    target_account: str = ""
    topology_digest: str = ""
    """Tells one declaration from another: two runs of one topology as it was have the same."""
    operator: str = ""
    """Who ran it: `user@host`."""
    calls: int = 0
    version: str = ""
