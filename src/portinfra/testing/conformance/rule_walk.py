"""Walks from the firewall rules of one topology to those of another, and the traffic after each call.

No call is made. The walk calls the drivers, and takes the promise of each call (`Call.after`) as its result.
Hosts, subnets and addresses of both topologies exist all the time, so that only firewall rules decide.
"""

from collections.abc import Iterable, Iterator, Mapping
from random import Random

from attrs import field

from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.observed import Observation
from portinfra.model.plan import Plan, PlanOptions
from portinfra.model.resources import FirewallRules, Spec
from portinfra.model.topology import Topology
from portinfra.placement import place
from portinfra.planning.changes import Drivers
from portinfra.planning.dry_run import dry_step
from portinfra.planning.make_plan import make_plan
from portinfra.planning.world import World
from portinfra.provider.interface import DONE, Call, Refs, Refuse
from portinfra.reach.links import links
from portinfra.reach.parties import Party, read_parties
from portinfra.reach.traffic import NOTHING, Traffic
from portinfra.value import define, frozen

Resources = Mapping[Address, Spec]
Moment = tuple[Call | None, Observation]
"""A call, and what exists after it. At the end of a walk the call is None."""
Pairs = Mapping[tuple[Party, Party], Traffic]
"""Source and target → the traffic that passes from one to the other."""


@define
class RuleWalk:
    """The moments of a walk from one topology to another."""

    planned: int
    """The number of calls in the plan."""
    calls: list[Call] = field(factory=list)
    pairs: int = 0
    """The number of compared pairs: those with any traffic before or after."""
    violations: list[str] = field(factory=list)


@frozen
class RuleWalker:
    """A walker with the drivers of one provider."""

    environment: Environment
    catalogue: Catalogue
    drivers: Drivers

    def walk(self, before: Topology, after: Topology, seed: int = 0, *, forget: bool = False) -> RuleWalk:
        """Walk in an order that the seed chooses among those that the plan allows.

        forget: make a new plan after each call, as after a crash.
        """
        built = self._plan(before, Observation())
        *_, (_, start) = self._steps(built, seed)
        plan = self._plan(after, start)
        moments = [*(self._forgetful(after, start, seed) if forget else self._steps(plan, seed))]
        left = self._plan(after, moments[-1][1])
        assert not left.budget.calls, f"the walk does not arrive: {left.changes}"
        fixed = {**plan.placed.resources, **built.placed.resources}
        passing = _passing(fixed, [start, *(there for _, there in moments)])
        result = RuleWalk(plan.budget.calls, [call for call, _ in moments if call])
        _compare(passing, result)
        return result

    def _plan(self, topology: Topology, there: Observation) -> Plan:
        options = PlanOptions(allow_data_loss=frozenset({"all"}))
        plan = make_plan(place(topology, self.environment), self.catalogue, there, self.drivers, options)
        assert not plan.errors, "\n".join(map(str, plan.errors))
        return plan

    def _forgetful(self, topology: Topology, there: Observation, seed: int) -> Iterator[Moment]:
        while (plan := self._plan(topology, there)).budget.calls:
            call, there = next(self._steps(plan, seed))
            yield call, there
            seed += 1
        yield None, there

    def _steps(self, plan: Plan, seed: int) -> Iterator[Moment]:
        """Yield what exists after each call, and at the end. Steps that can run at once are interleaved."""
        chance, world = Random(seed), World(plan.observation.resources)
        refs = Refs(plan.scope, "", world, world.removals, plan.catalogue.rules_max)
        left = {step: set(before) for step, before in plan.steps.items()}
        while left:
            step = chance.choice([step for step, before in left.items() if not before])
            want = plan.target(step)
            spec = want or plan.observation.resources[step.address].spec
            answer = dry_step(self.drivers[type(spec)], step.address, want, world, refs)
            assert not isinstance(answer, Refuse), f"{step}: {answer}"
            if isinstance(answer, Call):
                yield answer, Observation(world.snapshot())
            if answer is DONE:
                del left[step]
                for before in left.values():
                    before.discard(step)
        yield None, Observation(world.snapshot())


def _passing(fixed: Resources, moments: Iterable[Observation]) -> list[Pairs]:
    """Return the traffic at each moment. All moments have the same CIDRs, so that their parties are equal."""
    hosts = {address: spec for address, spec in fixed.items() if not isinstance(spec, FirewallRules)}
    rules = [
        {a: seen.spec for a, seen in there.resources.items() if isinstance(seen.spec, FirewallRules)}
        for there in moments
    ]
    named = (rule for there in rules for spec in there.values() for rule in spec.ingress + spec.egress)
    cidrs = {rule.peer for rule in named if "/" in rule.peer}
    return [_pairs({**hosts, **there}, cidrs) for there in rules]


def _pairs(resources: Resources, cidrs: set[str]) -> Pairs:
    rule_sets = read_parties(resources, cidrs)
    return {
        (rule_sets.parties[source], rule_sets.parties[target]): traffic
        for source, targets in links(rule_sets).items()
        for target, traffic in targets.items()
    }


def _compare(passing: list[Pairs], result: RuleWalk) -> None:
    """Compare each moment with the first and the last, pair by pair."""
    old, *later = passing
    new = later[-1]
    result.pairs = len({*old, *new})
    for call, now in zip(result.calls, later, strict=False):
        for pair in {*old, *new, *now}:
            was, will, passes = (pairs.get(pair, NOTHING) for pairs in (old, new, now))
            for fault, traffic in (("closes", (was & will) - passes), ("opens", passes - (was | will))):
                if traffic:
                    source, target = (party.label for party in pair)
                    result.violations.append(f"{call.action} {fault} {traffic} from {source} to {target}")
