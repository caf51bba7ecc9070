"""A plan: what would change, in what order, and at what cost in calls and time. It is a value, and nothing is
done yet.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from attrs import field

from portinfra.model import convert
from portinfra.model.address import Address, Scope
from portinfra.model.batch import Batch
from portinfra.model.catalogue import Catalogue
from portinfra.model.change import Change, Step
from portinfra.model.finding import Finding, Severity
from portinfra.model.lease import Lease
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.resources import Spec
from portinfra.model.strict import strict
from portinfra.value import frozen


@frozen(field_transformer=convert.refuse_text)
class Budget:
    """The cost of an apply: API calls, and the least time that the provider's published rates allow."""

    calls: int = 0
    floor_seconds: float = 0.0
    rates: Mapping[str, int] = field(factory=dict)
    """Calls by rate class."""


class PlannedCall(NamedTuple):
    """What a plan knows of one call."""

    action: str
    """The provider's own name of the action."""
    rates: tuple[str, ...]
    """The rate classes of which it takes one token each."""
    batch: Batch | None = None
    """How it can be joined with calls that have the same `batch_key`."""
    batch_key: str = ""


@frozen(field_transformer=strict)
class PlanOptions:
    """What the user allows or wants beyond the declaration. One name needs no set: `only="web"`."""

    allow_data_loss: frozenset[str] = field(default=frozenset(), converter=convert.names)
    """Addresses of volumes that the plan may delete or replace. `all` means every volume."""
    only: frozenset[str] = field(default=frozenset(), converter=convert.names)
    """The roles to change, with what they need. Empty: all roles."""
    addresses: frozenset[Address] | None = field(default=None, converter=convert.addresses_or_none)
    """The single resources to change, with what they need. None: all resources."""
    unprotected: frozenset[Address] = field(default=frozenset(), converter=convert.addresses)
    """What the plan may delete or replace though it is protected: volumes for which a recovery restores other
    data.
    """
    replace: frozenset[Address] = field(default=frozenset(), converter=convert.addresses)
    """Resources to replace though nothing differs."""
    refresh_images: bool = False
    """Whether to replace hosts whose image has a newer version."""
    without_zones: frozenset[str] = field(default=frozenset(), converter=convert.names)
    """Zones to leave alone, as if they did not answer."""
    ask_ready: bool = True
    """Whether an apply waits until hosts are ready. A recovery does so itself, once they have their data."""
    not_ready: frozenset[Address] = field(default=frozenset(), converter=convert.addresses)
    """Hosts that run and are not ready. A rolling change begins with them."""


class Guard(Protocol):
    """One condition on every plan of a scope: for example, that no other environment is active.

    `plan`, `destroy` and `connect` check it, and `apply` checks it again under its lease.
    """

    def peer_of(self, scope: Scope) -> str:
        """Return the name of the other environment that the guard reads for a scope; empty: none.

        The scope's lease records the name. From then on, a plan without this guard is refused.
        """

    def findings(self, plan: "Plan") -> Iterable[Finding]:
        """Return what the guard finds about a plan. An error among the findings forbids to apply the plan.

        The guard may read other environments. If one does not answer, that is a finding. The guard raises
        nothing.
        """


@frozen(field_transformer=convert.refuse_text)
class PlanRead:
    """The read that this process made a plan from. Plans from files have none."""

    began: float
    """When it began, in seconds by the provider's clock."""
    leases: tuple[Lease, ...] = ()
    """The leases of the scope, the newest last, as they were before it."""


@frozen(field_transformer=convert.refuse_text)
class Plan:
    """The changes that bring a scope from what is observed to what is declared."""

    scope: Scope
    placed: Placed
    catalogue: Catalogue
    observation: Observation
    wanted: Mapping[Address, Spec]
    """The wanted resources, with the provider's own names. Empty for a destroy."""
    tightened: Mapping[Address, Spec] = field(factory=dict)
    """The rules that each `tighten` step leaves."""
    destroys: bool = False
    epoch: int = 0
    """The epoch of the environment's lease when the plan was made. Each takeover raises it."""
    fenced: bool = False
    """Whether another environment was active then. If so, the plan wants no host running."""
    standby: bool = False
    """Whether the hosts of a fenced environment run as a standby, which the internet cannot reach."""
    changes: tuple[Change, ...] = ()
    """All changes, with deletions and dangerous changes first."""
    steps: Mapping[Step, frozenset[Step]] = field(factory=dict)
    """Every step, with the steps that must be done before it."""
    calls: Mapping[Step, tuple[PlannedCall, ...]] = field(factory=dict)
    """The calls of each step that makes any, in order."""
    budget: Budget = field(factory=Budget)
    options: PlanOptions = field(factory=PlanOptions)
    findings: tuple[Finding, ...] = ()
    """The findings. `apply` accepts no plan that has an error among them."""
    guards: tuple[Guard, ...] | None = None
    """What `apply` checks again. None: the caller passed none. Empty: the caller skips them on purpose."""
    follows_unfinished_run: bool = False
    """Whether the last run was killed, was interrupted or failed. It may have deleted some of what the
    options allow.
    """
    peer: str = ""
    """The peer environment in the lease of the scope when the plan was made."""
    read: PlanRead | None = field(default=None, eq=False, repr=False)
    """What the plan was made from. An `apply` right after it does not read again; None: it does."""

    def target(self, step: Step) -> Spec | None:
        """Return the wanted resource of a step; None: the step deletes the resource."""
        return target(step, self.wanted, self.tightened)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    @property
    def differs(self) -> bool:
        """Whether an apply would change anything. Resources that are kept for their data do not count."""
        return any(change.action != "keep" for change in self.changes)

    @property
    def kept(self) -> tuple[Change, ...]:
        """Resources that the declaration deletes or replaces, and that stay for the data that they hold."""
        return tuple(change for change in self.changes if change.action == "keep")

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The errors for which `apply` refuses the plan."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    def summary(self) -> dict[str, int]:
        """Return how many changes there are of each action. `keep` is included only where there are any."""
        counts = dict.fromkeys(("create", "update", "replace", "delete"), 0)
        for change in self.changes:
            counts[change.action] = counts.get(change.action, 0) + 1
        return counts


def target(step: Step, wanted: Mapping[Address, Spec], tightened: Mapping[Address, Spec]) -> Spec | None:
    """Return the wanted resource of a step; None: the step deletes the resource."""
    if step.phase == "remove":
        return None
    return tightened[step.address] if step.phase == "tighten" else wanted[step.address]
