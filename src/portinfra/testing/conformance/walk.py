"""The slowest and most forgetful way to a world: after each call all is forgotten and looked for again."""

from contextlib import suppress

from attrs import frozen

from portinfra import workflow
from portinfra.errors import ProviderError
from portinfra.execution.caller import Caller
from portinfra.execution.run import new_attempt
from portinfra.graph import order
from portinfra.model.change import Step
from portinfra.model.plan import Plan
from portinfra.model.topology import Topology
from portinfra.provider.interface import DONE, Call, NextCall, Provider, Refs, Refuse
from portinfra.testing.conformance.questions import Question, ask_about
from portinfra.testing.conformance.stage import LOSE_DATA, Stage

POLL_SECONDS = 2.0
STEPS_MAX = 2_000
"""A walk that needs more than this does not arrive."""


@frozen
class Walk:
    """By the drivers alone, each call by a run of its own that knows nothing of those before."""

    stage: Stage
    twice: bool = False
    """Make each call that says that this changes nothing (`safe`) a second time."""
    doubled: bool = False
    """Make what is not there yet twice, as two runs do of which neither sees what the other has made; but for
    what may hold data, whose doubles core reports and never removes.
    """

    def to(self, topology: Topology, *, destroy: bool = False) -> list[Call]:
        """Make plan after plan, and of each only its first call, until a plan is empty. The calls."""
        make = workflow.destroy if destroy else workflow.plan
        made: list[Call] = []
        with self.stage.provider() as provider:
            for _ in range(STEPS_MAX):
                plan = make(topology, self.stage.environment, LOSE_DATA)
                assert not plan.errors, "\n".join(map(str, plan.errors))
                if plan.empty:
                    return made
                step, call = self._next(plan, provider)
                if call is None:
                    provider.clock.sleep_until(provider.clock.now() + POLL_SECONDS)
                    continue
                empty = step.address.kind not in ("instance", "volume", "snapshot")
                if self.doubled and empty and step.address not in plan.observation.resources:
                    with suppress(ProviderError):
                        Caller(provider).once(_last_call(next_call(plan, step, provider)))
                self._perform(call, provider)
                made.append(call)
                assert len(made) <= STEPS_MAX // 2, f"it goes round in circles: {made[-4:]}"
        raise AssertionError(f"after {STEPS_MAX} looks there is still something to do: {plan.changes}")

    def _next(self, plan: Plan, provider: Provider) -> tuple[Step, Call | None]:
        """The first call that any step may make now; None: all wait."""
        step = next(iter(plan.steps))
        done: set[Step] = set()
        for step in order(plan.steps):
            if plan.steps[step] - done:
                continue
            question = question_of(plan, step, provider)
            answer = question.answer() if question else DONE
            assert not isinstance(answer, Refuse), f"{step}: {answer}"
            if answer is DONE:
                done.add(step)
            if isinstance(answer, Call):
                assert question is not None
                again = question.reorder().answer()
                assert again == answer, f"{question.describe(answer)}\nand then {question.describe(again)}"
                return step, answer
        return step, None

    def _perform(self, call: Call, provider: Provider) -> None:
        if self.doubled:
            with suppress(ProviderError):
                Caller(provider).once(call)
        else:
            # A machine that is too busy refuses a call now and then, whatever the driver.
            Caller(provider).with_retries(call)
        if self.twice and call.safe:
            with suppress(ProviderError):
                Caller(provider).once(call)
        provider.clock.sleep_until(provider.clock.now() + provider.capabilities.visibility_seconds)


def next_call(plan: Plan, step: Step, provider: Provider) -> NextCall:
    """Return what the driver answers about a step of a plan, as the plan sees the world."""
    question = question_of(plan, step, provider)
    return question.answer() if question else DONE


def question_of(plan: Plan, step: Step, provider: Provider) -> Question | None:
    """Return the question about a step of a plan; None where its resource is neither wanted nor there."""
    refs = Refs(plan.scope, new_attempt(provider.clock), dict(plan.observation.resources))
    if plan.target(step) is None and step.address not in refs.seen:
        return None
    return ask_about(plan, step, dict(provider.drivers), refs)


def _last_call(answer: NextCall) -> Call:
    assert isinstance(answer, Call)
    return answer
