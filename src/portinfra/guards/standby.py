"""Standbys: their hosts run while another environment is active, and the internet cannot reach them."""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from portinfra.guards.call import call_guard
from portinfra.model.lease import Lease
from portinfra.model.placed import Placed
from portinfra.model.plan import Guard, Plan


@runtime_checkable
class StandbyGuard(Guard, Protocol):
    """A guard that lets the hosts of an environment run as a standby."""

    def as_standby(self, placed: Placed, lease: Lease | None) -> Placed | None:
        """Return the resources that a standby has; None: the environment is no standby now. `lease` is its
        last one.
        """

    def begin_standby(self, plan: Plan) -> None:
        """Record that hosts of a standby may write to its volumes from now on."""


def standby_of(placed: Placed, lease: Lease | None, guards: Iterable[Guard]) -> Placed | None:
    """Return the resources that a standby has; None: no guard declares a standby."""
    standbys = (guard for guard in guards if isinstance(guard, StandbyGuard))
    made = (call_guard(guard, lambda one: one.as_standby(placed, lease)) for guard in standbys)
    return next((each for each in made if each is not None), None)


def begin_standby(plan: Plan) -> None:
    """Call the guards of a plan of a standby when the plan is carried out."""
    for guard in plan.guards or ():
        if plan.standby and isinstance(guard, StandbyGuard):
            call_guard(guard, lambda one: one.begin_standby(plan))
