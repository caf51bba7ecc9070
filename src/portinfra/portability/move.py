"""Moves to another location: what stays the same, what has no equivalent there, and what is selected
(R23).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve

from portinfra.model.environment import Environment
from portinfra.model.location import Location
from portinfra.model.placed import Placed
from portinfra.model.plan import Plan
from portinfra.model.resources import Instance, Volume
from portinfra.placement import role_in
from portinfra.portability.lockin import Tie, ties
from portinfra.value import frozen


@frozen
class Choice:
    """What a role runs on, before and after the move."""

    role: str
    hosts: int
    size: str
    here: str
    """The machine type, by this provider's name."""
    there: str
    vcpus: int
    """How many vCPUs; 0 where the other provider does not return it."""
    memory_gib: float
    image: str
    image_id: str
    """The other provider's own id; empty where it has no such image."""


@frozen
class Move:
    """An environment, and the plan that would build it at the other location."""

    here: Placed
    plan: Plan
    lost: tuple[Tie, ...]
    """What has no equivalent or no meaning there."""
    choices: tuple[Choice, ...]

    @property
    def carried_counts(self) -> Mapping[str, int]:
        """Kind → how many resources keep their address; for hosts, also the private address."""
        there = self.plan.placed.resources
        same = Counter(spec.kind for address, spec in self.here.resources.items() if address in there)
        same["instance"] = len(_addresses(self.here) & _addresses(self.plan.placed))
        return same

    @property
    def data_gib(self) -> int:
        """The size of all volumes, in GiB. Their data does not move by itself."""
        return sum(spec.gib for spec in self.here.resources.values() if isinstance(spec, Volume))


def _addresses(placed: Placed) -> set[tuple[str, str]]:
    hosts = (spec for spec in placed.resources.values() if isinstance(spec, Instance))
    return {(host.name, host.private_address) for host in hosts}


def destination(
    environment: Environment, to: str, declared: Iterable[Environment], account: str, key: str | None
) -> Environment:
    """Return the environment at another location, `PROVIDER:LOCATION`, without its zones.

    Account, key and credentials are those of the declared environment at that location, unless they are
    given.
    """
    peer = next((other for other in declared if other.on == to), None)
    return evolve(
        environment,
        on=to,
        zones=(),
        account=account or (peer.account if peer else ""),
        key=key or (peer.key if peer else None),
        credentials=peer.credentials if peer else {},
    )


def describe_move(
    here: Placed,
    sizes: Mapping[str, str],
    native: Mapping[str, Mapping[str, str]],
    plan: Plan,
    cannot_keep: Mapping[str, Iterable[str]],
) -> Move:
    """Return the move that a plan at another location would make.

    `sizes` has this provider's machine types by size, and `native` what each native option does.
    `cannot_keep` has, by kind, the attributes that the other provider cannot store.
    """
    found = ties(here.topology, (here.environment,), native)
    found = [tie for tie in found if not tie.subject.endswith(".on")]
    lost = (*found, *_not_kept(plan.placed, cannot_keep))
    return Move(here, plan, lost, tuple(_choices(here, sizes, plan)))


def _choices(here: Placed, sizes: Mapping[str, str], plan: Plan) -> Iterator[Choice]:
    catalogue = plan.catalogue
    for role in plan.placed.topology.roles:
        now, then = role_in(role, here.environment), role_in(role, plan.placed.environment)
        there = catalogue.machine_type(then.size)
        machine = catalogue.machine_types.get(there)
        yield Choice(
            role.name,
            then.count,
            then.size,
            sizes.get(now.size, now.size),
            there,
            machine.vcpus if machine else 0,
            machine.memory_gib if machine else 0.0,
            then.image,
            catalogue.images.get(then.image, ""),
        )


def _not_kept(there: Placed, cannot_keep: Mapping[str, Iterable[str]]) -> Iterator[Tie]:
    environment = there.environment
    for kind, names in sorted(cannot_keep.items()):
        for name in sorted(names):
            of_kind = (spec for spec in there.resources.values() if spec.kind == kind)
            used = [spec for spec in of_kind if _says(getattr(spec, name, None))]
            if used:
                meaning = f"{environment.provider} cannot store it, so portinfra neither sets nor compares it"
                where: Location = environment.location
                yield Tie(environment.provider, f"{kind}.{name}", f"of {len(used)}", meaning, where)


def _says(value: object) -> bool:
    return not (value is None or value is False or value == "" or value == {})
