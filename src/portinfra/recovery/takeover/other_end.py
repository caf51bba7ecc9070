"""The other end of a takeover. It serves until the data has arrived that can be fetched before. Then
portinfra stops it, and carries a last point of it.
"""

from collections.abc import Callable

from attrs import evolve

from portinfra.command_text import command
from portinfra.errors import PortinfraError, ProviderError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.execution.run import Run
from portinfra.model.resources import Instance
from portinfra.recovery.ledger.takeovers import TakeoverEntry
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.facts import connect_source, read_facts
from portinfra.recovery.situation.host_starts import mark_starts
from portinfra.recovery.situation.request import end_of
from portinfra.recovery.takeover.fencing import PartlySwitched, switch_end
from portinfra.recovery.takeover.progress import Progress
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.vault.data_selection import Selection
from portinfra.recovery.vault.transfer import receive
from portinfra.rollout.waves import Say
from portinfra.value import define


@define
class OtherEnd:
    """The end that a takeover leaves: the source of `recovery`."""

    recovery: Recovery
    options: FailoverOptions
    say: Say
    target: Connection
    progress: Progress
    principal: str = ""
    """The principal that stopped it; empty where no call was made to it."""

    def prepare(self, turn: TakeoverEntry) -> TakeoverEntry:
        """Return the takeover, once the data is there that can be fetched while the other end still serves
        customers. Data of a last point comes later.
        """
        if turn.fetched_at is not None or turn.fenced_at is not None:
            return turn
        self.options.at(Step.PREPARE)
        if not turn.last_point and not turn.restores:
            chosen = Selection(self.recovery, self.options, self.target).of(turn, self.progress.ledger)
            run_options, reopen = self.options.run_options, self.progress.reopen
            receive(self.recovery, self.target, chosen.points, run_options, self.say, reopen=reopen)
        self.options.at(Step.RECORD_PREPARED)
        return self._note(turn, lambda now: evolve(now, fetched_at=self.target.now()))

    def fence(self, turn: TakeoverEntry, *, is_prepared_before: bool) -> TakeoverEntry:
        """Return the takeover, once the other end is stopped, unless that is lost.

        Where an earlier run has prepared it, and has not fenced the other end, downtime begins only now.
        """
        source_name, run_options = self.recovery.source.name, self.options.run_options
        if self.options.lost:
            self.say(f"{source_name} is lost: it is not fenced")
            return turn
        self.say(f"fencing {source_name}")
        self.options.at(Step.FENCE)
        with (
            connect_source(self.recovery) as source,
            source.start_run(self.recovery.source_scope, run_options) as run,
        ):
            self.principal = source.reader.principal()
            if turn.fenced_at is not None and not run.lease.fenced:  # it was made active since
                with run.keep_lease():
                    turn = self._note(turn, lambda now: evolve(now, fenced_at=None, starts=""))
            is_fenced = run.lease.fenced and run.lease.epoch == turn.epoch
            if is_prepared_before and turn.fenced_at is None and not is_fenced:
                with run.keep_lease():
                    turn = self._note(turn, lambda now: evolve(now, fetched_at=self.target.now()))
            is_stopped = self._stop(run, source, turn)
            starts = self._read_starts(source) if is_stopped else ""
        self.options.at(Step.RECORD_FENCE)

        def add_stop(now: TakeoverEntry) -> TakeoverEntry:
            if is_stopped:
                return now if now.fenced_at else evolve(now, fenced_at=self.target.now(), starts=starts)
            return now if now.partly_fenced_at else evolve(now, partly_fenced_at=self.target.now())

        return self._note(turn, add_stop)

    def _note(self, turn: TakeoverEntry, change: Callable[[TakeoverEntry], TakeoverEntry]) -> TakeoverEntry:
        return self.progress.note_between_runs(turn, change, self.options.run_options)

    def _stop(self, run: Run, source: Connection, turn: TakeoverEntry) -> bool:
        """Stop its hosts; return whether all are off. Raise Unavailable where some may run on."""
        try:
            switch_end(run, source, self.recovery, turn.epoch, "stopped", self.options.run_options.listen)
        except Unavailable as error:
            # Only a silent zone may be overruled. If the source itself is silent, its lease may not be
            # fenced, and both ends would be active: for that an operator writes --lost.
            if not (self.options.insist and isinstance(error, PartlySwitched)):
                raise self._half_stopped(error) from error
            self.say(f"not all of {self.recovery.source.name} is stopped, and the operator insists: {error}")
            return False
        return True

    def _read_starts(self, source: Connection) -> str:
        """Return when its hosts last started; empty: it does not report that, and no check waits for it."""
        try:
            return mark_starts(source.reader.observe(self.recovery.source_scope))
        except ProviderError:
            return ""

    def list_running(self) -> list[str]:
        """Return the names of its hosts that run now, as far as it answers: a person may have started some
        since they were stopped.
        """
        try:
            with Connection.to(self.recovery.source) as source:
                hosts = source.observe(self.recovery.source_scope).of(Instance)
        except ProviderError:
            return []
        return sorted(address.name for address, seen in hosts.items() if seen.spec.power == "running")

    def _half_stopped(self, error: Unavailable) -> Unavailable:
        name, plan = self.recovery.source.name, self.recovery.plan.name
        verb = "failback" if self.recovery.is_reversed else "failover"
        return Unavailable(
            f"{name} is fenced, and not all of it is stopped: {error}",
            provider=self.recovery.source.provider,
            fix="The takeover has begun, and no apply starts stopped hosts. Run this again once all "
            f"of it answers. If it is lost: {command('dr', verb, plan, '--lost', name)}. To abandon the "
            f"takeover: {command('dr', 'abandon', plan)}.",
        )

    def carry_last_point(self) -> None:
        """Carry one more point of the stopped hosts, where they have the newest data."""
        now = read_facts(self.recovery, hosts=False, through=[self.target])
        if now.holder == end_of(self.recovery):
            return
        self.options.at(Step.LAST_POINT)
        kept = self.recovery.keeping_all
        quiet = [evolve(policy, before=(), after=()) for policy in kept.plan.data]
        made = replicate(
            evolve(kept, plan=evolve(kept.plan, data=quiet)),
            now=True,
            stopped=True,
            run_options=self.options.run_options,
            say=self.say,
        )
        if not made.succeeded:
            problems = "; ".join(f"{group.group}: {group.problem}" for group in made.groups if group.problem)
            raise PortinfraError(
                f"the last point failed: {problems}",
                fix="Run it again: it continues from here.",
            )
