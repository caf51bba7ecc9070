"""After an apply: a fresh look, and whether anything is still different from what was planned."""

from attrs import evolve

from portinfra.model.plan import Change, Plan
from portinfra.observation import Reader
from portinfra.planning.compose import compose


def verify(plan: Plan, reader: Reader, *, trusted_from: float) -> tuple[Change, ...]:
    """What a fresh look still finds to do; nothing when the plan was carried out whole.

    `trusted_from` is the moment (seconds, by the provider's clock) from which lists show the last change.
    """
    reader.provider.clock.sleep_until(trusted_from)
    options = evolve(plan.options, replace=frozenset())
    again = compose(
        plan.placed,
        plan.catalogue,
        reader.observe(plan.scope),
        reader.provider.drivers,
        options,
        destroy=plan.destroys,
    )
    return tuple(change for change in again.changes if change.action != "keep")
