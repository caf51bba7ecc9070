"""One run on one scope. It takes the lease, makes and applies plans, and releases the lease."""

import math
import random
import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from attrs import evolve

from portinfra.errors import ApplyError, LeaseLostError, PortinfraError, ProviderError
from portinfra.execution.caller import Caller
from portinfra.execution.coordinator import Coordinator
from portinfra.execution.creation import host_completer
from portinfra.execution.early_reads import Evidence
from portinfra.execution.enforcement import enforce, enforcing_calls
from portinfra.execution.foreign import name_foreign_resources
from portinfra.execution.journal import Journal
from portinfra.execution.lease import LeaseHolder
from portinfra.execution.looks import Look
from portinfra.execution.loop import Loop
from portinfra.execution.options import RunOptions
from portinfra.execution.parallel_reads import parallel_reads
from portinfra.execution.readiness import ask_all, longest_checks
from portinfra.execution.renewal import keep_renewing
from portinfra.execution.waits import OWN_CHANGES, OWN_LEASE, wait_listener
from portinfra.execution.workers import Inline, Threads, Workers
from portinfra.format import count
from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue, Rate
from portinfra.model.lease import Lease
from portinfra.model.observed import Foreign, Observation, Observed
from portinfra.model.outcome import Outcome
from portinfra.model.placed import Placed
from portinfra.model.plan import Plan, PlanOptions, PlanRead
from portinfra.model.progress import Listener, Progress
from portinfra.model.resources import Spec
from portinfra.observation import Reader, after_wait
from portinfra.planning.make_plan import make_plan
from portinfra.planning.readiness import hosts_in_turn, with_questions
from portinfra.planning.world import World
from portinfra.provider.abilities import current_time
from portinfra.provider.interface import Answer, Call, Clock, Provider
from portinfra.verification import Verified, verify

if TYPE_CHECKING:
    from portinfra.trust.temporary import TemporaryTrust


def new_attempt(clock: Clock) -> str:
    """Return a unique id of a run. Ids sort by the begin of their runs."""
    return f"{int(clock.now() * 1000):012x}-{secrets.token_hex(3)}"


class Run:
    """A run that holds the lease of its scope. It is a context manager."""

    def __init__(
        self,
        provider: Provider,
        scope: Scope,
        version: str,
        *,
        borrowed: Mapping[Address, Observed[Spec]] | None = None,
        after: PlanRead | None = None,
        run_options: RunOptions | None = None,
        rates: Mapping[str, Rate] | None = None,
    ) -> None:
        """`after` is the read of the plan that it carries out. With a `seed`, the calling thread makes the
        calls. `listen` of the options receives the waits that no step has: for the lease of another run, and
        for lists.
        """
        self._provider = provider
        self._scope = scope
        self._version = version
        self._after = after
        self._options = run_options or RunOptions()
        self.own_trust: TemporaryTrust | None = None
        """The trust of its hosts, for a drill; None: that of the environment."""
        self._caller = Caller(provider, scope.environment)
        reads = (
            parallel_reads(self._caller, rates or provider.capabilities.rates, self._renew)
            if self._options.seed is None
            else None
        )
        self._early_reader = Reader(provider, self._ask, borrowed or {}, reads)
        self.reader: Reader = after_wait(self._early_reader, self.wait_for_lists)
        """Reads once lists show all changes of this run."""
        self.attempt: str = new_attempt(provider.clock)
        self._began = 0.0
        """When it had the lease, by the provider's time."""
        self._journal = Journal(scope, self.attempt)
        self._holder: LeaseHolder | None = None
        self._nothing_left = False
        self._has_applied = False
        """Whether its last apply succeeded."""
        self._world: World | None = None
        """The existing resources at the end of its last apply."""
        self._in_force: set[Address] = set()
        """The resources that this run has defined, or whose definitions it has applied again."""
        self._last_change: float | None = None
        """When this run last changed something, or read such a change; in seconds by the provider's clock."""
        self._visible_at = 0.0
        """When lists show what this run wrote into its lease, in seconds by the provider's clock."""
        self.verified: Observation = Observation()
        """What the clean read at the end of the last successful apply found."""
        self._verified_at = -math.inf
        """When that read began, in seconds by the provider's clock."""
        self._is_whole = False
        """Whether that read shows also what earlier applies of this run changed."""

    def __enter__(self) -> Self:
        known = self._after.leases if self._after and self._is_recent(self._after) else None
        self._holder = LeaseHolder.take(
            self._caller,
            self.reader,
            self._scope,
            attempt=self.attempt,
            version=self._version,
            known=known,
            report=wait_listener(self._options.listen),
        )
        self._caller.sleep_until = self._holder.sleep_until
        self._began = current_time(self._provider)
        self._note_written_lease()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._holder is not None
        self._journal.close()
        try:
            if kind is None or issubclass(kind, Exception | KeyboardInterrupt):
                unfinished = self._is_unfinished(failed=kind is not None)
                self._holder.release(unfinished=unfinished, forget=self._nothing_left)
        except ProviderError:
            # The next run finds that this one has ended. An error here would hide the outcome.
            if error is None and self._nothing_left:
                raise
        finally:
            self._holder.mark_ended()
        if kind is None or issubclass(kind, Exception):
            self._wait_for_lease()

    def _wait_for_lease(self) -> None:
        """Return when lists show the lease of this run. By it, the next plan finds its changes."""
        wait_listener(self._options.listen)(OWN_LEASE, self._visible_at - self._provider.clock.now())
        with suppress(KeyboardInterrupt):  # all is done
            self._provider.clock.sleep_until(self._visible_at)

    def _note_written_lease(self) -> None:
        self._visible_at = self._provider.clock.now() + self._provider.capabilities.visibility_seconds

    @property
    def continues_plan(self) -> bool:
        """Whether a new read would tell nothing that the read of its plan (`after`) did not tell.

        So it is if lists may still show the moment of that read, and no other run had the lease since then.
        """
        if self._after is None or not self._is_recent(self._after):
            return False
        last = self._after.leases[-1].number if self._after.leases else 0
        return self.lease.number == last + 1

    def _is_recent(self, read: PlanRead) -> bool:
        """Return whether lists may still show the moment of a read, and no run was under way then."""
        age = self._provider.clock.now() - read.began
        is_free = all(lease.released for lease in read.leases[-1:])
        return is_free and 0 <= age < self._provider.capabilities.visibility_seconds

    def delete_lease_at_end(self) -> None:
        """Let the lease be deleted when the run ends, as nothing of its scope exists."""
        self._nothing_left = True

    def _is_unfinished(self, *, failed: bool) -> bool:
        """Return whether this run, or an earlier unfinished one, may have applied a part of a plan."""
        if self._has_applied and not failed:
            return False
        return self._last_change is not None or self.lease.unfinished

    @property
    def last_change(self) -> float | None:
        """When this run last changed a resource, or read such a change; in seconds by the provider's clock.
        None: it has changed none.
        """
        return self._last_change

    @property
    def calls(self) -> int:
        """The number of calls that this run has made."""
        return self._caller.calls

    @property
    def lease(self) -> Lease:
        """The lease that this run holds."""
        assert self._holder is not None
        return self._holder.lease

    def record_fence(self, *, epoch: int, fenced: bool) -> None:
        """Write the fence of this environment and its epoch into the lease. Every later run keeps both."""
        assert self._holder is not None
        self._holder.record_fence(epoch=epoch, fenced=fenced)
        self._note_written_lease()

    def record_peer(self, peer: str) -> None:
        """Write the environment that the guards read into the lease, unless the lease has it already.
        Every later run keeps it.
        """
        assert self._holder is not None
        if peer != self.lease.peer:
            self._holder.record_peer(peer)
            self._note_written_lease()

    def sleep_until(self, moment: float) -> None:
        """Return at a moment of the provider's clock. Renew the lease meanwhile."""
        assert self._holder is not None
        self._holder.sleep_until(moment)

    def keep_lease(self) -> AbstractContextManager[None]:
        """Renew the lease while the calling thread does long work, such as a user's hook or another run.

        Raises LeaseLostError and ProviderError when that work has ended.
        """
        assert self._holder is not None
        return keep_renewing(self._holder)

    def holds(self) -> bool:
        """Return whether this run still holds the lease, after a time without renewals."""
        assert self._holder is not None
        try:
            self._holder.renew_if_due()
        except LeaseLostError:
            self._holder.mark_ended()
            return False
        return True

    def observe(self, without: frozenset[str] = frozenset()) -> Observation:
        """Return all resources of the scope, once lists show all changes of this run.

        It makes no call where a read would tell nothing new: right after an apply, whose verification has
        read everything.
        """
        age = self._provider.clock.now() - self._verified_at
        is_recent = 0 <= age < self._provider.capabilities.visibility_seconds
        if self._has_applied and self._is_whole and is_recent and not without:
            return self.verified
        return self.reader.observe(self._scope, without)

    def plan(
        self,
        placed: Placed,
        catalogue: Catalogue,
        options: PlanOptions | None = None,
        *,
        destroy: bool = False,
    ) -> Plan:
        """Return the plan from the existing resources to the placed ones or, with `destroy`, to none."""
        there = self.observe(options.without_zones if options else frozenset())
        return make_plan(placed, catalogue, there, self._provider.drivers, options, destroy=destroy)

    def begin(self, plan: Plan, listen: Listener, capture_by: float = math.inf) -> Outcome:
        """Begin to make the snapshots of a plan that was made under this run's lease.

        A step ends once the provider promises that later writes are not in its snapshot
        (`Observed.captured`), or once the snapshot is ready. It fails if that is not so at `capture_by`, by
        the provider's clock. Nothing is verified. Raises what `apply` raises.
        """
        return self._carry_out(plan, listen, capture_by=capture_by)

    def apply(self, plan: Plan, listen: Listener) -> Outcome:
        """Apply a plan that was made under this run's lease, verify it, and return the outcome.

        Raises ApplyError if a step failed, or if differences remain. Raises PortinfraError if all is done,
        but rules could not be applied again. Raises LeaseLostError, and KeyboardInterrupt once the calls
        in progress have ended.
        """
        return self._carry_out(plan, listen)

    def _carry_out(self, plan: Plan, listen: Listener, *, capture_by: float | None = None) -> Outcome:
        assert self._holder is not None
        self._has_applied = False
        earlier = self._last_change
        self._holder.renew_if_due()
        began, calls = self._provider.clock.now(), self._caller.calls
        coordinator = self._coordinator(self._unready_first(with_questions(plan), listen), listen)
        coordinator.capture_by = capture_by
        try:
            steps = coordinator.run()
        finally:
            self._last_change = coordinator.evidence.last_change
        outcome = Outcome(self._scope, self.attempt, steps)
        if capture_by is None and all(step.fate == "done" for step in steps):
            found = self._verify(plan, coordinator.evidence, coordinator.last_look)
            self._nothing_left = plan.destroys and found.empty
            self.verified = found.observation
            lag = self._provider.capabilities.visibility_seconds
            self._is_whole = not plan.options.without_zones and (
                earlier is None or self._verified_at >= earlier + lag
            )
            outcome = evolve(outcome, drift=found.drift, unverified=found.unseen)
            if outcome.succeeded and not plan.destroys:
                outcome = evolve(outcome, enforced=self._enforce(plan, found.observation))
        outcome = evolve(
            outcome, calls=self._caller.calls - calls, seconds=self._provider.clock.now() - began
        )
        if not outcome.succeeded:
            raise ApplyError(_message(outcome), self._with_residents(plan, outcome))
        self._has_applied = True
        return outcome

    def _verify(self, plan: Plan, evidence: Evidence, look: Look | None) -> Verified:
        """Verify by the first clean read, at the latest when lists show the end of the apply.

        What the apply's own last `look` has read late enough is not read again.
        """
        found = None
        moments = evidence.verification_moments(self._provider.capabilities.visibility_seconds)
        wait_listener(self._options.listen)(OWN_CHANGES, moments[-1] - self._provider.clock.now())
        for moment in moments:
            self.sleep_until(moment)
            known = look.answers if look and look.began >= moment else {}
            self._verified_at = look.began if look and known else self._provider.clock.now()
            found = verify(plan, evolve(self._early_reader, known=known))
            if found.clean:
                break
        assert found is not None
        return found

    def wait_for_lists(self) -> None:
        """Return when lists show the changes of this run."""
        if self._last_change is not None:
            until = self._last_change + self._provider.capabilities.visibility_seconds
            wait_listener(self._options.listen)(OWN_CHANGES, until - self._provider.clock.now())
            self.sleep_until(until)

    def _with_residents(self, plan: Plan, outcome: Outcome) -> Outcome:
        def find() -> Sequence[Foreign]:
            return self._early_reader.find_foreign(self._scope, plan.observation).foreign or ()

        return evolve(outcome, steps=name_foreign_resources(outcome.steps, find))

    def _unready_first(self, plan: Plan, listen: Listener) -> Plan:
        """Return the plan in the order that begins with running hosts that are not ready."""
        hosts = hosts_in_turn(plan)
        if not hosts:
            return plan
        message, loop = (
            f"checking whether {count(len(hosts), 'host')} are ready, before the first change",
            self._loop(),
        )
        most = longest_checks(loop, plan.placed, hosts)
        listen(
            Progress(0, len(plan.steps), 0, plan.budget.calls, 0.0, message=message, waits=True, limit=most)
        )
        ready = ask_all(loop, plan.placed, hosts, plan.observation.resources)
        options = evolve(plan.options, not_ready=frozenset(hosts) - ready)
        if not options.not_ready:
            return plan
        ordered = make_plan(plan.placed, plan.catalogue, plan.observation, self._provider.drivers, options)
        return evolve(plan, steps=ordered.steps)

    def _enforce(self, plan: Plan, there: Observation) -> int:
        """Apply unchanged definitions again. Return the number of their resources."""
        self._in_force |= {step.address for step in plan.steps}
        calls = list(enforcing_calls(plan, there, self._provider, self.attempt, self._in_force))
        try:
            enforced = enforce(calls, self._caller, self._loop()) if calls else 0
        except ProviderError as error:
            raise PortinfraError(
                f"{plan.scope} is as declared, but its firewall rules may not be in force: {error}",
                fix="Run the same command again: it applies them again.",
            ) from error
        self._in_force |= {call.address for call in calls if call.address}
        return enforced

    def _ask(self, call: Call) -> Answer:
        self._renew()
        return self._caller.with_retries(call)

    def _renew(self) -> float:
        """Renew the lease if that is due, and return in how many seconds that is due again."""
        if self._holder is None:
            return math.inf
        self._holder.renew_if_due()
        return self._holder.renew_due - self._provider.clock.now()

    def _coordinator(self, plan: Plan, listen: Listener) -> Coordinator:
        assert self._holder is not None
        caller, loop = self._caller, self._loop()
        complete = host_completer(plan, self.attempt, self._began, self.own_trust)
        made = Coordinator(plan, caller, loop, self._journal, self.attempt, complete, listen, self._world)
        self._world = made.world
        return made

    def _loop(self) -> Loop:
        assert self._holder is not None
        seed = self._options.seed
        workers: Workers = Threads(self._options.workers) if seed is None else Inline()
        chance = None if seed is None else random.Random(seed)
        return Loop(self._provider.clock, workers, self._holder, chance)


def _message(outcome: Outcome) -> str:
    if outcome.drift:
        found = f"a new read still finds {len(outcome.drift)} differences"
        return f"every step was done in {outcome.scope}, but {found}"
    if outcome.unverified:
        silent = f"{', '.join(sorted(outcome.unverified))} did not answer the read that verifies it"
        return f"every step was done in {outcome.scope}, but {silent}"
    failed = sum(step.fate == "failed" for step in outcome.steps)
    blocked = sum(step.fate == "blocked" for step in outcome.steps)
    waited = f", and {blocked} waited for them" if blocked else ""
    return f"{failed} of {len(outcome.steps)} steps failed in {outcome.scope}{waited}"
