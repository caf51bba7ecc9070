"""What would change, in what order, at what cost in calls and time. A value: nothing is done yet."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from attrs import field, frozen

from portinfra.model import convert
from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.change import Change, Step
from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.resources import Spec
from portinfra.model.strict import strict


@frozen(field_transformer=convert.refuse_text)
class Budget:
    """What an apply costs: API calls, and the least time that the provider's published rates allow."""

    calls: int = 0
    floor_seconds: float = 0.0
    rates: Mapping[str, int] = field(factory=dict)
    """Calls by rate class."""


@frozen(field_transformer=strict)
class PlanOptions:
    """What the user allows or asks for beyond the declaration. One name needs no set: `only="web"`."""

    allow_data_loss: frozenset[str] = field(default=frozenset(), converter=convert.names)
    """Addresses of volumes that may be deleted or replaced; `all` among them for every one."""
    only: frozenset[str] = field(default=frozenset(), converter=convert.names)
    """Roles to change, with what they need; empty: everything."""
    addresses: frozenset[Address] | None = field(default=None, converter=convert.addresses_or_none)
    """Single resources to change, with what they need; None: everything."""
    unprotected: frozenset[Address] = field(default=frozenset(), converter=convert.addresses)
    """What may go though it is protected: the volumes that a recovery brings other data for."""
    replace: frozenset[Address] = field(default=frozenset(), converter=convert.addresses)
    """Resources to replace though nothing differs."""
    refresh_images: bool = False
    """Replace hosts whose image has a newer version."""
    without_zones: frozenset[str] = field(default=frozenset(), converter=convert.names)
    """Zones that are to be left alone, as though they did not answer."""
    ask_ready: bool = True
    """Whether an apply asks hosts if they are ready: a recovery asks when they have their data."""
    not_ready: frozenset[Address] = field(default=frozenset(), converter=convert.addresses)
    """Hosts that run and are not ready: a rolling change begins with them."""


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


@frozen(field_transformer=convert.refuse_text)
class Plan:
    """The changes that would bring a scope from what is observed to what is declared."""

    scope: Scope
    placed: Placed
    catalogue: Catalogue
    observation: Observation
    wanted: Mapping[Address, Spec]
    """What is wanted, bound to the provider's own names; nothing for a destroy."""
    tightened: Mapping[Address, Spec] = field(factory=dict)
    """What each `tighten` step leaves."""
    destroys: bool = False
    epoch: int = 0
    """Of the environment's claim when it was looked at; rises with each failover."""
    fenced: bool = False
    """Whether another environment stood in for it then: no host of it is wanted running."""
    standby: bool = False
    """Whether its hosts run all the same, as a standby which the internet cannot reach."""
    changes: tuple[Change, ...] = ()
    """Deletions and dangers first."""
    steps: Mapping[Step, frozenset[Step]] = field(factory=dict)
    """Every step, with those that must be done before it."""
    budget: Budget = field(factory=Budget)
    options: PlanOptions = field(factory=PlanOptions)
    findings: tuple[Finding, ...] = ()
    """Errors among them make the plan one that no apply accepts."""
    guards: tuple[Guard, ...] | None = None
    """What `apply` checks again. None: the caller passed none; empty: the caller skips them on purpose."""
    follows_unfinished_run: bool = False
    """Whether the last run was killed, was interrupted or failed: it may have deleted some of what the
    options name.
    """
    peer: str = ""
    """The environment that the claim of the scope named when the plan was made."""

    def target(self, step: Step) -> Spec | None:
        """Return what a step leads to; None: the resource is gone afterwards."""
        return target(step, self.wanted, self.tightened)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    @property
    def differs(self) -> bool:
        """Whether an apply would change anything. What is kept for its data is no such change."""
        return any(change.action != "keep" for change in self.changes)

    @property
    def kept(self) -> tuple[Change, ...]:
        """What should go or be replaced, and stays for the data that it holds."""
        return tuple(change for change in self.changes if change.action == "keep")

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings for which no apply accepts it."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    def summary(self) -> dict[str, int]:
        """How many of each action, `keep` among them only where there are any."""
        counts = dict.fromkeys(("create", "update", "replace", "delete"), 0)
        for change in self.changes:
            counts[change.action] = counts.get(change.action, 0) + 1
        return counts


def target(step: Step, wanted: Mapping[Address, Spec], tightened: Mapping[Address, Spec]) -> Spec | None:
    """Return what a step leads to; None: the resource is gone afterwards."""
    if step.phase == "remove":
        return None
    return tightened[step.address] if step.phase == "tighten" else wanted[step.address]
