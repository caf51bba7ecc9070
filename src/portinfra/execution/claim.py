"""The claim on a scope: one run at a time, kept in the cloud that it guards. Advisory.

Taking is creating the next number, a name that can be created once, so two can never both take it. A holder
that died on this machine is taken over at once; one elsewhere when its heartbeat has stood still for a
minute by our own clock. The provider's clock is never compared with anybody else's.
"""

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime

from attrs import define, evolve, field

from portinfra.errors import AlreadyExists, ClaimedError, NotFound, OutcomeUnknown
from portinfra.execution import holder as holders
from portinfra.execution.caller import Caller
from portinfra.model.address import Scope
from portinfra.model.claim import Claim, Holder
from portinfra.observation import Reader
from portinfra.provider.interface import Call, Clock

HEARTBEAT_SECONDS = 15.0
"""How often a holder says that it lives."""

DEAD_SECONDS = 60.0
"""A heartbeat that stands still for so long belongs to a dead holder."""


LOST_SECONDS = 1.0
"""Pause after somebody else took the number that we wanted, before looking again."""

LOST_MAX = 30
"""A number that is taken so often, though no list shows who has it, belongs to something else."""


def claims(reader: Reader, scope: Scope) -> list[Claim]:
    """Every claim of the scope, the newest last; usually one."""
    driver = reader.provider.claims
    found = driver.assemble(reader.pages(driver.survey(scope)))
    return sorted(found, key=lambda claim: claim.number)


def settle(last: Claim | None, clock: Clock, visibility_seconds: float) -> None:
    """Wait until lists can be trusted: none shows the world before the last run's last change.

    A run that did not let go of its claim may have made its last change just now.
    """
    if last is not None and visibility_seconds:
        changed = min(last.active_at, clock.now()) if last.released else clock.now()
        clock.sleep_until(changed + visibility_seconds)


@define
class Claiming:
    """A claim that this run holds."""

    caller: Caller
    reader: Reader
    scope: Scope
    claim: Claim
    beat_due: float = field(default=0.0)

    @classmethod
    def take(cls, caller: Caller, reader: Reader, scope: Scope, *, attempt: str, version: str) -> "Claiming":
        """Take the claim, waiting for a dead holder's if need be. Raises ClaimedError.

        Returns when lists can be trusted: whoever held it before may have changed the world a moment ago.
        """
        me = holders.this_run(attempt)
        try:
            last, mine = _take(caller, reader, scope, me)
            clock = caller.provider.clock
            since = datetime.fromtimestamp(clock.now(), UTC).isoformat(timespec="seconds")
            claiming = cls(caller, reader, scope, evolve(mine, since=since, version=version))
            claiming.beat()
            settle(last, clock, caller.provider.capabilities.visibility_seconds)
        except BaseException:
            holders.ended(me)
            raise
        return claiming

    def heartbeat(self) -> Call:
        """The call that says we live. NotFound: somebody took over."""
        clock = self.caller.provider.clock
        self.claim = evolve(self.claim, beat=self.claim.beat + 1, active_at=clock.now())
        self.beat_due = clock.now() + HEARTBEAT_SECONDS
        return self.caller.provider.claims.write(self.scope, self.claim)

    def beat(self) -> None:
        """Say that we live, now."""
        self.caller.insisting(self.heartbeat())

    def release(self, *, forget: bool = False) -> None:
        """Let go. It stays as the record of who applied last; `forget` removes it, with nothing to guard."""
        try:
            if forget:
                for number in (self.claim.number, self.claim.number - 1):
                    _drop(self.caller, self.scope, number)
            else:
                now = self.caller.provider.clock.now()
                self.claim = evolve(self.claim, released=True, active_at=now)
                self.caller.insisting(self.caller.provider.claims.write(self.scope, self.claim))
        except NotFound:
            pass  # somebody took over, and has a claim of their own
        finally:
            self.abandon()

    def abandon(self) -> None:
        """This run is over; whoever comes next may take over at once."""
        holders.ended(self.claim.holder)


def _take(caller: Caller, reader: Reader, scope: Scope, me: Holder) -> tuple[Claim | None, Claim]:
    """The last claim before ours, and ours."""
    lost: Counter[int] = Counter()
    while True:
        existing = claims(reader, scope)
        ours = next((claim for claim in existing if claim.holder == me), None)
        before = [claim for claim in existing if claim is not ours]
        last = before[-1] if before else None
        if ours is not None and (last is None or last.number < ours.number):
            break  # the answer to taking it was lost
        if last is not None and not last.released:
            _wait_for_death(last, reader, scope)
        ours = Claim(
            number=last.number + 1 if last else 1,
            holder=me,
            active_at=last.active_at if last else 0.0,
            epoch=last.epoch if last else 0,
        )
        if _won(caller, scope, ours):
            break
        lost[ours.number] += 1
        if lost[ours.number] > LOST_MAX:
            raise _unseen(reader.provider.name, ours.number)
        clock = caller.provider.clock
        clock.sleep_until(clock.now() + LOST_SECONDS)
    for old in before[:-1]:  # never the last: a list that is behind must not show a free number
        _drop(caller, scope, old.number)
    return last, ours


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
    """Return when the holder is dead. Raises ClaimedError when it lives."""
    if holders.same_machine(claim.holder):
        if holders.alive(claim.holder):
            raise ClaimedError(claim.holder, claim.since)
        return
    clock = reader.provider.clock
    deadline = clock.now() + DEAD_SECONDS
    while clock.now() < deadline:
        clock.sleep_until(min(deadline, clock.now() + HEARTBEAT_SECONDS))
        current = next((c for c in claims(reader, scope) if c.number >= claim.number), None)
        if current is None or current.released:
            return
        if (current.number, current.beat) != (claim.number, claim.beat):
            raise ClaimedError(current.holder, current.since)
