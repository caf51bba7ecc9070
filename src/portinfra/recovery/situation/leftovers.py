"""Resources of runs that died, or that could not remove all: the ledgers name them, and a read confirms them.

A run writes an entry before it creates a resource, and closes the entry when the resource is gone. So a scope
without an open entry is not read.
"""

from contextlib import nullcontext
from typing import Literal

from portinfra.command_text import command, command_line
from portinfra.errors import ProviderError
from portinfra.execution.connection import Connection
from portinfra.model.address import Scope
from portinfra.model.strict import strict
from portinfra.recovery.ledger.drills import KIND as DRILL
from portinfra.recovery.ledger.runs import REFRESH, Run
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.permissions import REFRESH_VERB, may
from portinfra.recovery.situation.situation import ENDS, EndFacts, Situation, peer_of
from portinfra.value import frozen

What = Literal["drill", "probe host", "transfer hosts", "refresh"]


@frozen(field_transformer=strict)
class Leftover:
    """The resources that one run left, or still uses."""

    what: What
    environment: str
    id: str
    """The id of the drill, takeover or refresh; empty where it is not known."""
    recovery: str
    """The name of the recovery plan."""

    @property
    def message(self) -> str:
        """The resources, as a sentence."""
        by = f"run {self.id}" if self.id else "a run"
        return {
            "drill": f"drill {self.id} still runs, or left something behind in {self.environment}",
            "refresh": f"refresh {self.id} of {self.environment} still runs, or was cut short",
            "probe host": f"a host of a probe still runs in {self.environment}, or {by} left it behind",
            "transfer hosts": f"hosts that carry data of a vault still run in {self.environment}, or {by} "
            "left them behind",
        }[self.what]

    @property
    def fix(self) -> str:
        """How to remove or finish it, as a sentence."""
        purpose = "finish" if self.what == "refresh" else "remove"
        return f"To {purpose} it: {command('dr', self._verb, self.recovery)}."

    @property
    def command(self) -> str:
        """The command that removes or finishes it."""
        return command_line("dr", self._verb, self.recovery)

    @property
    def _verb(self) -> str:
        return "refresh" if self.what == "refresh" else "sweep"


def list_leftovers(
    recovery: Recovery, now: Situation, through: Connection
) -> tuple[tuple[Leftover, ...], tuple[str, ...]]:
    """Return what is left at both ends, and a sentence for each end where that cannot be read.

    `through` is connected to the target of this recovery. portinfra makes no call to an end that does not
    answer, that an operator declared lost, or whose ledger has no open entry.
    """
    found: list[Leftover] = []
    unseen: list[str] = []
    for end in reversed(ENDS):
        way, facts, peer = recovery.from_end(peer_of(end)), now.facts(end), now.facts(peer_of(end))
        name, plan = way.target.name, recovery.plan.name
        found += [Leftover("drill", name, run.id, plan) for run in facts.open_runs if run.kind == DRILL]
        refreshed = _cut_short(facts)
        if refreshed and end == "target" and may(REFRESH_VERB, now) is None:
            found.append(Leftover("refresh", name, refreshed.id, plan))
        if not facts.answers or not (facts.open_runs or peer.awaits_point):
            continue
        known = through if through.environment == way.target else None
        try:
            with nullcontext(known) if known else Connection.to(way.target) as connection:
                hosts, silence = find_hosts(way, facts, peer, connection)
            found += hosts
        except ProviderError as error:
            silence = error.first_line
        if silence:
            unseen.append(f"what runs left behind in {name} cannot be read: {silence}")
    return tuple(found), tuple(unseen)


def find_hosts(
    way: Recovery, facts: EndFacts, peer: EndFacts, connection: Connection
) -> tuple[list[Leftover], str]:
    """Return the hosts of probes and the transfer hosts at the target of a recovery. `peer` is the other end.

    Also return a sentence about zones that do not answer, which may have more of them. Raises ProviderError.
    """
    found: list[Leftover] = []
    silence = ""
    runs = [run for run in facts.open_runs if run.kind != DRILL]
    if runs:
        there = connection.observe(way.prober)
        silence = there.silence
        if there.resources:
            id = runs[0].id if len(runs) == 1 else ""  # of several, the ledger does not record which one
            found.append(Leftover("probe host", way.target.name, id, way.plan.name))
    scopes: list[Scope] = []
    if way.plan.vault:
        scopes += [way.receiving] if facts.open_runs else []
        scopes += [way.reversed.sending] if peer.awaits_point else []
    observed = [connection.observe(scope) for scope in scopes]
    if any(there.resources for there in observed):
        found.append(Leftover("transfer hosts", way.target.name, "", way.plan.name))
    return found, next((there.silence for there in observed if there.unknown), silence)


def _cut_short(facts: EndFacts) -> Run | None:
    """Return the refresh that has not ended, if no later run of a takeover or refresh exists."""
    newest = max(facts.runs, key=lambda run: run.entry.number, default=None)
    return newest if newest and newest.kind == REFRESH and not newest.result else None
