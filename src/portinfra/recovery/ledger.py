"""The ledger of a target: which points exist, which drills began, which failover is under way.

It lies in the target's cloud, in the same kind of resource as a claim, one an entry: a text under a number
that can be taken once, so that two who write at the same time write two entries. Each is rewritten only by
who wrote it, or by who knows that writer to be dead.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from attrs import evolve, field, frozen

from portinfra.errors import AlreadyExists, NotFound, OutcomeUnknown, PortinfraError
from portinfra.execution import holder as holders
from portinfra.execution.claim import LOST_MAX, LOST_SECONDS, claims, settle
from portinfra.execution.connection import Connection
from portinfra.model.address import Scope
from portinfra.model.claim import NOTE_MAX, Claim


@frozen
class Entry:
    """One entry: its number, and what it says."""

    number: int
    said: Mapping[str, Any]
    """Plain values: `kind`, `id`, whether it is `open` (more is to come), and what else its kind says."""

    @property
    def kind(self) -> str:
        """`point`, `drill`, `failover` or `stood`."""
        return str(self.said.get("kind", ""))

    @property
    def open(self) -> bool:
        """Whether more is to come: a point on its way, a drill or failover that has not ended."""
        return bool(self.said.get("open", False))


@frozen
class Ledger:
    """All entries of one scope, the oldest first."""

    place: Connection
    scope: Scope
    _gone: set[int] = field(init=False, factory=set)
    """Numbers that this process has removed, while lists still show them."""
    _written: dict[int, Mapping[str, Any]] = field(init=False, factory=dict)
    """What this process wrote last, while lists may still show what was there before."""

    @classmethod
    def settled(cls, place: Connection, scope: Scope) -> "Ledger":
        """A ledger whose lists show all that was ever written."""
        ledger = cls(place, scope)
        ledger.settle()
        return ledger

    def settle(self) -> None:
        """Wait until lists show all that was ever written: whoever wrote last may have died just now."""
        clock = self.place.provider.clock
        clock.sleep_until(clock.now() + self.place.provider.capabilities.visibility_seconds)

    def entries(self, kind: str = "") -> list[Entry]:
        """The entries, of one kind or of all. What nobody can read is left out, and in place."""
        found = {claim.number: _said(claim) for claim in self._claims()}
        found |= self._written
        return [
            Entry(number, said)
            for number, said in sorted(found.items())
            if said and number not in self._gone and kind in ("", said.get("kind"))
        ]

    def unreadable(self) -> int:
        """How many entries nobody can read: what they speak of is not known."""
        return sum(not _said(claim) for claim in self._claims())

    @property
    def removed(self) -> int:
        """How many entries this process has removed."""
        return len(self._gone)

    def add(self, said: Mapping[str, Any]) -> Entry:
        """A new entry; `said["id"]` tells it from every other of its kind, so that it is written once."""
        for _ in range(LOST_MAX):
            existing = self._claims()
            for claim in existing:
                there = _said(claim)
                if (there.get("kind"), there.get("id")) == (said["kind"], said["id"]):
                    return self.rewrite(Entry(claim.number, there), said)
            number = max([*(claim.number for claim in existing), *self._written, *self._gone, 0]) + 1
            try:
                self.place.caller.insisting(
                    self.place.provider.claims.take(self.scope, self._claim(number, said))
                )
            except (AlreadyExists, OutcomeUnknown):
                self.place.provider.clock.sleep_until(self.place.provider.clock.now() + LOST_SECONDS)
                continue
            self._written[number] = said
            return Entry(number, said)
        raise PortinfraError(
            f"no entry could be added to the ledger {self.scope}",
            fix="Somebody else is writing to it: wait for them, and run this again.",
        )

    def rewrite(self, entry: Entry, said: Mapping[str, Any]) -> Entry:
        """Let an entry say something else."""
        self.place.caller.insisting(
            self.place.provider.claims.write(self.scope, self._claim(entry.number, said))
        )
        self._written[entry.number] = said
        return evolve(entry, said=said)

    def fits(self, said: Mapping[str, Any]) -> bool:
        """Whether an entry can say that."""
        return len(_noted(said)) <= NOTE_MAX

    def remove(self, entry: Entry) -> None:
        """Remove an entry."""
        with suppress(NotFound):  # removed before, and no list said so yet
            self.place.caller.insisting(self.place.provider.claims.drop(self.scope, entry.number))
        self._written.pop(entry.number, None)
        self._gone.add(entry.number)

    def _claims(self) -> list[Claim]:
        """As lists have them, once they show what another process wrote last: of what is still open, it may
        be written a moment ago that it is not.
        """
        found = claims(self.place.reader, self.scope)
        last = max(found, key=lambda claim: (not claim.released, claim.active_at), default=None)
        clock, lag = self.place.provider.clock, self.place.provider.capabilities.visibility_seconds
        if not self._written and settle(last, clock, lag):
            return claims(self.place.reader, self.scope)
        return found

    def _claim(self, number: int, said: Mapping[str, Any]) -> Claim:
        note = _noted(said)
        if len(note) > NOTE_MAX:
            raise ValueError(f"an entry of {len(note)} characters: {NOTE_MAX} fit")
        now = self.place.provider.clock.now()
        ended = not said.get("open", False)
        return Claim(number, holders.this_run("ledger"), active_at=now, released=ended, note=note)


def _noted(said: Mapping[str, Any]) -> str:
    return json.dumps(said, separators=(",", ":"), sort_keys=True, ensure_ascii=True)


def _said(claim: Claim) -> Mapping[str, Any]:
    try:
        said = json.loads(claim.note)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
