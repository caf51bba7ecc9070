"""Every call that a plan will make, found by asking the drivers and believing each promise.

The same drivers with the same arguments as in the apply, so the calls are the same too.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.finding import Finding
from portinfra.model.observed import Observed
from portinfra.model.plan import Step, target
from portinfra.model.resources import Spec
from portinfra.planning.changes import Desired, adopt
from portinfra.planning.world import World
from portinfra.provider.interface import DONE, Call, Driver, NextCall, Refs, Refuse, Wait

CALLS_MAX = 100
"""A step that needs more calls than this does not converge."""


def dry_run(
    steps: Iterable[Step], desired: Desired, scope: Scope, tightened: Mapping[Address, Spec]
) -> tuple[list[Call], list[Finding]]:
    """The calls of all steps, in order; and a finding for each that a driver refuses."""
    world = World(desired.seen)
    refs = Refs(scope, "", world, world.removals)
    calls: list[Call] = []
    findings: list[Finding] = []
    for step in steps:
        want = target(step, desired.wanted, tightened)
        if want is not None and any(reference not in world for reference in want.references()):
            continue  # what it stands on was refused, which is said already
        for taken in _walk(desired.driver(step.address), step.address, want, world, refs):
            if isinstance(taken, Refuse):
                findings.append(Finding("plan/refused", taken.reason, taken.fix, subject=step.address))
            else:
                calls.append(taken)
    return calls, findings


def _walk(
    driver: Driver[Any], address: Address, want: Any, world: World, refs: Refs
) -> Iterator[Call | Refuse]:
    for _ in range(CALLS_MAX):
        step = dry_step(driver, address, want, world, refs)
        if step is DONE:
            return
        if isinstance(step, Wait):
            continue
        assert isinstance(step, Call | Refuse)
        yield step
        if isinstance(step, Refuse):
            return
    raise RuntimeError(
        f"{type(driver).__name__} does not converge on {address}: {CALLS_MAX} calls, last {step}"
    )


def dry_step(driver: Driver[Any], address: Address, want: Any, world: World, refs: Refs) -> NextCall:
    """Ask for the next call and record in `world` what it promises. Perform nothing."""
    seen = world.get(address)
    step = ask(driver, want, seen, refs)
    if step is DONE and want is None:
        world.record(address, None)
    if isinstance(step, Wait):
        world.record(address, _settled(seen))
    if isinstance(step, Call):
        world.record(address, driver.absorb(seen, step, None))
    return step


def ask(driver: Driver[Any], want: Any, seen: Observed[Any] | None, refs: Refs) -> NextCall:
    """The driver's next call. What its provider cannot show is never a difference."""
    if want is not None and seen is not None and driver.cannot_show:
        want = adopt(want, seen.spec, driver.cannot_show)
    return driver.next_call(want, seen, refs)


def _settled(seen: Observed[Any] | None) -> Observed[Any] | None:
    """What waiting is expected to end in."""
    return None if seen is None or seen.state == "deleting" else evolve(seen, state="ready")
