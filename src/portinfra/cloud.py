"""Single resources, one at a time, without a topology.

They use the same drivers, identity and crash safety as a topology's. What a script creates has the script's
scope, and the next run of the script finds it.
"""

from collections.abc import Collection, Iterable, Mapping
from types import TracebackType
from typing import Self, TypeVar, cast

from attrs import evolve, fields_dict

from portinfra.errors import NotFound
from portinfra.execution.connection import Connection
from portinfra.execution.run import Run
from portinfra.format import suggestion
from portinfra.guards.fence import find_host_starts
from portinfra.guards.peer import check_guards, check_guards_again, record_peer
from portinfra.model.address import Address, Scope
from portinfra.model.arguments import check_types
from portinfra.model.catalogue import Catalogue
from portinfra.model.change import Change
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.location import here
from portinfra.model.observed import Observation, Observed
from portinfra.model.placed import Placed
from portinfra.model.plan import Guard, Plan, PlanOptions
from portinfra.model.resources import Snapshot, Spec
from portinfra.model.topology import Topology
from portinfra.planning.make_plan import make_plan
from portinfra.planning.refusal import raise_for_errors
from portinfra.planning.relations import relation_findings
from portinfra.provider import registry
from portinfra.validation import validate_place, validate_resource
from portinfra.validation.arguments import check_arguments
from portinfra.validation.limits import attachment_findings

S = TypeVar("S", bound=Spec)


@check_arguments
def connect(
    environment: Environment, scope: str = "scripts", *, guards: Iterable[Guard] | None = None
) -> "Cloud":
    """Return an environment in which to list, ensure and remove single resources. It is a context manager.

    `scope` has the place of a topology's name: resources of one scope are not visible in another. Each change
    checks `guards`, as `plan` does. They matter where the scope is the name of a topology that a recovery
    plan covers. Raise ValidationError for an environment or a scope that makes no sense.
    """
    validate_place(environment, scope, registry.plugin_of(environment).capabilities)
    return Cloud(environment, Scope(scope, environment.name), guards)


class Cloud:
    """One environment, with the single resources of one scope.

    The first change takes the lease, and the end releases it. If a script makes no change for a minute,
    another run may take the lease; the next change then waits for it.
    """

    def __init__(self, environment: Environment, scope: Scope, guards: Iterable[Guard] | None = None) -> None:
        self._scope = scope
        self._guards = None if guards is None else tuple(guards)
        self._place = Connection.to(environment)
        self._run: Run | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._run is not None:
            self._run.__exit__(kind, error, trace)
        self._place.__exit__(kind, error, trace)

    def catalogue(self) -> Catalogue:
        """Return zones, sizes, images and quotas of the location."""
        return self._place.read_catalogue()

    @check_types
    def list(self, kind: type[S]) -> list[Observed[S]]:
        """Return every resource of a kind, by address, once lists show the changes made here."""
        reader = self._run.reader if self._run is not None else self._place.reader
        return [seen for _, seen in sorted(reader.observe(self._scope).of(kind).items())]

    @check_types
    def ensure(self, spec: S, *, allow_data_loss: bool = False) -> Observed[S]:
        """Create a resource, or change the existing one of that address to match the spec.

        What it refers to must exist. Raise ValidationError, before the first write, where an attribute makes
        no sense or the location does not offer it. Raise PolicyError where data would be lost, a guard
        forbids the change, or a host of a fenced environment would run. Raise ApplyError.
        """
        driver = self._place.provider.drivers.get(type(spec))
        self._validate(spec, may_be_empty=driver.cannot_show if driver else ())
        resources = self._bring(spec.address, {spec.address: spec}, allow_data_loss=allow_data_loss)
        return cast(Observed[S], resources[spec.address])

    @check_types
    def remove(self, address: str, *, allow_data_loss: bool = False) -> None:
        """Delete a resource; a volume only with `allow_data_loss`. Raise PolicyError, as `ensure` does, and
        NotFound.
        """
        self._bring(Address(address), {}, allow_data_loss=allow_data_loss)

    def _bring(
        self, address: Address, spec: Mapping[Address, Spec], *, allow_data_loss: bool
    ) -> Mapping[Address, Observed[Spec]]:
        options = PlanOptions(
            addresses=address, allow_data_loss=frozenset({address} if allow_data_loss else ())
        )
        if self._run is None:  # a refused change needs no lease, which would be the first write
            leases = self._place.settle(self._scope)
            lease = leases[-1] if leases else None
            first = self._plan(self._place.reader.observe(self._scope), address, spec, options)
            self._refuse(check_guards(first, self._guards, lease), spec)
        run = self._start()
        plan = self._plan(run.reader.observe(self._scope), address, spec, options)
        plan = check_guards_again(run, plan, self._guards)
        self._refuse(plan, spec)
        record_peer(run, plan)
        if plan.empty:
            return plan.observation.resources
        run.apply(plan, lambda progress: None)
        return run.verified.resources

    def _plan(
        self, there: Observation, address: Address, spec: Mapping[Address, Spec], options: PlanOptions
    ) -> Plan:
        """Return the plan for one resource. Raise ValidationError, and NotFound for a missing resource."""
        if not spec and address not in there.resources:
            raise self._not_found(f"{address} does not exist", address, address, there.resources)
        wanted = {a: seen.spec for a, seen in there.resources.items() if a != address} | dict(spec)
        for value in spec.values():
            if address not in there.resources:
                self._validate(
                    value
                )  # complete: only an existing resource may lack what its provider does not show
            for reference in value.references():
                if reference not in wanted:
                    message = f"it refers to {reference}, which does not exist"
                    raise self._not_found(message, address, reference, wanted)
        return make_plan(
            Placed(Topology(self._scope.topology, ()), self._place.environment, self._scope, wanted),
            self.catalogue(),
            there,
            self._place.provider.drivers,
            options,
        )

    def _not_found(
        self, message: str, address: Address, missing: Address, known: Iterable[Address]
    ) -> NotFound:
        alike = [each for each in known if each.kind == missing.kind]
        fix = suggestion(missing, alike, f"There is no {missing.kind} here.")
        if missing != address:
            fix = f"Ensure {missing} first. {fix}"
        return NotFound(message, provider=self._place.provider.name, address=address, fix=fix)

    def _refuse(self, plan: Plan, spec: Mapping[Address, Spec]) -> None:
        """Raise the error for which a plan cannot be applied, if there is one."""
        plugin = registry.plugin_of(self._place.environment)
        zonal = self._place.provider.capabilities.zonal_subnets
        relations = relation_findings(plan, zonal_subnets=zonal) if spec else ()
        wanted = plan.placed.resources
        excess = (each for value in spec.values() for each in attachment_findings(value, wanted, plugin))
        unclear = self._unclear(spec.values())
        unclear = (*unclear, *(each for value in spec.values() for each in _other_zone(value, plan)))
        more = (*map(_loss, plan.kept), *unclear, *relations, *excess, *find_host_starts(plan))
        line = here()
        found = (each if each.location else evolve(each, location=line) for each in (*plan.findings, *more))
        raise_for_errors(evolve(plan, findings=tuple(found)))

    def _validate(self, spec: Spec, *, may_be_empty: Collection[str] = ()) -> None:
        plugin = registry.plugin_of(self._place.environment)
        validate_resource(spec, plugin, here(), may_be_empty=may_be_empty)

    def _unclear(self, specs: Iterable[Spec]) -> Iterable[Finding]:
        for spec in specs:
            if not isinstance(spec, Snapshot):
                continue
            if bool(spec.volume) == bool(spec.copy_of):
                yield Finding(
                    "cloud/snapshot",
                    "a snapshot is either taken of a volume or the copy of another snapshot",
                    "Give volume= or copy_of=.",
                    subject=spec.address,
                )
            elif spec.copy_of and not self._place.provider.capabilities.snapshot_copy:
                yield Finding(
                    "cloud/no-copies",
                    f"{self._place.provider.name} copies no snapshots from other regions",
                    "Take it of a volume here.",
                    subject=spec.address,
                )

    def _start(self) -> Run:
        if self._run is not None and not self._run.holds():
            self._run = (
                None  # idle for a minute, and another run took the lease: begin again when that run has ended
            )
        if self._run is None:
            self._run = self._place.start_run(self._scope).__enter__()
        return self._run


def _other_zone(spec: Spec, plan: Plan) -> Iterable[Finding]:
    """Return a finding where a resource exists, and the number of its zone means another zone.

    The default number says nothing about the zone of an existing resource.
    """
    seen = plan.observation.resources.get(spec.address)
    number, zone = getattr(spec, "zone", None), getattr(seen and seen.spec, "zone", None)
    if not isinstance(number, int) or not zone or number == fields_dict(type(spec))["zone"].default:
        return
    zones = plan.placed.environment.zones or tuple(each.name for each in plan.catalogue.zones)
    if number < len(zones) and zones[number] != zone:
        yield Finding(
            "resource/other-zone",
            f"it is in {zone}, and zone {number} is {zones[number]}",
            f"To leave it there: zone={zone!r}. To create it again in the other one: zone={zones[number]!r}.",
            subject=f"{spec.address}.zone",
        )


def _loss(kept: Change) -> Finding:
    return Finding(
        "cloud/data-loss",
        kept.reason.partition(";")[0],
        "Pass allow_data_loss=True to permit the loss of its data.",
        subject=kept.address,
    )
