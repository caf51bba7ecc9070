"""The most forgetful way to a topology: every call is the first call of a new run."""

from contextlib import suppress

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
from portinfra.value import frozen

POLL_SECONDS = 2.0
STEPS_MAX = 2_000
"""The most calls of a walk. A longer one does not arrive."""


@frozen
class Walk:
    """A walk by the drivers alone. Each call is made by a run that knows nothing of the calls before."""

    stage: Stage
    twice: bool = False
    """Whether to make each `safe` call a second time: it says that a repetition changes nothing."""
    doubled: bool = False
    """Whether to create each missing resource twice, as two runs do that cannot see each other.

    Kinds that may hold data are left out: core reports their duplicates and never removes them.
    """

    def to(self, topology: Topology, *, destroy: bool = False) -> list[Call]:
        """Make plan after plan, and of each only its first call, until a plan is empty. Return the calls."""
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
                assert len(made) <= STEPS_MAX // 2, f"the walk repeats its calls: {made[-4:]}"
        raise AssertionError(f"the plan still has changes after {STEPS_MAX} calls: {plan.changes}")

    def _next(self, plan: Plan, provider: Provider) -> tuple[Step, Call | None]:
        """Return the first call that any step may make now; None if all wait."""
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
    """Return the driver's answer about a step of a plan, by the observation of the plan."""
    question = question_of(plan, step, provider)
    return question.answer() if question else DONE


def question_of(plan: Plan, step: Step, provider: Provider) -> Question | None:
    """Return the question about a step of a plan; None if its resource is neither wanted nor observed."""
    refs = Refs(plan.scope, new_attempt(provider.clock), dict(plan.observation.resources))
    if plan.target(step) is None and step.address not in refs.seen:
        return None
    return ask_about(plan, step, dict(provider.drivers), refs)


def _last_call(answer: NextCall) -> Call:
    assert isinstance(answer, Call)
    return answer
