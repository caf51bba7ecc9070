"""The simplest provider: every kind is made, changed and deleted by one call each."""

from portinfra import Environment, PlanOptions, Role, Topology
from portinfra.model.catalogue import Catalogue, MachineType, Zone
from portinfra.model.change import Step
from portinfra.model.observed import Observation, Observed
from portinfra.model.resources import KINDS
from portinfra.placement import place
from portinfra.planning.make_plan import make_plan
from portinfra.provider.interface import DONE, Call, Driver, Wait

REPLACES = {
    "subnet": {"cidr", "zone"},
    "instance": {"subnet", "zone", "private_address", "image", "key", "disk_gib"},
    "volume": {"zone", "key"},
}


class ToyDriver(Driver):
    def __init__(self, kind):
        self.spec = kind
        self.replaces = frozenset(REPLACES.get(kind.kind, ()))
        self.interrupts = frozenset({"machine_type"} if kind.kind == "instance" else ())
        self.holds = frozenset({"instance", "volume"} if kind.kind == "attachment" else ())

    def survey(self, scope, only=()):
        return ()

    def assemble(self, answers, names):
        return []

    def next_call(self, want, seen, refs):
        if seen is not None and seen.state == "deleting":
            return Wait("being deleted")
        if want is None or (seen is not None and seen.fault):
            return DONE if seen is None else Call("Delete", address=seen.address, rates=("write",))
        for reference in want.references():
            assert reference in refs.seen, f"{want.address} was asked for before {reference}"
        if seen is None:
            after = Observed(want.address, want)
            return Call("Create", address=want.address, after=after, fills={"id": "id"}, rates=("write",))
        if want == seen.spec and seen.address == want.address:
            return DONE
        return Call(
            "Update", address=want.address, after=Observed(want.address, want, seen.parts), rates=("write",)
        )


DRIVERS = {kind: ToyDriver(kind) for kind in KINDS}
CATALOGUE = Catalogue(
    "toyland",
    "",
    tuple(Zone(f"zone-{letter}") for letter in "abcd"),
    {"small": "t1", "medium": "t2", "large": "t3"},
    {name: MachineType(name, 1, 1, frozenset(f"zone-{z}" for z in "abcd")) for name in ("t1", "t2", "t3")},
    {"debian-12": "debian-12-v2", "ubuntu-24.04": "ubuntu-v1"},
)
PRODUCTION = Environment("production", on="toy:land", cidr="10.10.0.0/16")


def topology(*roles, flows=(), **attributes):
    return Topology("sample", roles or [Role("web")], flows, **attributes)


def plan_of(
    declared, observation=None, *, catalogue=CATALOGUE, environment=PRODUCTION, destroy=False, **options
):
    return make_plan(
        place(declared, environment),
        catalogue,
        observation or Observation(),
        DRIVERS,
        PlanOptions(**options),
        destroy=destroy,
    )


def applied(declared, **options):
    """The world as the plan of a topology leaves it."""
    wanted = plan_of(declared, **options).wanted
    return Observation(
        {address: Observed(address, spec, {"id": address}) for address, spec in wanted.items()}
    )


def actions(plan):
    return {change.address: change.action for change in plan.changes}


def precedes(plan, before, after):
    """Whether one step must be done before another, directly or not."""
    todo, reached = [Step(*after)], set()
    while todo:
        for step in plan.steps[todo.pop()]:
            if step not in reached:
                reached.add(step)
                todo.append(step)
    return Step(*before) in reached
