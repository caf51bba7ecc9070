"""Every call that a plan will make. The dry run assumes that each call does what it promises.

It calls the same drivers with the same arguments as the apply, so the calls are the same too.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.change import Step
from portinfra.model.finding import Finding
from portinfra.model.observed import Observed
from portinfra.model.placed import Placed
from portinfra.model.plan import PlannedCall, target
from portinfra.model.resources import Instance, Spec
from portinfra.planning.changes import Desired, adopt
from portinfra.planning.world import World
from portinfra.provider.batches import batch_key
from portinfra.provider.interface import DONE, Call, Driver, NextCall, Refs, Refuse, Wait
from portinfra.provider.own_code import call_method

CALLS_MAX = 100
"""A step that needs more calls than this does not converge."""


def dry_run(
    steps: Iterable[Step],
    desired: Desired,
    placed: Placed,
    catalogue: Catalogue,
    tightened: Mapping[Address, Spec],
) -> tuple[dict[Step, list[Call]], list[Finding]]:
    """Return the calls of each step, in order, and a finding for each step that a driver refuses."""
    world = World(desired.existing)
    refs = Refs(placed.scope, "", world, world.removals, catalogue.rules_max)
    calls: dict[Step, list[Call]] = {}
    findings: list[Finding] = []
    for step in steps:
        if step.phase == "ready":
            continue
        want = target(step, desired.wanted, tightened)
        if want is not None and any(reference not in world for reference in want.references()):
            continue  # a step that it needs was refused, which has a finding already
        driver, seen = desired.driver(step.address), world.get(step.address)
        for taken, after in _walk(driver, want, seen, refs):
            if isinstance(taken, Refuse):
                findings.append(_refusal(taken, step.address, placed))
            elif isinstance(taken, Call):
                calls.setdefault(step, []).append(taken)
            world.record(step.address, after)
    return calls, findings


def planned_calls(calls: Mapping[Step, Iterable[Call]]) -> dict[Step, tuple[PlannedCall, ...]]:
    """Return what a plan keeps of the calls of each step. Equal ones are one value, for many steps."""
    kept: dict[tuple[PlannedCall, ...], tuple[PlannedCall, ...]] = {}
    found = {}
    for step, made in calls.items():
        planned = tuple(PlannedCall(call.action, call.rates, call.batch, batch_key(call)) for call in made)
        found[step] = kept.setdefault(planned, planned)
    return found


def _refusal(refused: Refuse, address: Address, placed: Placed) -> Finding:
    line = placed.location(address) if address in placed.roles else None
    return Finding("plan/refused", refused.reason, refused.fix, subject=address, location=line)


def calls_left(driver: Driver[Any], want: Spec | None, seen: Observed[Spec] | None, refs: Refs) -> int:
    """Return the number of calls between the existing and the wanted resource, if each does what it promises.

    It is CALLS_MAX where the driver refuses or does not converge.
    """
    calls = 0
    try:
        for taken, _ in _walk(driver, want, seen, refs):
            if isinstance(taken, Refuse):
                return CALLS_MAX
            calls += isinstance(taken, Call)
    except Exception:  # the code that reads the next call gets the same error, and reports it
        return CALLS_MAX
    return calls


def _walk(
    driver: Driver[Any], want: Spec | None, seen: Observed[Spec] | None, refs: Refs
) -> Iterator[tuple[NextCall, Observed[Spec] | None]]:
    """Yield each answer of a driver until its last, and the resource after it."""
    for _ in range(CALLS_MAX):
        is_absent = seen is None
        step, seen = _step(driver, want, seen, refs)
        yield step, seen
        if step is DONE or isinstance(step, Refuse):
            return
        if is_absent and isinstance(step, Wait):  # a creation waits for others
            refs = evolve(refs, seen={address: _ready(each) for address, each in refs.seen.items()})
    raise RuntimeError(f"{type(driver).__name__} does not converge: {CALLS_MAX} calls, last {step}")


def dry_step(driver: Driver[Any], address: Address, want: Spec | None, world: World, refs: Refs) -> NextCall:
    """Return the driver's next call, and record in `world` what it promises. Perform nothing."""
    step, after = _step(driver, want, world.get(address), refs)
    world.record(address, after)
    return step


def _step(
    driver: Driver[Any], want: Spec | None, seen: Observed[Spec] | None, refs: Refs
) -> tuple[NextCall, Observed[Spec] | None]:
    """Return the driver's next answer, and the resource after it."""
    step = ask(driver, want, seen, refs)
    if isinstance(step, Wait):
        return step, _settle(seen)
    if isinstance(step, Call):
        return step, call_method(driver.absorb, seen, step, None)
    return step, None if step is DONE and want is None else seen


def ask(driver: Driver[Any], want: Spec | None, seen: Observed[Spec] | None, refs: Refs) -> NextCall:
    """Return the driver's next call. What its provider cannot show is never a difference. A host keeps the
    text of its creation.
    """
    if isinstance(want, Instance) and seen is not None and isinstance(seen.spec, Instance):
        want = evolve(want, birth=seen.spec.birth)
    if want is not None and seen is not None and driver.cannot_show:
        want = adopt(want, seen.spec, driver.cannot_show)
    return call_method(driver.next_call, want, seen, refs)


def _settle(seen: Observed[Spec] | None) -> Observed[Spec] | None:
    """Return the resource that a wait is expected to end in."""
    return None if seen is None or seen.state == "deleting" else evolve(seen, state="ready")


def _ready(seen: Observed[Spec]) -> Observed[Spec]:
    return evolve(seen, state="ready") if seen.state == "pending" else seen
