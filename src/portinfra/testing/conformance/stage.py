"""The operations of the suite's tests on a bed: apply a topology, read it, remove it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

from attrs import field

from portinfra import workflow
from portinfra.errors import StalePlanError
from portinfra.execution.caller import Caller
from portinfra.model.address import Scope
from portinfra.model.environment import Environment
from portinfra.model.observed import Observation
from portinfra.model.outcome import Outcome
from portinfra.model.plan import Plan, PlanOptions
from portinfra.model.topology import Topology
from portinfra.observation import Reader
from portinfra.provider import registry
from portinfra.provider.interface import Answer, Call, Provider
from portinfra.testing.call_wrapper import Hand, pass_through, wrap_calls
from portinfra.testing.conformance.bed import Bed
from portinfra.value import frozen

LOSE_DATA = PlanOptions(allow_data_loss=frozenset({"all"}))


@frozen
class Stage:
    """A bed for tests. It makes calls one at a time, in an order that a seed decides."""

    bed: Bed
    environment: Environment = field()
    """The environment of the tests; by default that of the bed."""

    @environment.default
    def _place(self) -> Environment:
        return self.bed.environment

    @contextmanager
    def calls(self, hand: Hand = pass_through, *, lag_seconds: float = 0.0) -> Iterator["Record"]:
        """Pass calls through a hand by the bed's time, inside the `with` block. Yield the record of the
        calls.
        """
        record = Record(hand)
        provider, clock = self.environment.provider, self.bed.clock
        with wrap_calls(provider, record.perform, lag_seconds=lag_seconds, clock=clock):
            yield record

    @contextmanager
    def provider(self, environment: Environment | None = None) -> Iterator[Provider]:
        """Return the connected provider."""
        with self.calls(), closing(registry.connect(environment or self.environment)) as provider:
            yield provider

    def plan(self, topology: Topology, options: PlanOptions = LOSE_DATA) -> Plan:
        """Return a plan."""
        with self.calls():
            return workflow.plan(topology, self.environment, options)

    def bring(self, topology: Topology, hand: Hand = pass_through) -> Outcome:
        """Apply a topology, with permission to lose data."""
        return self._run(topology, hand, workflow.plan)

    def remove(self, topology: Topology, hand: Hand = pass_through) -> Outcome:
        """Destroy a topology, with permission to lose data."""
        return self._run(topology, hand, workflow.destroy)

    def observe(self, topology: Topology) -> Observation:
        """Return all existing resources of a topology."""
        with self.calls():
            return workflow.observe(topology, self.environment)

    def look(self, provider: Provider, scope: Scope) -> Observation:
        """Return the observation of the provider's lists as they are now."""
        return Reader(provider, Caller(provider).with_retries).observe(scope)

    def ground_truth(self) -> Sequence[str]:
        """Return everything that exists, without leases."""
        return [line for line in self.bed.ground_truth() if not line.startswith("claim")]

    def _run(self, topology: Topology, hand: Hand, make: Callable[..., Plan]) -> Outcome:
        """Plan and apply.

        Where even the list of leases is stale, a first plan may not know of a run that just died. The apply
        finds out and refuses, and the next plan knows.
        """
        with self.calls(hand):
            try:
                return workflow.apply(make(topology, self.environment, LOSE_DATA), seed=0)
            except StalePlanError:
                return workflow.apply(make(topology, self.environment, LOSE_DATA), seed=0)


@frozen
class Record:
    """The record of every call."""

    hand: Hand
    made: list[Call] = field(factory=list)
    answered: list[Call] = field(factory=list)
    """The calls that brought an answer. A bed of real machines may be too busy for an answer; core then makes
    the call again.
    """

    def perform(self, provider: Provider, call: Call) -> Answer:
        """Record a call, and pass it on."""
        self.made.append(call)
        answer = self.hand(provider, call)
        self.answered.append(call)
        return answer

    @property
    def writes(self) -> list[Call]:
        """The calls that change a resource, without those of the lease."""
        return _writes(self.made)

    @property
    def done(self) -> list[Call]:
        """The writes that brought an answer."""
        return _writes(self.answered)


def _writes(calls: list[Call]) -> list[Call]:
    return [call for call in calls if call.address and not call.address.startswith("claim.")]
