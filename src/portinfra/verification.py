"""Verification after an apply: a fresh read, and what still differs from the plan."""

from collections.abc import Set

from attrs import evolve

from portinfra.model.change import Change
from portinfra.model.observed import Observation
from portinfra.model.plan import Plan
from portinfra.model.resources import Spec
from portinfra.observation import Reader
from portinfra.planning.make_plan import make_plan
from portinfra.value import frozen


@frozen
class Verified:
    """The result of a fresh read."""

    drift: tuple[Change, ...]
    """What is still to be done; empty when the whole plan was carried out."""
    unseen: frozenset[str]
    """The zones that did not answer, without those that the plan leaves out."""
    empty: bool
    """Whether no resource of the scope exists any more."""
    observation: Observation

    @property
    def clean(self) -> bool:
        """Whether the read finds nothing that is still to be done, and every zone answered."""
        return not self.drift and not self.unseen


def verify(plan: Plan, reader: Reader) -> Verified:
    """Read again, once lists show the last change, and return what still differs."""
    options = evolve(plan.options, replace=frozenset())
    observation = reader.observe(plan.scope, options.without_zones, _kinds_to_read(plan))
    again = make_plan(
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


def _kinds_to_read(plan: Plan) -> Set[type[Spec]] | None:
    """Return the kinds of which resources existed or were wanted; None: all.

    Under its lease, only the run itself creates resources. Lists of other kinds are as empty as before it.
    """
    there = plan.observation
    if there.unknown or there.unexplained:
        return None
    return {type(seen.spec) for seen in there.resources.values()} | set(map(type, plan.wanted.values()))
