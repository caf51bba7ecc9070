"""`sweep`: remove, at both ends, what drills, takeovers and refreshes left whose process died."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Literal

from attrs import evolve

from portinfra.errors import (
    ApplyError,
    LeaseHeldError,
    OutcomeUnknown,
    PortinfraError,
    ProviderError,
    Unavailable,
)
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.hooks.listeners import SafeListener
from portinfra.model.address import Scope
from portinfra.model.strict import strict
from portinfra.placement import place
from portinfra.recovery.drills.drill import place_drill, remove
from portinfra.recovery.ledger.drills import KIND
from portinfra.recovery.ledger.entries import unreadable_line
from portinfra.recovery.ledger.entry_lease import hold_entry_lease
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.runs import TAKEOVER, read_again
from portinfra.recovery.ledger.takeovers import find_under_way, list_takeovers
from portinfra.recovery.points.kept_snapshots import remove_outlived
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.takeover.inside_probes import remove_probers
from portinfra.recovery.vault.transfer import clear, hold_receiving
from portinfra.rollout.context import RolloutContext
from portinfra.rollout.waves import Say
from portinfra.validation.arguments import check_arguments
from portinfra.value import frozen

REMOVED, RUNNING, UNSEEN = "removed", "still running", "not looked at"


@frozen(field_transformer=strict)
class Swept:
    """What a sweep did about one drill, or about the hosts that other runs left in one place."""

    id: str
    """The id of the drill; empty for other hosts."""
    began: str
    """When the drill began; empty for other hosts."""
    fate: str
    """`removed`, `still running`, `not looked at`, or why it could not be removed. For a ledger: which of its
    entries cannot be read, and how to find the resources that they may name.

    `not looked at`: the environment or one of its zones does not answer. The entries of the ledger stay open
    for the next sweep.
    """
    resources: int = 0
    """How many resources the sweep saw."""
    what: Literal["drill", "probe host", "transfer hosts", "environment", "ledger"] = "drill"
    """`environment`: all of it, which does not answer or cannot be read. `ledger`: entries that cannot be
    read and may be of drills, so portinfra does not know what those drills left.
    """
    environment: str = ""
    direction: Literal["", "receiving", "sending"] = ""
    """For transfer hosts: whether they receive or send data."""

    @property
    def is_done(self) -> bool:
        """Whether nothing failed."""
        return self.what == "ledger" or self.fate in (REMOVED, RUNNING, UNSEEN)


@check_arguments
def sweep(
    recovery: Recovery, *, run_options: RunOptions | None = None, say: Say = lambda line: None
) -> list[Swept]:
    """Remove what runs left that died: drills by their ids, hosts of probes, and transfer hosts. portinfra
    leaves what a living run uses.

    At each end that answers, also remove kept snapshots of replaced volumes whose time is over. An end that
    does not answer is `not looked at`. Where another error ends the sweep of an end, that error is its fate.
    Raises ProviderError where both ends fail before the sweep found anything.
    """
    run_options, say = run_options or RunOptions(), SafeListener(say)
    found: list[Swept] = []
    errors: list[ProviderError] = []
    for way in (recovery, recovery.reversed):
        name = way.target.name
        try:
            with Connection.to(way.target) as connection:
                connection.account()
                for each in _sweep_end(way, connection, run_options, say):
                    found.append(each)  # one by one: an error must not hide what was removed before it
        except ProviderError as error:
            errors.append(error)
            is_silent = isinstance(error, (Unavailable, OutcomeUnknown))
            problem = f"{name} does not answer" if is_silent else f"portinfra cannot sweep {name}"
            say(f"{problem}: what runs left there is not removed ({error.first_line})")
            fate = UNSEEN if is_silent else error.first_line
            found.append(Swept("", "", fate, what="environment", environment=name))
    if len(found) == len(errors) == len((recovery.source, recovery.target)):
        raise errors[0]
    return found


def _sweep_end(way: Recovery, connection: Connection, run_options: RunOptions, say: Say) -> Iterator[Swept]:
    """Yield what the sweep found at the target of a recovery."""
    ledger = Ledger(connection, way.ledger)
    ledger.settle()
    is_empty = may_close = True
    for each in _sweep_transfers(way, connection, run_options):
        yield each
        if each.direction == "receiving":
            is_empty = is_empty and each.fate == REMOVED
            may_close = may_close and each.fate in (REMOVED, RUNNING)  # one that runs has its own open entry
    yield from _sweep_drills(way, connection, ledger, run_options, may_close=may_close)
    for each in _sweep_scope(
        way, connection, way.prober, partial(_remove_probe_hosts, way, connection, run_options)
    ):
        yield evolve(each, what="probe host")
        is_empty = is_empty and each.fate == REMOVED
    if is_empty:
        _close_runs(way, connection, ledger, run_options)
    remove_outlived(way, connection, run_options, say)


def _sweep_transfers(way: Recovery, connection: Connection, run_options: RunOptions) -> Iterator[Swept]:
    """Remove transfer hosts in both directions, before the entries that name them are closed."""
    if way.plan.vault is None:
        return
    directions: tuple[tuple[Literal["receiving", "sending"], Recovery, Scope], ...] = (
        ("receiving", way, way.receiving),
        ("sending", way.reversed, way.reversed.sending),
    )
    for direction, each, scope in directions:
        for found in _sweep_scope(way, connection, scope, partial(clear, each, connection, run_options)):
            yield evolve(found, what="transfer hosts", direction=direction)


def _sweep_drills(
    way: Recovery, connection: Connection, ledger: Ledger, run_options: RunOptions, *, may_close: bool
) -> Iterator[Swept]:
    """Remove drills that died: only its entry names the scope of a drill. Close their entries, unless
    transfer hosts are left that may belong to them.
    """
    contents = ledger.read()
    if hidden := [each for each in contents.unreadable if each.open and each.kind in ("", KIND)]:
        names = f"{way.topology.name}-{way.target.name}-drill-"
        fate = f"{unreadable_line(hidden)}. If that is of a drill, names of its resources begin with {names}"
        yield Swept("", "", fate, what="ledger", environment=way.target.name)
    for entry in contents.entries:
        if entry.kind != KIND or not entry.open:
            continue
        swept = Swept(str(entry.said["id"]), str(entry.said["began"]), REMOVED, environment=way.target.name)
        placed = place_drill(way, swept.id)
        try:
            with connection.start_run(placed.scope, run_options) as run:
                now = read_again(Ledger.after_settling(connection, way.ledger), entry)
                if now is None or not now.open:  # the drill ended while this sweep removed others
                    continue
                count = len(run.reader.observe(placed.scope).resources)
                left = remove(
                    RolloutContext(connection, run, connection.catalogue(), placed, run_options.listen)
                )
        except LeaseHeldError:
            yield evolve(swept, fate=RUNNING)
            continue
        except ApplyError as error:
            yield evolve(swept, fate=str(error), resources=_count_remaining(connection, placed.scope))
            continue
        if left is None:
            yield evolve(swept, fate=UNSEEN)
            continue
        yield evolve(swept, resources=count)
        if not may_close:
            continue
        # A drill writes its result under its lease: without one it died. Nothing else writes this entry.
        closed = {**now.said, "open": False, "result": now.said.get("result") or "swept"}
        with suppress(LeaseHeldError), hold_entry_lease(way, connection) as ledger:
            ledger.rewrite(now, closed)


def _close_runs(way: Recovery, connection: Connection, ledger: Ledger, run_options: RunOptions) -> None:
    """Close the entries of takeovers and refreshes that left nothing. Hold the leases of all that a run may
    leave: of its transfer hosts, and of its environment, under which it creates hosts of probes.

    While a takeover to this end is not finished, its entries stay open: its next run may need that lease, and
    a sweep must not hold it. They also stay open while another run holds one of the leases. A living run that
    holds neither lease yet opens its entry again under each of them.
    """
    entries = ledger.entries()
    if find_under_way(list_takeovers(entries)) or not any(
        each.open for each in entries if each.kind == TAKEOVER
    ):
        return
    with (
        suppress(LeaseHeldError),
        hold_receiving(way, connection, run_options),
        connection.start_run(way.target_scope, run_options),
    ):
        for entry in Ledger.after_settling(connection, way.ledger).entries(TAKEOVER):
            if entry.open:
                ledger.rewrite(entry, {**entry.said, "open": False})


def _sweep_scope(
    way: Recovery, connection: Connection, scope: Scope, remove_all: Callable[[], None]
) -> list[Swept]:
    """Return what the sweep did about a scope; nothing where it is empty."""
    observed = connection.observe(scope)
    if observed.count == 0:
        return []
    fate = UNSEEN if observed.unknown else REMOVED
    swept = Swept("", "", fate, len(observed.resources), environment=way.target.name)
    try:
        remove_all()
    except LeaseHeldError:
        return [evolve(swept, fate=RUNNING)]
    except ApplyError as error:
        return [evolve(swept, fate=str(error), resources=_count_remaining(connection, scope))]
    return [swept]


def _remove_probe_hosts(way: Recovery, connection: Connection, run_options: RunOptions) -> None:
    placed = evolve(place(way.topology, way.target), scope=way.prober, resources={}, roles={})
    with connection.start_run(way.prober, run_options) as run:
        remove_probers(RolloutContext(connection, run, connection.catalogue(), placed, run_options.listen))


def _count_remaining(connection: Connection, scope: Scope) -> int:
    with suppress(PortinfraError):
        return len(connection.reader.observe(scope).resources)
    return 0
