"""What a read proves that may be older than the last write. docs/early-reads.md states and explains the laws.

A list may show each resource as it was at any moment of the last `visibility_seconds`. So, until these have
passed since a write, absence proves nothing, and nothing proves that another write is needed. The result of
the write proves itself: no state from before the write looks like it.
"""

from collections.abc import Callable

from portinfra.errors import Conflict, NotFound, RateLimited
from portinfra.execution.task import Task
from portinfra.model.observed import Observed
from portinfra.model.resources import Spec, traits
from portinfra.planning.dry_run import ask
from portinfra.provider.interface import DONE, Wait
from portinfra.value import define

EARLY_SECONDS = (2.0, 6.0)
"""The moments of the early reads of a verification, in seconds after the last write."""

LOOK_SHARE = 0.5
"""The pause after an early read that proves nothing, as a share of the time since the write."""

_WITHOUT_EFFECT = (RateLimited, NotFound, Conflict)
"""The refusals of one resource that certainly had no effect. After any other error, a late effect is
possible: a double. A request for several resources may be refused after an effect on some of them.
"""


def proves_result(task: Task, found: Observed[Spec] | None) -> bool:
    """Return whether what a read found counts, though it may be older than the last write of the step.

    It counts if the resource is as wanted, or is becoming so. If the only call of the step created the
    resource, no older state exists: as that call promised it, it counts though it needs other calls.
    """
    if found is None or task.want is None or task.doubtful or found.fault or found.extras:
        return False
    if task.current is None or found.id != task.current.id or _goes_back(task, task.want):
        return False
    if task.left == [None] and found.spec == task.current.spec:
        return True
    try:
        answer = ask(task.driver, task.want, found, task.refs)
    except Exception:
        return False  # the read that counts reports it
    return answer is DONE or isinstance(answer, Wait)


def _goes_back(task: Task, want: Spec) -> bool:
    """Return whether an attribute had the wanted value, lost it in this step and has it again (A, B, A)."""
    for name in traits(type(want)).compared:
        is_wanted = [old is not None and getattr(old.spec, name) == getattr(want, name) for old in task.left]
        if True in is_wanted and not all(is_wanted[is_wanted.index(True) :]):
            return True
    return False


@define
class Evidence:
    """What an apply knows about its own writes: it decides when a verification counts."""

    last_write: float
    """The end of the last call that changes something, in seconds by the provider's clock."""
    last_news: float
    """When a read last showed what a step waits for."""
    proves_early: bool = True
    """Whether a clean early read is enough: nothing was deleted, and no call may have a late effect."""

    def note_write(self, now: float, *, deletes: bool) -> None:
        """Record the answer to a call."""
        self.last_write = now
        if deletes:
            self.proves_early = False

    def note_error(self, now: float, error: Exception, *, joined: bool = False) -> None:
        """Record the error of a call, or of the request that `joined` it with others."""
        self.last_write = now
        if joined or not isinstance(error, _WITHOUT_EFFECT):
            self.proves_early = False

    @property
    def last_change(self) -> float:
        """When the last call ended, or a read last showed what a step waits for. Later, nothing changes."""
        return max(self.last_write, self.last_news)

    def can_verify(self, now: float, visibility_seconds: float) -> bool:
        """Return whether the first moment of `verification_moments` has come."""
        wait = min(EARLY_SECONDS[0], visibility_seconds) if self.proves_early else visibility_seconds
        return now >= self.last_write + wait

    def verification_moments(self, visibility_seconds: float) -> list[float]:
        """Return when to verify, until a read is clean.

        At the last moment, lists show all that a read of the apply showed. From `visibility_seconds` after
        the last write on, a clean read counts also for deletions.
        """
        late = self.last_write + visibility_seconds
        early = [self.last_write + seconds for seconds in EARLY_SECONDS if self.proves_early]
        last = self.last_change + visibility_seconds
        return sorted({moment for moment in early if moment < late} | {late, last})


def next_look(looked_at: float, written: float, visible: float, pause: Callable[[], float]) -> float:
    """Return when to look again after an early read that proved nothing, at the latest at `visible`."""
    return min(visible, looked_at + max(pause(), (looked_at - written) * LOOK_SHARE))
