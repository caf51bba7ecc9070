"""The advisory lease of a scope, which allows one run at a time. It lies in the cloud that it guards.

A run takes it by the creation of the next number. That succeeds once, so two runs never both have it.
A run takes over from a process that died on this machine at once. From another machine, it takes over when
the lease was not renewed for a minute. It reads the lease several times with pauses, so it needs no clock of
another machine. The time of the last write is the provider's, if the provider reports its time.

Another run may take the lease of a process that was stopped for a while. So the holder reads before each
renewal whether it still has the lease. It changes nothing while its last renewal is too old.
"""

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Self

from attrs import evolve, field

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
from portinfra.execution.waits import LAST_RUN, WaitListener, other_lease
from portinfra.model.address import Scope
from portinfra.model.lease import Holder, Lease
from portinfra.model.record import Record
from portinfra.observation import Reader
from portinfra.provider.abilities import clock_offset, current_time
from portinfra.provider.clock import ServerClock
from portinfra.provider.interface import Clock, Provider
from portinfra.provider.record_names import record_address
from portinfra.records import holder as holders
from portinfra.records.lease import read_leases, to_text
from portinfra.value import define

RENEW_SECONDS = 15.0
"""The time between two renewals of a lease."""

CERTAIN_SECONDS = Lease.lease_duration_seconds - RENEW_SECONDS
"""A holder whose last renewal is older than this changes nothing: another run may soon take the lease."""

SKEW_MAX_SECONDS = 600.0
"""The greatest difference between the clocks of two machines that portinfra expects."""

TEMPORARY = (RateLimited, Unavailable, OutcomeUnknown)
"""The errors after which a renewal is tried again."""

TAKEN_PAUSE_SECONDS = 1.0
"""The pause before the next read after another run created a number first."""

TAKEN_MAX = 30
"""After so many creations of a taken number that no list shows, it belongs to another kind of resource."""


def _ignore(what: str, most: float) -> None:
    """Report no wait."""


def wait_for_lists(last: Lease | None, provider: Provider, report: WaitListener = _ignore) -> bool:
    """Wait until lists show the last change of the last run. Return whether it waited.

    A run that did not release its lease may have made its last change just now. So may a run on another
    machine, whose clock may differ.
    """
    visibility_seconds = provider.capabilities.visibility_seconds
    if last is None or not visibility_seconds:
        return False
    age = current_time(provider) - last.renew_time
    age = max(0.0, age - (ServerClock.NOISE_SECONDS if clock_offset(provider) else 0.0))
    here = holders.is_on_this_machine(last.holder_identity)
    is_known = last.released and (here or age > SKEW_MAX_SECONDS)
    pause = visibility_seconds - (age if is_known else 0.0)
    report(LAST_RUN, pause)
    provider.clock.sleep_until(provider.clock.now() + max(0.0, pause))
    return pause > 0


@define
class LeaseHolder:
    """A lease that this run holds."""

    caller: Caller
    scope: Scope
    lease: Lease
    renew_due: float = field(default=0.0)
    """The time of the next renewal, in seconds by the provider's clock."""
    renewed_at: float = field(default=0.0)
    """The time of the last successful renewal, in seconds by the provider's clock."""

    @classmethod
    def take(
        cls,
        caller: Caller,
        reader: Reader,
        scope: Scope,
        *,
        attempt: str,
        version: str,
        known: Sequence[Lease] | None = None,
        report: WaitListener = _ignore,
    ) -> Self:
        """Take the lease, and return its holder. Wait first if the last holder may be dead. Report each wait.

        `known` are the leases of a moment ago, of which the last one is released, and lists show its changes.
        Returns when lists show the last change of the last holder. Raises LeaseHeldError.
        """
        me = holders.this_run(attempt)
        try:
            mine, taken_at = _take(caller, reader, scope, me, version, known, report)
        except BaseException:
            holders.mark_ended(me)
            raise
        return cls(caller, scope, mine, taken_at + RENEW_SECONDS, taken_at)

    def is_certain(self, now: float) -> bool:
        """Return whether no other run can have the lease. Only then may this run change anything."""
        return now - self.renewed_at < CERTAIN_SECONDS

    def renew(self) -> None:
        """Read whether this run still holds the lease, and write its renewal, with one try.

        Raises LeaseLostError and ProviderError.
        """
        now = self._clock.now()
        self.renew_due = now + RENEW_SECONDS
        self._check_held()
        written = current_time(self.caller.provider)
        self.lease = evolve(self.lease, renewals=self.lease.renewals + 1, renew_time=written)
        try:
            self.caller.once(self.caller.provider.records.write(self.scope, _record(self.lease)))
        except NotFound as error:
            self._check_held()
            raise LeaseLostError() from error
        self.renewed_at = now

    def record_fence(self, *, epoch: int, fenced: bool) -> None:
        """Write the epoch and the fence into the lease. Every later run keeps both."""
        self.lease = evolve(self.lease, epoch=epoch, fenced=fenced)
        insist(self.renew, self._pause, lambda error: isinstance(error, TEMPORARY))

    def record_peer(self, peer: str) -> None:
        """Write the environment that the guards read into the lease; every later run keeps it."""
        self.lease = evolve(self.lease, peer=peer)
        insist(self.renew, self._pause, lambda error: isinstance(error, TEMPORARY))

    def renew_if_due(self) -> None:
        """Renew the lease if that is due, and repeat it until the provider answers."""
        if self._clock.now() >= self.renew_due:
            insist(self.renew, self._pause, lambda error: isinstance(error, TEMPORARY))

    def sleep_until(self, moment: float) -> None:
        """Return when `now()` is at least `moment`. Renew the lease meanwhile."""
        while self._clock.now() < moment:
            self._clock.sleep_until(min(moment, self.renew_due))
            self.renew_if_due()

    def release(self, *, unfinished: bool, forget: bool = False) -> None:
        """Release the lease. It stays as the record of the last run, which may be `unfinished`.

        `forget` deletes it, when nothing is left to guard. A lease with an epoch stays: without it, an older
        epoch would count as the last one. A lease with a peer stays: the next plan must check that peer.
        """
        try:
            if not self.is_certain(self._clock.now()):
                self.renew()
            self.renew_due = math.inf  # no renewal follows
            if forget and not self.lease.epoch and not self.lease.peer:
                for number in (self.lease.number, self.lease.number - 1):
                    _delete(self.caller, self.scope, number)
            else:
                written = current_time(self.caller.provider)
                self.lease = evolve(self.lease, released=True, unfinished=unfinished, renew_time=written)
                self.caller.with_retries(self.caller.provider.records.write(self.scope, _record(self.lease)))
        except (NotFound, LeaseLostError):
            pass  # another run has taken over, with a lease of its own
        finally:
            self.mark_ended()

    def mark_ended(self) -> None:
        """Mark this run as ended, so that the next one on this machine takes over at once."""
        holders.mark_ended(self.lease.holder_identity)

    @property
    def _clock(self) -> Clock:
        return self.caller.provider.clock

    def _pause(self, seconds: float) -> None:
        self._clock.sleep_until(self._clock.now() + seconds)

    def _check_held(self) -> None:
        """Raise LeaseLostError when a list shows that another run has taken the lease."""
        for lease in read_leases(Reader(self.caller.provider, self.caller.once), self.scope):
            ours = lease.number == self.lease.number and lease.holder_identity == self.lease.holder_identity
            if lease.number > self.lease.number or (lease.number == self.lease.number and not ours):
                raise LeaseLostError(lease.holder_identity, lease.acquire_time)
            if ours and lease.released:
                raise LeaseLostError()


def _take(
    caller: Caller,
    reader: Reader,
    scope: Scope,
    me: Holder,
    version: str,
    known: Sequence[Lease] | None,
    report: WaitListener,
) -> tuple[Lease, float]:
    """Create this run's lease with the next free number, and delete old leases.

    Return the lease, and the time of its creation in seconds by the provider's clock.
    """
    clock = caller.provider.clock
    taken_at = clock.now()
    taken: Counter[int] = Counter()
    settled: Lease | None = known[-1] if known else None
    while True:
        before, mine = _read_others(reader, scope, me) if known is None else (list(known), None)
        known = None  # if another run was faster, lists show its lease
        if mine is not None:
            break  # the answer to its creation was lost
        last = before[-1] if before else None
        if last is not None and last != settled:
            settled = last
            if _wait_for_holder(last, reader, scope, report):
                continue  # meanwhile, lists may show leases of other runs
        taken_at = clock.now()
        mine = _next_lease(last, me, current_time(caller.provider), version)
        if _create(caller, scope, mine):
            break
        taken[mine.number] += 1
        if taken[mine.number] > TAKEN_MAX:
            raise _number_is_hidden(reader.provider.name, mine.number)
        clock.sleep_until(clock.now() + TAKEN_PAUSE_SECONDS)
    for old in before[:-1]:  # never the last: an outdated list must not show its number as free
        _delete(caller, scope, old.number)
    return mine, taken_at


def _read_others(reader: Reader, scope: Scope, me: Holder) -> tuple[list[Lease], Lease | None]:
    """Return the leases of other runs, the newest last, and the lease of this run if it is the newest."""
    existing = read_leases(reader, scope)
    mine = next((lease for lease in existing if lease.holder_identity == me), None)
    others = [lease for lease in existing if lease is not mine]
    return others, mine if mine is not None and all(mine.number > other.number for other in others) else None


def _wait_for_holder(last: Lease, reader: Reader, scope: Scope, report: WaitListener) -> bool:
    """Wait until the holder of the last lease is gone, and lists show its changes.

    Return whether it waited for lists. Raises LeaseHeldError.
    """
    if not last.released:
        _wait_for_end(last, reader, scope, report)
    return wait_for_lists(last, reader.provider, report)


def _next_lease(last: Lease | None, me: Holder, now: float, version: str) -> Lease:
    """Return the lease after the last one. It keeps the fence, its epoch, the peer, and `unfinished`."""
    return Lease(
        number=last.number + 1 if last else 1,
        holder_identity=me,
        acquire_time=datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        renew_time=now,
        unfinished=last is not None and (last.unfinished or not last.released),
        epoch=last.epoch if last else 0,
        fenced=last.fenced if last else False,
        peer=last.peer if last else "",
        version=version,
    )


def _number_is_hidden(provider: str, number: int) -> AlreadyExists:
    return AlreadyExists(
        f"lease {number} cannot be created: its name is taken, and no list shows a lease with this number",
        provider=provider,
        address=record_address(number),
        fix=f"Find the resource that has the name of lease {number}, and delete it if it is no lease.",
    )


def _create(caller: Caller, scope: Scope, mine: Lease) -> bool:
    """Create the lease. Return whether that certainly succeeded. If not, the next read shows its holder."""
    try:
        caller.with_retries(caller.provider.records.create(scope, _record(mine)))
    except (AlreadyExists, OutcomeUnknown):
        return False
    return True


def _delete(caller: Caller, scope: Scope, number: int) -> None:
    with suppress(NotFound):
        caller.with_retries(caller.provider.records.delete(scope, number))


def _wait_for_end(lease: Lease, reader: Reader, scope: Scope, report: WaitListener) -> None:
    """Wait until the holder is certainly dead. Raises LeaseHeldError if it is alive."""
    if holders.is_on_this_machine(lease.holder_identity):
        if holders.is_alive(lease.holder_identity):
            raise LeaseHeldError(lease.holder_identity, lease.acquire_time)
        return
    clock = reader.provider.clock
    left = Lease.lease_duration_seconds + reader.provider.capabilities.visibility_seconds
    report(other_lease(lease, scope), left)
    while left > 0:  # it counts the pauses, as the clock may be set meanwhile
        pause = min(left, RENEW_SECONDS)
        clock.sleep_until(clock.now() + pause)
        left -= pause
        current = next((c for c in read_leases(reader, scope) if c.number >= lease.number), None)
        if current is None or current.released:
            return
        if (current.number, current.renewals) != (lease.number, lease.renewals):
            raise LeaseHeldError(current.holder_identity, current.acquire_time)


def _record(lease: Lease) -> Record:
    return Record(lease.number, to_text(lease))
