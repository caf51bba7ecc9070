"""The questions of core to the drivers during a plan: one for each call, each wait and each end of a step."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve, fields

from portinfra.graph import order
from portinfra.model.change import Step
from portinfra.model.observed import Observed
from portinfra.model.plan import Plan
from portinfra.model.resources import Spec
from portinfra.planning.changes import Drivers
from portinfra.planning.dry_run import CALLS_MAX, ask, dry_step
from portinfra.planning.world import World
from portinfra.provider.interface import DONE, Call, Driver, NextCall, Refs, Refuse
from portinfra.value import frozen


@frozen
class Question:
    """The arguments of one `next_call`."""

    step: Step
    driver: Driver[Any]
    want: Spec | None
    seen: Observed[Any] | None
    refs: Refs

    def answer(self) -> NextCall:
        """Call the driver with the arguments."""
        return ask(self.driver, self.want, self.seen, self.refs)

    def reorder(self) -> "Question":
        """Return an equal question, whose mappings have the opposite order."""
        seen = {address: _reorder_seen(each) for address, each in reversed([*self.refs.seen.items()])}
        return evolve(
            self,
            want=None if self.want is None else _reorder(self.want),
            seen=None if self.seen is None else _reorder_seen(self.seen),
            refs=evolve(self.refs, seen=seen),
        )

    def describe(self, answer: NextCall) -> str:
        """Return the text of an answer in a failure: the driver, the step and the whole call."""
        shown = f"{answer.action} {dict(answer.parameters)}" if isinstance(answer, Call) else f"{answer}"
        return f"{type(self.driver).__name__}.next_call for {self.step.address}: {shown}"


def questions(plan: Plan, drivers: Drivers) -> Iterator[Question]:
    """Yield each question of a plan, in an order that the plan allows. The promise of each call counts as
    done.
    """
    world = World(plan.observation.resources)
    refs = Refs(plan.scope, "attempt-1", world, world.removals)
    for step in order(plan.steps):
        for _ in range(CALLS_MAX):
            snapshot = world.snapshot()
            current = evolve(refs, seen=snapshot, removals=dict(world.removals))
            question = ask_about(plan, step, drivers, current)
            yield question
            answer = dry_step(question.driver, step.address, question.want, world, refs)
            if answer is DONE or isinstance(answer, Refuse):
                break


def ask_about(plan: Plan, step: Step, drivers: Drivers, refs: Refs) -> Question:
    """Return the question about a step, whose resource is wanted or was observed when the plan was made."""
    want, seen = plan.target(step), refs.seen.get(step.address)
    spec = want or (seen.spec if seen else plan.observation.resources[step.address].spec)
    return Question(step, drivers[type(spec)], want, seen, refs)


def _reorder_seen(seen: Observed[Any]) -> Observed[Any]:
    extras = tuple(_reverse(extra) for extra in seen.extras)
    return evolve(seen, spec=_reorder(seen.spec), parts=_reverse(seen.parts), extras=extras)


def _reorder(spec: Spec) -> Spec:
    changed: dict[str, Any] = {
        each.name: _reverse(value)
        for each in fields(type(spec))
        if isinstance(value := getattr(spec, each.name), Mapping)
    }
    return evolve(spec, **changed) if changed else spec


def _reverse(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return dict(reversed([*mapping.items()]))
