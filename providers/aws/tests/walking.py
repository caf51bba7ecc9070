"""What tests of pure drivers share: a scope, references, and the way that a driver goes by itself."""

from collections.abc import Iterable
from typing import Any

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.provider.interface import DONE, Call, Driver, Names, Refs, Wait
from portinfra_aws import marks

SCOPE = Scope("payments", "production")
STEPS_MAX = 40


def refs(*seen: Observed[Any], attempt: str = "attempt-2") -> Refs:
    """What is there besides the resource in question."""
    return Refs(SCOPE, attempt, {each.address: each for each in seen})


def names(**ids: str) -> Names:
    """Whose ids these are: `names(vpc_1="network.main")`."""
    return Names(SCOPE, {id.replace("_", "-"): Address(address) for id, address in ids.items()})


def way(driver: Driver[Any], want: Any, seen: Observed[Any] | None, there: Refs) -> list[Call]:
    """The calls until nothing is left to do, each promise believed. What is waited for comes to be."""
    calls: list[Call] = []
    for _ in range(STEPS_MAX):
        answer = driver.next_call(want, seen, there)
        if answer is DONE:
            assert (seen and seen.spec) == want
            return calls
        if isinstance(answer, Wait):
            assert seen is not None
            seen = None if seen.state == "deleting" else evolve(seen, state="ready")
            continue
        assert isinstance(answer, Call), answer
        calls.append(answer)
        seen = driver.absorb(seen, answer, None)
    raise AssertionError(f"no end: {[call.action for call in calls]}")


def actions(calls: Iterable[Call]) -> list[str]:
    """Their names."""
    return [call.action for call in calls]


def tags(address: str, attempt: str = "attempt-1", name: str | None = None, **more: str) -> list[Any]:
    """The tags of a record that is ours, as EC2 lists them."""
    resource = Address(address)
    said = {
        "Name": SCOPE.native_name(resource.name) if name is None else name,
        "portinfra:v": "1",
        marks.SCOPE: str(SCOPE),
        "portinfra:address": address,
        "portinfra:attempt": attempt,
        **{f"portinfra:{key}": value for key, value in more.items()},
    }
    return [{"key": key, "value": value} for key, value in said.items()]


def answers(driver: Driver[Any], **lists: list[Any]) -> dict[Call, list[Any]]:
    """What the reads of a driver brought: `answers(driver, DescribeVpcs=[…])`; no list: nothing is there."""
    from portinfra_aws.drivers.reading import MEMBERS

    told = {}
    for call in driver.survey(SCOPE):
        records = lists.get(call.action, [])
        if call.action == "DescribeInstances":
            records = [{"instancesSet": records}]
        told[call] = [{MEMBERS[call.action]: records}]
    return told
