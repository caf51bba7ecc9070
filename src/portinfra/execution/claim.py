"""The claim on a scope: one run at a time, kept in the cloud that it guards. Advisory.

Taking is creating the next number, a name that can be created once, so two can never both take it. A holder
that died on this machine is taken over at once; one elsewhere when its heartbeat has stood still for a
minute by our own clock. The provider's clock is never compared with anybody else's.

A holder that was stopped for a while may have been taken for dead: before each heartbeat it looks whether the
claim still is its own, and while none was answered for too long it changes nothing.
"""

import math
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime

from attrs import define, evolve, field

from portinfra.errors import (
    AlreadyExists,
    LeaseHeldError,
    LeaseLostError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from portinfra.execution import holder as holders
from portinfra.execution.caller import Caller
from portinfra.execution.retry import insist
from portinfra.model.address import Scope
from portinfra.model.claim import Claim, Holder
from portinfra.observation import Reader
from portinfra.provider.interface import Clock

HEARTBEAT_SECONDS = 15.0
"""How often a holder says that it lives."""

DEAD_SECONDS = 60.0
"""A heartbeat that stands still for so long belongs to a dead holder."""

SURE_SECONDS = DEAD_SECONDS - HEARTBEAT_SECONDS
"""A holder that was not heard for so long may be taken for dead, and changes nothing before it is."""

SKEW_MAX_SECONDS = 600.0
"""The clocks of two machines do not differ by more."""

FOR_NOW = (RateLimited, Unavailable, OutcomeUnknown)
"""What a heartbeat that failed is repeated after."""

LOST_SECONDS = 1.0
"""Pause after somebody else took the number that we wanted, before looking again."""

LOST_MAX = 30
"""A number that is taken so often, though no list shows who has it, belongs to something else."""


def claims(reader: Reader, scope: Scope) -> list[Claim]:
    """Every claim of the scope, the newest last; usually one."""
    driver = reader.provider.claims
    found = driver.assemble(reader.pages(driver.survey(scope)))
    return sorted(found, key=lambda claim: claim.number)


def settle(last: Claim | None, clock: Clock, visibility_seconds: float) -> bool:
    """Wait until lists can be trusted: none shows the world before the last run's last change. Whether it
    had to wait.

    A run that did not let go of its claim may have made its last change just now; and so may one that ran
    on another machine, whose clock may go otherwise.
    """
    if last is None or not visibility_seconds:
        return False
    now = clock.now()
    changed = now
    if last.released and (holders.same_machine(last.holder) or now - last.active_at > SKEW_MAX_SECONDS):
        changed = min(last.active_at, now)
    clock.sleep_until(changed + visibility_seconds)
    return changed + visibility_seconds > now


@define
class Claiming:
    """A claim that this run holds."""

    caller: Caller
    scope: Scope
    claim: Claim
    beat_due: float = field(default=0.0)
    """When to say again that we live."""
    heard_at: float = field(default=0.0)
    """When we said it last and were heard, seconds by the provider's clock."""

    @classmethod
    def take(cls, caller: Caller, reader: Reader, scope: Scope, *, attempt: str, version: str) -> "Claiming":
        """Take the claim, waiting for a dead holder's if need be. Raises LeaseHeldError.

        Returns when lists can be trusted: whoever held it before may have changed the world a moment ago.
        """
        me = holders.this_run(attempt)
        try:
            mine = _take(caller, reader, scope, me, version)
        except BaseException:
            holders.ended(me)
            raise
        return cls(caller, scope, mine, mine.active_at + HEARTBEAT_SECONDS, mine.active_at)

    def sure(self, now: float) -> bool:
        """Whether nobody can have taken it for a dead holder's: only then may the world be changed."""
        return now - self.heard_at < SURE_SECONDS

    def beat(self) -> None:
        """Say that we live, after a look whether it still is ours; one try.

        Raises LeaseLostError and ProviderError.
        """
        now = self._clock.now()
        self.beat_due = now + HEARTBEAT_SECONDS
        self._look()
        self.claim = evolve(self.claim, beat=self.claim.beat + 1, active_at=now)
        try:
            self.caller.once(self.caller.provider.claims.write(self.scope, self.claim))
        except NotFound as error:
            self._look()
            raise LeaseLostError() from error
        self.heard_at = now

    def declare(self, *, epoch: int, fenced: bool) -> None:
        """Say whose turn it is; whoever takes the claim after this run says the same."""
        self.claim = evolve(self.claim, epoch=epoch, fenced=fenced)
        insist(self.beat, self._pause, lambda error: isinstance(error, FOR_NOW))

    def record_peer(self, peer: str) -> None:
        """Write the other environment of the recovery plan into the claim; every later run keeps it."""
        if peer != self.claim.peer:
            self.claim = evolve(self.claim, peer=peer)
            insist(self.beat, self._pause, lambda error: isinstance(error, FOR_NOW))

    def keep(self) -> None:
        """Say that we live, if it is time to; as often as it takes."""
        if self._clock.now() >= self.beat_due:
            insist(self.beat, self._pause, lambda error: isinstance(error, FOR_NOW))

    def sleep_until(self, moment: float) -> None:
        """Return when `now()` is at least `moment`, saying meanwhile that we live."""
        while self._clock.now() < moment:
            self._clock.sleep_until(min(moment, self.beat_due))
            self.keep()

    def release(self, *, forget: bool = False) -> None:
        """Let go. It stays as the record of who applied last; `forget` removes it, with nothing to guard.

        One that tells of a turn stays all the same: whoever forgot it would take an older turn for the last.
        So does one that names a peer: that may have taken over, and the next plan has to check it.
        """
        try:
            if not self.sure(self._clock.now()):
                self.beat()
            self.beat_due = math.inf  # from here on nobody is told that we live
            if forget and not self.claim.epoch and not self.claim.peer:
                for number in (self.claim.number, self.claim.number - 1):
                    _drop(self.caller, self.scope, number)
            else:
                self.claim = evolve(self.claim, released=True, active_at=self._clock.now())
                self.caller.insisting(self.caller.provider.claims.write(self.scope, self.claim))
        except (NotFound, LeaseLostError):
            pass  # somebody took over, and has a claim of their own
        finally:
            self.abandon()

    def abandon(self) -> None:
        """This run is over; whoever comes next may take over at once."""
        holders.ended(self.claim.holder)

    @property
    def _clock(self) -> Clock:
        return self.caller.provider.clock

    def _pause(self, seconds: float) -> None:
        self._clock.sleep_until(self._clock.now() + seconds)

    def _look(self) -> None:
        """Raise LeaseLostError when a list shows that it is somebody else's now."""
        for claim in claims(Reader(self.caller.provider, self.caller.once), self.scope):
            ours = claim.number == self.claim.number and claim.holder == self.claim.holder
            if claim.number > self.claim.number or (claim.number == self.claim.number and not ours):
                raise LeaseLostError(claim.holder, claim.since)
            if ours and claim.released:
                raise LeaseLostError()


def _take(caller: Caller, reader: Reader, scope: Scope, me: Holder, version: str) -> Claim:
    """Our claim, with the next free number."""
    clock = caller.provider.clock
    lost: Counter[int] = Counter()
    settled: Claim | None = None
    while True:
        existing = claims(reader, scope)
        ours = next((claim for claim in existing if claim.holder == me), None)
        before = [claim for claim in existing if claim is not ours]
        last = before[-1] if before else None
        if ours is not None and (last is None or last.number < ours.number):
            break  # the answer to taking it was lost
        if last is not None and last != settled:
            if not last.released:
                _wait_for_death(last, reader, scope)
            settled = last
            if settle(last, clock, caller.provider.capabilities.visibility_seconds):
                continue  # what others did meanwhile may not have been listed yet
        now = clock.now()
        ours = Claim(
            number=last.number + 1 if last else 1,
            holder=me,
            since=datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
            active_at=now,
            epoch=last.epoch if last else 0,
            fenced=last.fenced if last else False,
            peer=last.peer if last else "",
            version=version,
        )
        if _won(caller, scope, ours):
            break
        lost[ours.number] += 1
        if lost[ours.number] > LOST_MAX:
            raise _unseen(reader.provider.name, ours.number)
        clock.sleep_until(clock.now() + LOST_SECONDS)
    for old in before[:-1]:  # never the last: a list that is behind must not show a free number
        _drop(caller, scope, old.number)
    return ours


def _unseen(provider: str, number: int) -> AlreadyExists:
    return AlreadyExists(
        f"claim {number} is taken, and no list shows who has it",
        provider=provider,
        address=f"claim.{number}",
        fix="Look for a resource that bears a claim's name and is none, and remove it.",
    )


def _won(caller: Caller, scope: Scope, mine: Claim) -> bool:
    """Whether we surely took it. If not, the next look tells who did."""
    try:
        caller.insisting(caller.provider.claims.take(scope, mine))
    except (AlreadyExists, OutcomeUnknown):
        return False
    return True


def _drop(caller: Caller, scope: Scope, number: int) -> None:
    with suppress(NotFound):
        caller.insisting(caller.provider.claims.drop(scope, number))


def _wait_for_death(claim: Claim, reader: Reader, scope: Scope) -> None:
    """Return when the holder is dead. Raises LeaseHeldError when it lives."""
    if holders.same_machine(claim.holder):
        if holders.alive(claim.holder):
            raise LeaseHeldError(claim.holder, claim.since)
        return
    clock = reader.provider.clock
    deadline = clock.now() + DEAD_SECONDS + reader.provider.capabilities.visibility_seconds
    while clock.now() < deadline:
        clock.sleep_until(min(deadline, clock.now() + HEARTBEAT_SECONDS))
        current = next((c for c in claims(reader, scope) if c.number >= claim.number), None)
        if current is None or current.released:
            return
        if (current.number, current.beat) != (claim.number, claim.beat):
            raise LeaseHeldError(current.holder, current.since)
