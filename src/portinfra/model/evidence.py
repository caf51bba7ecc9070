"""What a drill, failover, failback or refresh showed: its parts, their results, and when they ended.

Moments are UTC, ISO 8601, by the target's clock; lengths of time are seconds. Evidence of earlier versions
lacks some of the fields that have a default.
"""

from typing import Literal

from attrs import frozen

from portinfra.model import convert

Kind = Literal["drill", "failover", "failback", "refresh"]

Result = Literal["passed", "failed", "inconclusive"]
"""`inconclusive`: nothing failed, and no check has read all of the restored data."""

Level = Literal["data", "service", "hosts", "nothing"]

LEVELS: tuple[Level, ...] = ("data", "service", "hosts", "nothing")
"""What a drill looked at, the deepest first."""


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
    command: str = ""
    """The command; of a Python function, its module and name."""
    command_sha256: str = ""
    """Of the command; of a Python function, of its source. Empty where that cannot be read."""
    file_sha256: str = ""
    """Of the file that the command begins with, or that defines the function; empty where there is none."""
    from_role: str = ""
    """The role on one more host of which it ran; empty: on the machine of who ran the command."""


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


@frozen
class LookedAt:
    """How deeply one group of volumes was looked at."""

    group: str
    looked: Level
    """`data`: passed probes read the data of each of its roles. `service`: a probe passed. `hosts`: all waves
    came up. `nothing`: they did not.
    """


@frozen
class LeftAside:
    """A volume that a takeover replaced, though it had data that is in no point."""

    volume: str
    snapshot: str
    """The cloud's own id of the snapshot that has its data; empty: there is none, or it was not seen."""
    kept_until: str
    """When retention removes the snapshot; empty: there is none. With an empty `snapshot`: a zone did not
    answer, so it was not seen.
    """
    ends_by_time: bool = True
    """Whether retention removes it then. If not, a person does: its provider does not tell its time."""


@frozen(field_transformer=convert.refuse_text)
class WayIn:
    """The one way into a drill, which its plan declares."""

    ranges: tuple[str, ...]
    """The addresses from which it could be reached."""
    through: str
    """The host that could be reached."""


@frozen
class Approved:
    """What a person approved: a takeover before it began, or a manual step in it."""

    what: str
    """`failover` or `failback`, or the name of the step."""
    principal: str
    """Who the credentials of the approver spoke for."""
    by: str
    """Who it was on their machine: `user@host`."""
    at: str


@frozen
class BothRan:
    """The longest time in which hosts of both ends can have run."""

    began: str
    ended: str | None
    """When the end that was overtaken had stopped; None: not known."""
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
    """From the oldest point used to the beginning; None where no data was to come back."""
    rto_target: int
    rto_measured: float | None
    """From the beginning to the last passed gate or probe; None where it never came so far."""
    prepare_seconds: float | None = None
    """Of a takeover: from its beginning until all was fetched that can be before the source is stopped."""
    downtime_seconds: float | None = None
    """Of a takeover: from the fence of the source to the last passed gate or action; None where the source is
    lost, or where it never came so far.
    """
    points: tuple[PointUsed, ...] = ()
    waves: tuple[WaveRun, ...] = ()
    probes: tuple[Checked, ...] = ()
    actions: tuple[Checked, ...] = ()
    result: Result = "failed"
    reasons: tuple[str, ...] = ()
    """Why it did not pass: all reasons."""
    left_behind: int | None = None
    """How many resources of a drill were still there at its end; None where nothing was to be removed, or
    not known.
    """
    source_fenced: bool | None = None
    """Of a failover: whether the source was stopped first; None for a drill, which never touches it."""
    source_account: str = ""
    """As its environment declares it; empty where none is declared."""
    target_account: str = ""
    source_principal: str = ""
    """Who the credentials speak for: an ARN, a service account, a libvirt URI. Empty where no call was made
    to that end, or where the provider does not say.
    """
    target_principal: str = ""
    topology_digest: str = ""
    """Tells one declaration from another: two runs of one topology as it was have the same."""
    plan_digest: str = ""
    """The same of the plan and of both environments."""
    operator: str = ""
    """Who ran it: `user@host`."""
    calls: int = 0
    version: str = ""
    looked: tuple[LookedAt, ...] = ()
    """Of each group that comes back."""
    accept: str = ""
    """What the plan accepts: `data`, `service` or `hosts`."""
    blank: tuple[str, ...] = ()
    """The volumes that came up blank, as an operator accepted: no data of them existed."""
    overruled: tuple[str, ...] = ()
    """The errors of the check before it that an operator overruled."""
    as_of: str | None = None
    """The moment that data was restored as of; None: the newest data."""
    number: int = 0
    """Of the run, in the ledger of the environment that came up; 0: it has none."""
    previous_number: int = 0
    """Of the run before it that has evidence; 0: there is none."""
    previous_digest: str = ""
    """The digest of that run's evidence."""
    remote: str = ""
    """The rclone remote that a copy of this evidence goes to; empty: the only copy is where it was made."""
    left_aside: tuple[LeftAside, ...] = ()
    """The volumes that it replaced, though they had data that is in no point."""
    approvals: tuple[Approved, ...] = ()
    """Of the takeover and of its manual steps, the oldest first."""
    way_in: WayIn | None = None
    """Of a drill: from where people could reach it; None: nothing got in."""
    both_ran: BothRan | None = None
    """Of an end that ran while the other one was active; None: no takeover let both run."""
    simulated: bool = False
    """Whether an end is in a cloud that does not exist."""
    unreadable_entries: tuple[str, ...] = ()
    """The entries of the ledger that could not be read and may be of newer data: those that are newer than a
    point that was used; all, where no point was used.
    """

    @property
    def is_accepted(self) -> bool:
        """Whether it passed, or looked as deeply as the plan accepts and nothing failed."""
        if self.result != "inconclusive":
            return self.result == "passed"
        wanted = LEVELS.index(self.accept) if self.accept in LEVELS else 0
        return all(LEVELS.index(each.looked) <= wanted for each in self.looked)
