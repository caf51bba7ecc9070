"""After an apply: a fresh look, and whether anything is still different from what was planned."""

from attrs import evolve, frozen

from portinfra.model.change import Change
from portinfra.model.observed import Observation
from portinfra.model.plan import Plan
from portinfra.observation import Reader
from portinfra.planning.make_plan import compose


@frozen
class Verified:
    """What a fresh look found."""

    drift: tuple[Change, ...]
    """What is still to be done; nothing when the plan was carried out whole."""
    unseen: frozenset[str]
    """The zones that did not answer, but those that the plan leaves out."""
    empty: bool
    """Whether nothing of the scope is left anywhere."""
    observation: Observation


def verify(plan: Plan, reader: Reader) -> Verified:
    """Look again, once lists show the last change."""
    options = evolve(plan.options, replace=frozenset())
    observation = reader.observe(plan.scope, options.without_zones)
    again = compose(
        plan.placed,
        plan.catalogue,
        observation,
        reader.provider.drivers,
        options,
        destroy=plan.destroys,
    )
    return Verified(
        drift=tuple(change for change in again.changes if change.action != "keep"),
        unseen=observation.unknown - options.without_zones,
        empty=not observation.resources and not observation.unknown,
        observation=observation,
    )
