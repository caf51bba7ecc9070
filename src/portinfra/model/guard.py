"""A condition on plans that lies outside of their own environment."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from portinfra.model.address import Scope
from portinfra.model.finding import Finding

if TYPE_CHECKING:
    from portinfra.model.plan import Plan


class Guard(Protocol):
    """One condition on every plan of a scope: for example, that no other environment is active.

    `plan`, `destroy` and `connect` check it, and `apply` checks it again under its claim.
    """

    def peer_of(self, scope: Scope) -> str:
        """Return the name of the other environment that the guard reads for a scope; empty: none.

        The scope's claim records the name. From then on, a plan without this guard is refused.
        """

    def findings(self, plan: "Plan") -> Iterable[Finding]:
        """Return what the guard finds about a plan. An error among the findings forbids to apply the plan.

        The guard may read other environments. If one does not answer, that is a finding; nothing is raised.
        """
