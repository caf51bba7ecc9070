"""Definitions that an apply applies again, because no read shows whether they are in force."""

from collections.abc import Iterator, Set

from portinfra.errors import ProviderError
from portinfra.execution import retry
from portinfra.execution.caller import Caller
from portinfra.execution.loop import Loop
from portinfra.execution.reaction import repeatable
from portinfra.execution.workers import Completion
from portinfra.model.address import Address
from portinfra.model.observed import Observation
from portinfra.model.plan import Plan
from portinfra.provider.interface import Call, Provider, Refs
from portinfra.provider.own_code import call_method


def enforcing_calls(
    plan: Plan, there: Observation, provider: Provider, attempt: str, in_force: Set[Address]
) -> Iterator[Call]:
    """Yield the calls that apply unchanged definitions again, in the zones that the plan reads.

    `in_force` has the resources whose definitions the run has applied already.
    """
    refs = Refs(plan.scope, attempt, there.resources)
    left_alone = there.unknown | plan.options.without_zones
    for address, seen in there.resources.items():
        if address not in in_force:
            driver = provider.drivers[type(seen.spec)]
            yield from (
                call for call in call_method(driver.enforce, seen, refs) if call.place not in left_alone
            )


def enforce(calls: list[Call], caller: Caller, loop: Loop) -> int:
    """Make these calls, several at once. Return the number of their resources.

    Raises the first ProviderError that is left after all tries.
    """
    waiting, errors = set(range(len(calls))), list[Exception]()

    def send(number: int, tries: int) -> None:
        call = calls[number]
        loop.submit(lambda done: on_answer(number, tries, done), lambda: caller.once(call))

    def on_answer(number: int, tries: int, done: Completion) -> None:
        call, error = calls[number], done.error
        may_pass = isinstance(error, ProviderError) and repeatable(error, call)
        if may_pass and tries < retry.patience(call, error):
            loop.later(loop.clock.now() + retry.delay(tries), send, number, tries + 1)
            return
        if error is not None:
            errors.append(error)
        waiting.discard(number)

    for number in sorted(waiting):
        loop.later(loop.clock.now(), send, number, 1)
    loop.run(lambda: not waiting)
    if errors:
        raise errors[0]
    return len(set[Address | None](call.address for call in calls))
