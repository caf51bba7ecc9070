"""Fencing: an epoch in the leases of both environments, and a fence for the one that waits.

The hosts of a fenced environment are off after each apply. The environment with the higher epoch is active.
One that could not be reached when its peer took over finds the higher epoch there when it answers again. An
epoch is the moment of a decision: a run that decides while the other end does not answer decides later than
it.
"""

from collections.abc import Collection
from contextlib import suppress

from attrs import evolve

from portinfra.command_text import command
from portinfra.errors import ApplyError, LeaseHeldError, PolicyError, ProviderError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.execution.run import Run
from portinfra.format import moment
from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.progress import Listener
from portinfra.model.resources import FirewallRules, Instance, Power
from portinfra.placement import place
from portinfra.recovery.ledger.departures import record_left
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.takeovers import list_takeovers, record_takeover
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.permissions import Verb
from portinfra.recovery.situation.refusals import raise_if_refused
from portinfra.validation.arguments import check_arguments


class PartlySwitched(Unavailable):
    """Hosts of some zones were not switched, because these zones did not answer; all other hosts were."""


def switch(run: Run, placed: Placed, catalogue: Catalogue, power: Power, listen: Listener) -> int:
    """Power every existing host on or off, and change nothing else. Return how many hosts exist.

    Everything else is wanted as it exists: no drift, and no finding about it (an image that is not offered
    any more), must keep hosts running. Raises ApplyError. Raises PartlySwitched after the rest is done, where
    a zone does not answer: hosts there may run.
    """
    there = run.reader.observe(placed.scope)
    return _switch(run, placed, catalogue, _with_power(there, there.of(Instance), power), listen)


def stop_hosts(
    run: Run, placed: Placed, catalogue: Catalogue, kept: Collection[str], listen: Listener
) -> None:
    """Stop the hosts that run, but those of the roles `kept`: their data is about to be replaced. Raises what
    `switch` raises.
    """
    there = run.reader.observe(placed.scope)
    stale = [
        address
        for address, seen in there.of(Instance).items()
        if seen.spec.power == "running" and placed.roles.get(address) not in kept
    ]
    if stale:
        _switch(run, placed, catalogue, _with_power(there, stale, "stopped"), listen)


def close_to_internet(run: Run, placed: Placed, catalogue: Catalogue, listen: Listener) -> None:
    """Change the rules of the firewalls that exist to what is placed, so that no host starts behind rules of
    an earlier time. Raises ApplyError.
    """
    firewalls = frozenset(run.reader.observe(placed.scope).of(FirewallRules))
    plan = run.plan(placed, catalogue, PlanOptions(addresses=firewalls))
    if firewalls and not plan.empty:
        run.apply(plan, listen)


def _with_power(there: Observation, hosts: Collection[Address], power: Power) -> Observation:
    """Return the observation with these hosts on or off."""
    return evolve(
        there,
        resources={
            address: evolve(seen, spec=evolve(seen.spec, power=power))
            if address in hosts and isinstance(seen.spec, Instance)
            else seen
            for address, seen in there.resources.items()
        },
    )


def _switch(run: Run, placed: Placed, catalogue: Catalogue, wanted: Observation, listen: Listener) -> int:
    """Switch hosts as `wanted`, and return how many exist."""
    specs = {address: seen.spec for address, seen in wanted.resources.items()}
    hosts = frozenset(wanted.of(Instance))
    placed = evolve(placed.without_ignoring("power").without_renames(), resources=specs)
    plan = run.plan(placed, catalogue, PlanOptions(addresses=hosts))
    try:
        if not plan.empty:
            run.apply(plan, listen)
    except ApplyError as error:
        if not error.outcome.unverified:
            raise
    if wanted.unknown:
        raise PartlySwitched(
            f"{', '.join(sorted(wanted.unknown))} did not answer: hosts there were not switched on or off",
            provider=run.reader.provider.name,
            fix="Run the same command again when all zones answer.",
        )
    return len(hosts)


def switch_end(
    run: Run,
    at: Connection,
    recovery: Recovery,
    epoch: int,
    power: Power,
    listen: Listener,
) -> int:
    """Let an end of a recovery be active or wait in an epoch, with all its hosts on or off; return how many
    it has. The lease says so before anything is switched.

    The run holds its lease. Raises PolicyError if the lease has a later epoch, and what `switch` raises.
    """
    if run.lease.epoch > epoch:
        raise overtaken_error(recovery, run.lease.epoch)
    catalogue = at.catalogue()
    placed = place(recovery.topology, at.environment)
    if power == "stopped" and run.lease.fenced and run.lease.epoch < epoch:
        way = recovery if at.environment == recovery.target else recovery.reversed
        record_left(Ledger.after_settling(at, way.ledger), run.lease, epoch)
    run.record_fence(epoch=epoch, fenced=power == "stopped")
    run.record_peer(recovery.peer_of(placed.scope))
    return switch(run, placed, catalogue, power, listen)


def overtaken_error(recovery: Recovery, epoch: int) -> PolicyError:
    """Return the error that this run's decision is of an earlier epoch."""
    plan = recovery.plan.name
    return recovery.refusal(
        "another operator decided first",
        "passed-on",
        f"a later decision was made during this run ({moment(epoch)})",
        f"{command('dr', 'status', plan)} shows both environments. {command('dr', 'fence', plan)} stops the "
        "one that was overtaken.",
    )


def deleted_entry_error(recovery: Recovery) -> PolicyError:
    """Return the error that the ledger has no entry of this run's takeover any more."""
    return recovery.refusal(
        "it cannot be continued",
        "passed-on",
        "the entry of the takeover was deleted during this run",
        f"{command('dr', 'status', recovery.plan.name)} shows both environments.",
    )


@check_arguments
def may_fence(recovery: Recovery) -> tuple[Recovery, int]:
    """Return what is to be fenced, as the source of a recovery, and in which epoch. Raise PolicyError where
    the waiting end is fenced, and Unavailable where an end does not answer.
    """
    now = read_facts(recovery)
    raise_if_refused(recovery, Verb("fence"), now)
    assert now.authority is not None  # without a takeover nothing is to be fenced
    declared = recovery.as_declared
    return declared if now.waiting == "source" else declared.reversed, now.authority.epoch


@check_arguments
def fence(recovery: Recovery, *, run_options: RunOptions | None = None) -> int:
    """Stop the waiting end, where it came back after the other one took over; return how many hosts it has.

    Raises what `may_fence` raises.
    """
    run_options = run_options or RunOptions()
    recovery, epoch = may_fence(recovery)
    with (
        Connection.to(recovery.source) as source,
        source.start_run(recovery.source_scope, run_options) as run,
    ):
        was_active = not run.lease.fenced
        count = switch_end(run, source, recovery, epoch, "stopped", run_options.listen)
        # It is stopped: one failed record, or a lease that is lost since, must not hide that.
        with suppress(ProviderError, LeaseHeldError), run.keep_lease():
            _record_stop(recovery, epoch, run_options, was_active=was_active)
    return count


def _record_stop(recovery: Recovery, epoch: int, run_options: RunOptions, *, was_active: bool) -> None:
    """Write into the entry of the takeover by the active end when the other one had stopped: until then, both
    may have run. A moment that the entry has counts no more where the other one was active since. Where
    another run changes the active end, the moment stays unknown.
    """
    scope = recovery.target_scope
    with Connection.to(recovery.target) as active, active.start_run(scope, run_options):
        ledger = Ledger.after_settling(active, recovery.ledger)
        turn = max(list_takeovers(ledger.entries()), key=lambda turn: turn.latest, default=None)
        overtook = turn is not None and turn.ran_on_from is not None and turn.epoch == epoch
        is_due = turn is not None and (was_active if turn.fenced_at is not None else not turn.open)
        if turn and overtook and is_due:
            record_takeover(ledger, evolve(turn, fenced_at=active.now()))
