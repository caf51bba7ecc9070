"""The fence of an environment: while another one is active, no host of it runs. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator

from attrs import evolve, frozen

from portinfra.model.address import Address
from portinfra.model.claim import Claim
from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.plan import Plan
from portinfra.model.resources import Instance, Spec
from portinfra.words import moment


@frozen
class Fence:
    """What the claim of an environment says of its fence."""

    epoch: int = 0
    """The moment of the last takeover, in seconds since the epoch; 0: there was none."""
    closed: bool = False
    """Whether another environment is active, or is about to be."""

    @classmethod
    def of(cls, claim: Claim | None) -> "Fence":
        """The fence that a claim tells of."""
        return cls(claim.epoch, claim.fenced) if claim else cls()

    def plan(self, placed: Placed, there: Observation, make: Callable[[Placed], Plan]) -> Plan:
        """Return the plan that the fence allows, with its findings. `make` is called with what is wanted, and
        once more where its first plan would make hosts anew: those stay as they are.
        """
        if not self.closed:
            return make(placed)
        plan = make(fenced(placed, there))
        anew = remade(plan)
        if anew:
            plan = make(fenced(placed, there, kept=anew))
        return _with(plan, told(placed, self.epoch), *waiting(anew, asked=remade(plan)))

    def plan_to_destroy(self, placed: Placed, make: Callable[[Placed], Plan]) -> Plan:
        """Return the plan that leaves nothing, with a finding about whose data is newer."""
        plan = make(placed)
        if not self.epoch:
            return plan
        return _with(plan, (told if self.closed else stands)(placed, self.epoch))


def _with(plan: Plan, *findings: Finding) -> Plan:
    return evolve(plan, findings=(*plan.findings, *findings))


def fenced(placed: Placed, there: Observation, kept: Collection[Address] = ()) -> Placed:
    """The same with every host off; hosts that are not there are not made, as a new host runs at first. Hosts
    that are `kept` stay as they are.
    """
    resources: dict[Address, Spec] = {}
    unmade: set[Address] = set()
    for address, spec in placed.resources.items():
        if isinstance(spec, Instance) and address in there.resources:
            as_is = there.resources[address].spec if address in kept else spec
            resources[address] = evolve(as_is, power="stopped")
        elif isinstance(spec, Instance) or unmade.intersection(spec.references()):
            unmade.add(address)
            if address in there.resources:  # an address that others know stays, though its host is gone
                resources[address] = there.resources[address].spec
        else:
            resources[address] = spec
    return evolve(placed, resources=resources)


def remade(plan: Plan) -> frozenset[Address]:
    """The hosts that a plan would make anew."""
    return frozenset(
        change.address
        for change in plan.changes
        if change.address.kind == Instance.kind and change.action == "replace"
    )


def starting_hosts(plan: Plan) -> Iterator[Finding]:
    """Return an error for each host that a plan of a fenced environment would start, create or replace."""
    for change in plan.changes:
        if not plan.fenced or not isinstance(change.after, Instance):
            continue
        if change.action in ("create", "replace") or change.after.power == "running":
            yield Finding(
                "recovery/fenced-host",
                f"{change.address} would run, and {plan.scope.environment} is fenced: another environment is "
                "active",
                "Change it after this environment has become active again: dr failback, or dr failover.",
                subject=change.address,
            )


def waiting(hosts: Iterable[Address], asked: Collection[Address]) -> Iterator[Finding]:
    """That hosts wait to be made anew; an error where that was `asked` for now."""
    for address in sorted(hosts):
        yield Finding(
            "recovery/fenced-host",
            f"{address} is not made anew: a new host runs at first, and another environment stands",
            "Leave it until the turn of this environment comes again.",
            Severity.ERROR if address in asked else Severity.WARNING,
            subject=address,
        )


def told(placed: Placed, epoch: int) -> Finding:
    """That it is fenced."""
    name = placed.environment.name
    return Finding(
        "recovery/fenced",
        f"{name} is fenced ({moment(epoch)}): another environment stands, or is about to; its hosts stay off",
        "dr status tells which. Its turn comes again with: dr failback; where it is the target of a recovery "
        "plan, dr failover; and where what has begun shall not be finished, with --abandon.",
        Severity.WARNING,
        subject=f"environment.{name}",
    )


def stands(placed: Placed, epoch: int) -> Finding:
    """That it is the one at work, for whoever is about to destroy it."""
    name = placed.environment.name
    return Finding(
        "recovery/stands",
        f"{name} stands since {moment(epoch)}, and another environment, which waits, has older data",
        "Let the other one take over first: dr failback, or dr failover --planned.",
        Severity.WARNING,
        subject=f"environment.{name}",
    )
