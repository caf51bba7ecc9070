"""Evidence of a drill, failover, failback or refresh: its parts, their results, and when they ended.

Moments are UTC, ISO 8601, by the target's clock. Durations are seconds. Evidence of earlier versions lacks
some of the fields that have a default.
"""

from typing import Literal

from portinfra.model import convert
from portinfra.value import frozen

Kind = Literal["drill", "failover", "failback", "refresh"]

Result = Literal["passed", "failed", "inconclusive"]
"""`inconclusive`: nothing failed. But no check has read all of the restored data, or the age of the data is
not known exactly.
"""

Level = Literal["data", "service", "hosts", "nothing"]

LEVELS: tuple[Level, ...] = ("data", "service", "hosts", "nothing")
"""What a drill checked, the deepest first."""


@frozen
class Checked:
    """A gate, probe or action, and how it ended."""

    name: str
    passed: bool
    at: str
    """When it returned its last result."""
    tries: int = 1
    told: str = ""
    """What it printed or returned. Empty where the data is sensitive."""
    command: str = ""
    """The command; of a Python function, its module and name."""
    command_sha256: str = ""
    """The SHA-256 of the command, or of the source of the Python function. Empty where portinfra cannot read
    it.
    """
    file_sha256: str = ""
    """The SHA-256 of the file that the command begins with, or that defines the function. Empty where there
    is none.
    """
    from_role: str = ""
    """The role on one more host of which it ran. Empty: it ran on the operator's machine."""


@frozen(field_transformer=convert.refuse_text)
class WaveRun:
    """One wave, and how it ended."""

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


@frozen
class LookedAt:
    """How deeply one group of volumes was checked."""

    group: str
    looked: Level
    """`data`: passed probes read the data of each of its roles. `service`: a probe passed. `hosts`: all waves
    came up. `nothing`: a wave did not come up.
    """


@frozen
class LeftAside:
    """A volume that a takeover replaced, and that had data which is in no recovery point."""

    volume: str
    snapshot: str
    """The cloud's id of the snapshot that has its data. Empty: no snapshot exists, or portinfra did not see
    it.
    """
    kept_until: str
    """When retention deletes the snapshot. Empty: no snapshot exists. With an empty `snapshot`: a zone did
    not answer, so portinfra did not see it.
    """
    ends_by_time: bool = True
    """Whether retention deletes it at that time. If not, a person does, as its provider does not return when
    it was created.
    """


@frozen(field_transformer=convert.refuse_text)
class WayIn:
    """The only access to a drill from outside, which its plan declares."""

    ranges: tuple[str, ...]
    """The addresses that could connect to it."""
    through: str
    """The host that they could connect to."""


@frozen
class Approved:
    """What a person approved: a takeover before it began, or a manual step in it."""

    what: str
    """`failover` or `failback`, or the name of the step."""
    principal: str
    """The identity of the approver's credentials."""
    by: str
    """The approver on their own machine: `user@host`."""
    at: str


@frozen
class BothRan:
    """The longest time in which hosts of both ends can have run at once."""

    began: str
    ended: str | None
    """When the hosts of the former active end had stopped. None: not known."""
    seconds: float | None


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
    """The time from the oldest point used to the start. None where no data was to be restored."""
    rto_target: int
    rto_measured: float | None
    """The time from the start to the last passed gate or probe. None where none passed."""
    prepare_seconds: float | None = None
    """Of a takeover: the time from its start until all data is fetched that can be fetched while the source
    still runs.
    """
    downtime_seconds: float | None = None
    """Of a takeover: the time from the fence of the source to the last passed gate or action. None where the
    source is lost, or where nothing passed.
    """
    points: tuple[PointUsed, ...] = ()
    waves: tuple[WaveRun, ...] = ()
    probes: tuple[Checked, ...] = ()
    actions: tuple[Checked, ...] = ()
    result: Result = "failed"
    reasons: tuple[str, ...] = ()
    """All reasons why it did not pass."""
    left_behind: int | None = None
    """How many resources of a drill still existed at its end. None where nothing was to be deleted, or where
    it is not known.
    """
    source_fenced: bool | None = None
    """Of a failover: whether it stopped the source first. None for a drill, which never changes the source.
    """
    source_account: str = ""
    """As its environment declares it; empty where none is declared."""
    target_account: str = ""
    source_principal: str = ""
    """The identity of the credentials: an ARN, a service account, a libvirt URI. Empty where portinfra made
    no call to that end, or where the provider does not return it.
    """
    target_principal: str = ""
    topology_digest: str = ""
    """Identifies the topology: two runs of an unchanged topology have the same digest."""
    plan_digest: str = ""
    """Identifies the recovery plan and both environments in the same way."""
    operator: str = ""
    """The operator: `user@host`."""
    calls: int = 0
    version: str = ""
    looked: tuple[LookedAt, ...] = ()
    """One entry for each group that is restored."""
    accept: str = ""
    """What the plan accepts: `data`, `service` or `hosts`."""
    blank: tuple[str, ...] = ()
    """The volumes that were created blank, as an operator accepted: no data of them existed."""
    overruled: tuple[str, ...] = ()
    """The errors of the check before the takeover that an operator overruled."""
    as_of: str | None = None
    """The moment to which data was restored. None: the newest data."""
    number: int = 0
    """The number of the run in the ledger of the environment that came up. 0: it has none."""
    previous_number: int = 0
    """The number of the previous run that has evidence. 0: there is none."""
    previous_digest: str = ""
    """The digest of that run's evidence."""
    remote: str = ""
    """The rclone remote of the copy of this evidence. Empty: the only copy is where it was made."""
    left_aside: tuple[LeftAside, ...] = ()
    """The volumes that it replaced, and that had data which is in no point."""
    approvals: tuple[Approved, ...] = ()
    """The approvals of the takeover and of its manual steps, the oldest first."""
    way_in: WayIn | None = None
    """Of a drill: the addresses from which people could connect. None: no traffic entered."""
    both_ran: BothRan | None = None
    """How long an end ran while the other one was active. None: no takeover let both run."""
    simulated: bool = False
    """Whether an end is in a simulated cloud."""
    unreadable_entries: tuple[str, ...] = ()
    """The ledger entries that could not be read and may be about newer data: those that are newer than a
    point that was used. All such entries, where no point was used.
    """

    age_is_exact: bool = True
    """Whether `rpo_measured` is exact. If not, the data is no older than that; without it, its age is not
    known. Also true where no data was restored.
    """

    @property
    def is_accepted(self) -> bool:
        """Whether it passed; or nothing failed, it checked as deeply as the plan accepts, and the age of the
        data is known.
        """
        if self.result != "inconclusive" or not self.age_is_exact:
            return self.result == "passed"
        wanted = LEVELS.index(self.accept) if self.accept in LEVELS else 0
        return all(LEVELS.index(each.looked) <= wanted for each in self.looked)
