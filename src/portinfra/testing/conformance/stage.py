"""What the suite's tests do on a bed: bring a topology there, look, remove it, and read the world's books."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

from attrs import field, frozen

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

LOSE_DATA = PlanOptions(allow_data_loss=frozenset({"all"}))


@frozen
class Stage:
    """A bed, as the tests use it. Calls are made one at a time, in an order that a seed decides."""

    bed: Bed
    environment: Environment = field()
    """Where it builds; the bed's own place unless said otherwise."""

    @environment.default
    def _place(self) -> Environment:
        return self.bed.environment

    @contextmanager
    def calls(self, hand: Hand = pass_through, *, lag_seconds: float = 0.0) -> Iterator["Record"]:
        """While it lasts, calls pass through a hand, by the bed's time. Yields what was called."""
        record = Record(hand)
        provider, clock = self.environment.provider, self.bed.clock
        with wrap_calls(provider, record.perform, lag_seconds=lag_seconds, clock=clock):
            yield record

    @contextmanager
    def provider(self, environment: Environment | None = None) -> Iterator[Provider]:
        """The live provider."""
        with self.calls(), closing(registry.connect(environment or self.environment)) as provider:
            yield provider

    def plan(self, topology: Topology, options: PlanOptions = LOSE_DATA) -> Plan:
        """What would change."""
        with self.calls():
            return workflow.plan(topology, self.environment, options)

    def bring(self, topology: Topology, hand: Hand = pass_through) -> Outcome:
        """Make it so, whatever data that costs."""
        return self._run(topology, hand, workflow.plan)

    def remove(self, topology: Topology, hand: Hand = pass_through) -> Outcome:
        """Leave nothing, whatever data that costs."""
        return self._run(topology, hand, workflow.destroy)

    def observe(self, topology: Topology) -> Observation:
        """All that is there of it."""
        with self.calls():
            return workflow.observe(topology, self.environment)

    def look(self, provider: Provider, scope: Scope) -> Observation:
        """What the provider's lists tell now."""
        return Reader(provider, Caller(provider).with_retries).observe(scope)

    def books(self) -> Sequence[str]:
        """Everything that exists but claims."""
        return [line for line in self.bed.books() if not line.startswith("claim")]

    def _run(self, topology: Topology, hand: Hand, make: Callable[..., Plan]) -> Outcome:
        """Plan and apply. Where even the list of claims lags, a first plan may not know of a run that just
        died; the apply finds out, refuses, and the next plan knows.
        """
        with self.calls(hand):
            try:
                return workflow.apply(make(topology, self.environment, LOSE_DATA), seed=0)
            except StalePlanError:
                return workflow.apply(make(topology, self.environment, LOSE_DATA), seed=0)


@frozen
class Record:
    """Every call that was made."""

    hand: Hand
    made: list[Call] = field(factory=list)
    answered: list[Call] = field(factory=list)
    """Those that brought an answer: a bed of real machines may be too busy for one, which is made again."""

    def perform(self, provider: Provider, call: Call) -> Answer:
        """Write a call down, and hand it on."""
        self.made.append(call)
        answer = self.hand(provider, call)
        self.answered.append(call)
        return answer

    @property
    def writes(self) -> list[Call]:
        """Those that change a resource; the claim's own left aside."""
        return _writes(self.made)

    @property
    def done(self) -> list[Call]:
        """Those of the writes that were answered."""
        return _writes(self.answered)


def _writes(calls: list[Call]) -> list[Call]:
    return [call for call in calls if call.address and not call.address.startswith("claim.")]
