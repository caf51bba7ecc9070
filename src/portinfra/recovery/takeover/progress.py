"""The progress of one takeover, in the ledger: the next run continues from there."""

from collections.abc import Callable, Collection
from typing import Any

from attrs import evolve

from portinfra.command_text import command
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.execution.run import Run
from portinfra.model.duration import seconds
from portinfra.model.recovery import Action
from portinfra.recovery.ledger.ledger import Entry, Ledger
from portinfra.recovery.ledger.runs import reopen_run
from portinfra.recovery.ledger.takeovers import (
    TakeoverEntry,
    find_under_way,
    list_takeovers,
    record_takeover,
    short_id,
)
from portinfra.recovery.notify import Event, notify
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.takeover.approvals import list_approvals
from portinfra.recovery.takeover.fencing import deleted_entry_error, overtaken_error
from portinfra.rollout.waves import Say
from portinfra.value import define

APPROVAL_PAUSE_SECONDS = 10.0
"""The seconds between two reads of the approval of a manual step."""


@define
class Progress:
    """The entry of one takeover."""

    recovery: Recovery
    target: Connection
    ledger: Ledger
    id: str
    run: Entry
    """The entry of this run of it."""

    def reopen(self) -> None:
        """Open the entry of this run again, where a sweep has closed it."""
        reopen_run(Ledger.after_settling(self.target, self.recovery.ledger), self.run)

    def read(self) -> TakeoverEntry:
        """Return the takeover as the ledger has it now."""
        return next(each for each in list_takeovers(self.ledger.entries()) if each.id == self.id)

    def update(self, **come: Any) -> TakeoverEntry:
        """Write what has changed of the takeover."""
        return record_takeover(self.ledger, evolve(self.read(), **come))

    def add(self, **names: Collection[str]) -> None:
        """Add these names of roles or actions, by `short_id`, to what is done."""
        now = self.read()
        self.update(**{field: (*getattr(now, field), *map(short_id, some)) for field, some in names.items()})

    def read_current(self, turn: TakeoverEntry) -> TakeoverEntry:
        """Return the takeover as the ledger has it, whatever this run has written itself before. Raise
        PolicyError where another run has finished it, or abandoned it, or begun another, or its entry was
        deleted.
        """
        self.ledger = Ledger.after_settling(self.target, self.recovery.ledger)
        known = list_takeovers(self.ledger.entries())
        if all(each.id != turn.id for each in known):
            raise deleted_entry_error(self.recovery)
        now = find_under_way(known)
        if now is None or now.id != turn.id or now.epoch != turn.epoch or now.abandoned:
            raise overtaken_error(self.recovery, max([turn.epoch, *(each.latest for each in known)]))
        return now

    def note_between_runs(
        self, turn: TakeoverEntry, change: Callable[[TakeoverEntry], TakeoverEntry], run_options: RunOptions
    ) -> TakeoverEntry:
        """Write a change of the takeover under the lease of its end, which this run does not hold yet, and
        return the takeover. Raise what `still` raises, and LeaseHeldError.
        """
        scope = self.recovery.target_scope
        with self.target.start_run(scope, run_options):
            now = self.read_current(turn)
            changed = change(now)
            return now if changed == now else record_takeover(self.ledger, changed)

    def wait_for(self, action: Action, run: Run, say: Say) -> str:
        """Wait until a manual step is approved; return why it was not, or an empty text."""
        clock, name = self.target.provider.clock, action.name
        until = clock.now() + seconds(action.limit)
        self.update(waits=name)
        approve = command("dr", "approve", name, self.recovery.plan.name)
        line = f"waiting for manual step {name!r}, for up to {action.limit}: {approve}"
        say(line)
        with run.keep_lease():
            waits = Event("waits", self.read().occasion, self.id, reasons=(line,))
            for problem in notify(self.recovery.as_declared, waits):
                say(problem)
        while not list_approvals(self.ledger, self.read(), name):
            if clock.now() + APPROVAL_PAUSE_SECONDS > until:
                return (
                    f"manual step {name!r} was not approved within {action.limit}: do it, run {approve}, and "
                    "run the takeover again"
                )
            run.sleep_until(clock.now() + APPROVAL_PAUSE_SECONDS)
        self.update(waits="")
        return ""
