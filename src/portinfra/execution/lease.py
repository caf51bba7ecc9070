"""The lease of a scope: one run at a time, kept in the cloud that it guards. Advisory.

A run takes it by the creation of the next number, which succeeds once, so that two runs never both have it.
It takes the lease of a process that died on this machine at once; that of another machine when it was not
renewed for a minute by its own clock. The provider's clock is never compared with that of another machine.

Another run may have taken the lease of a process that was stopped for a while. So the holder reads before
each renewal whether the lease still is its own, and changes nothing while no renewal was answered for long.
"""

import math
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import Self

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
from portinfra.execution.caller import Caller
from portinfra.execution.retry import insist
from portinfra.model.address import Scope
from portinfra.model.lease import Holder, Lease
from portinfra.model.record import Record
from portinfra.observation import Reader
from portinfra.provider.interface import Clock
from portinfra.provider.record_names import record_address
from portinfra.records import holder as holders
from portinfra.records.lease import read_leases, to_text

RENEW_SECONDS = 15.0
"""How often a holder renews its lease."""

SURE_SECONDS = Lease.lease_duration_seconds - RENEW_SECONDS
"""A holder whose last renewal is older than this changes nothing: another run may soon take the lease."""

SKEW_MAX_SECONDS = 600.0
"""The clocks of two machines do not differ by more."""

FOR_NOW = (RateLimited, Unavailable, OutcomeUnknown)
"""The errors after which a renewal is tried again."""

LOST_SECONDS = 1.0
"""Pause after somebody else took the number that we wanted, before looking again."""

LOST_MAX = 30
"""A number that is taken so often, though no list shows who has it, belongs to something else."""


def settle(last: Lease | None, clock: Clock, visibility_seconds: float) -> bool:
    """Wait until lists can be trusted: none shows the world before the last run's last change. Whether it
    had to wait.

    A run that did not let go of its lease may have made its last change just now; and so may one that ran
    on another machine, whose clock may go otherwise.
    """
    if last is None or not visibility_seconds:
        return False
    now = clock.now()
    changed = now
    here = holders.same_machine(last.holder_identity)
    if last.released and (here or now - last.renew_time > SKEW_MAX_SECONDS):
        changed = min(last.renew_time, now)
    clock.sleep_until(changed + visibility_seconds)
    return changed + visibility_seconds > now


@define
class LeaseHolder:
    """A lease that this run holds."""

    caller: Caller
    scope: Scope
    lease: Lease
    renew_due: float = field(default=0.0)
    """When to say again that we live."""
    heard_at: float = field(default=0.0)
    """When we said it last and were heard, seconds by the provider's clock."""

    @classmethod
    def take(cls, caller: Caller, reader: Reader, scope: Scope, *, attempt: str, version: str) -> Self:
        """Take the lease, waiting for a dead holder's if need be. Raises LeaseHeldError.

        Returns when lists can be trusted: whoever held it before may have changed the world a moment ago.
        """
        me = holders.this_run(attempt)
        try:
            mine = _take(caller, reader, scope, me, version)
        except BaseException:
            holders.ended(me)
            raise
        return cls(caller, scope, mine, mine.renew_time + RENEW_SECONDS, mine.renew_time)

    def sure(self, now: float) -> bool:
        """Whether nobody can have taken it for a dead holder's: only then may the world be changed."""
        return now - self.heard_at < SURE_SECONDS

    def renew(self) -> None:
        """Say that we live, after a look whether it still is ours; one try.

        Raises LeaseLostError and ProviderError.
        """
        now = self._clock.now()
        self.renew_due = now + RENEW_SECONDS
        self._look()
        self.lease = evolve(self.lease, renewals=self.lease.renewals + 1, renew_time=now)
        try:
            self.caller.once(self.caller.provider.records.write(self.scope, _record(self.lease)))
        except NotFound as error:
            self._look()
            raise LeaseLostError() from error
        self.heard_at = now

    def declare(self, *, epoch: int, fenced: bool) -> None:
        """Say whose turn it is; whoever takes the lease after this run says the same."""
        self.lease = evolve(self.lease, epoch=epoch, fenced=fenced)
        insist(self.renew, self._pause, lambda error: isinstance(error, FOR_NOW))

    def record_peer(self, peer: str) -> None:
        """Write the environment that the guards read into the lease; every later run keeps it."""
        if peer != self.lease.peer:
            self.lease = evolve(self.lease, peer=peer)
            insist(self.renew, self._pause, lambda error: isinstance(error, FOR_NOW))

    def keep(self) -> None:
        """Say that we live, if it is time to; as often as it takes."""
        if self._clock.now() >= self.renew_due:
            insist(self.renew, self._pause, lambda error: isinstance(error, FOR_NOW))

    def sleep_until(self, moment: float) -> None:
        """Return when `now()` is at least `moment`, saying meanwhile that we live."""
        while self._clock.now() < moment:
            self._clock.sleep_until(min(moment, self.renew_due))
            self.keep()

    def release(self, *, forget: bool = False) -> None:
        """Let go. It stays as the record of who applied last; `forget` removes it, with nothing to guard.

        One that tells of a turn stays all the same: whoever forgot it would take an older turn for the last.
        So does one that names a peer: that may have taken over, and the next plan has to check it.
        """
        try:
            if not self.sure(self._clock.now()):
                self.renew()
            self.renew_due = math.inf  # from here on nobody is told that we live
            if forget and not self.lease.epoch and not self.lease.peer:
                for number in (self.lease.number, self.lease.number - 1):
                    _delete(self.caller, self.scope, number)
            else:
                self.lease = evolve(self.lease, released=True, renew_time=self._clock.now())
                self.caller.insisting(self.caller.provider.records.write(self.scope, _record(self.lease)))
        except (NotFound, LeaseLostError):
            pass  # somebody took over, and has a lease of their own
        finally:
            self.abandon()

    def abandon(self) -> None:
        """This run is over; whoever comes next may take over at once."""
        holders.ended(self.lease.holder_identity)

    @property
    def _clock(self) -> Clock:
        return self.caller.provider.clock

    def _pause(self, seconds: float) -> None:
        self._clock.sleep_until(self._clock.now() + seconds)

    def _look(self) -> None:
        """Raise LeaseLostError when a list shows that it is somebody else's now."""
        for lease in read_leases(Reader(self.caller.provider, self.caller.once), self.scope):
            ours = lease.number == self.lease.number and lease.holder_identity == self.lease.holder_identity
            if lease.number > self.lease.number or (lease.number == self.lease.number and not ours):
                raise LeaseLostError(lease.holder_identity, lease.acquire_time)
            if ours and lease.released:
                raise LeaseLostError()


def _take(caller: Caller, reader: Reader, scope: Scope, me: Holder, version: str) -> Lease:
    """Our lease, with the next free number."""
    clock = caller.provider.clock
    lost: Counter[int] = Counter()
    settled: Lease | None = None
    while True:
        existing = read_leases(reader, scope)
        ours = next((lease for lease in existing if lease.holder_identity == me), None)
        before = [lease for lease in existing if lease is not ours]
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
        ours = Lease(
            number=last.number + 1 if last else 1,
            holder_identity=me,
            acquire_time=datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
            renew_time=now,
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
        _delete(caller, scope, old.number)
    return ours


def _unseen(provider: str, number: int) -> AlreadyExists:
    return AlreadyExists(
        f"claim {number} is taken, and no list shows who has it",
        provider=provider,
        address=record_address(number),
        fix=f"Look for a resource that has the name of claim {number} and is none, and remove it.",
    )


def _won(caller: Caller, scope: Scope, mine: Lease) -> bool:
    """Whether we surely took it. If not, the next look tells who did."""
    try:
        caller.insisting(caller.provider.records.create(scope, _record(mine)))
    except (AlreadyExists, OutcomeUnknown):
        return False
    return True


def _delete(caller: Caller, scope: Scope, number: int) -> None:
    with suppress(NotFound):
        caller.insisting(caller.provider.records.delete(scope, number))


def _wait_for_death(lease: Lease, reader: Reader, scope: Scope) -> None:
    """Return when the holder is dead. Raises LeaseHeldError when it lives."""
    if holders.same_machine(lease.holder_identity):
        if holders.alive(lease.holder_identity):
            raise LeaseHeldError(lease.holder_identity, lease.acquire_time)
        return
    clock = reader.provider.clock
    deadline = clock.now() + Lease.lease_duration_seconds + reader.provider.capabilities.visibility_seconds
    while clock.now() < deadline:
        clock.sleep_until(min(deadline, clock.now() + RENEW_SECONDS))
        current = next((c for c in read_leases(reader, scope) if c.number >= lease.number), None)
        if current is None or current.released:
            return
        if (current.number, current.renewals) != (lease.number, lease.renewals):
            raise LeaseHeldError(current.holder_identity, current.acquire_time)


def _record(lease: Lease) -> Record:
    return Record(lease.number, to_text(lease))
