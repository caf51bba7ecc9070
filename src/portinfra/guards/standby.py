"""A standby: its hosts run while another environment is active, and the internet cannot reach them."""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from portinfra.guards.call import call_guard
from portinfra.model.lease import Lease
from portinfra.model.placed import Placed
from portinfra.model.plan import Guard, Plan


@runtime_checkable
class StandbyGuard(Guard, Protocol):
    """A guard that lets the hosts of an environment run while another one is active."""

    def as_standby(self, placed: Placed, lease: Lease | None) -> Placed | None:
        """Return what a standby has of the resources; None: the environment is none now. `lease` is its last
        one.
        """

    def begin_standby(self, plan: Plan) -> None:
        """Record that hosts of a standby may write on its volumes from now on."""


def standby_of(placed: Placed, lease: Lease | None, guards: Iterable[Guard]) -> Placed | None:
    """Return what a standby has of the resources; None: no guard declares one."""
    standbys = (guard for guard in guards if isinstance(guard, StandbyGuard))
    made = (call_guard(guard, lambda one: one.as_standby(placed, lease)) for guard in standbys)
    return next((each for each in made if each is not None), None)


def begin_standby(plan: Plan) -> None:
    """Tell the guards of a plan of a standby that it is carried out now."""
    for guard in plan.guards or ():
        if plan.standby and isinstance(guard, StandbyGuard):
            call_guard(guard, lambda one: one.begin_standby(plan))
