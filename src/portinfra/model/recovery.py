"""A recovery plan: which environment stands in for which, how fast, and in what order."""

from typing import Any

from attrs import field, frozen

from portinfra.model.environment import Environment
from portinfra.model.location import Location, here
from portinfra.model.topology import Role


def _environment_name(environment: Environment | str) -> str:
    return environment.name if isinstance(environment, Environment) else environment


def _waves(waves: Any) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(role.name if isinstance(role, Role) else role for role in wave) for wave in waves)


@frozen
class RecoveryPlan:
    """How `target` takes over from `source`. It names roles and environments; it holds none of them."""

    name: str
    source: str = field(converter=_environment_name)
    target: str = field(converter=_environment_name)
    rpo: str = field()
    """The most data that may be lost, as time: `4h`, `30m`."""
    rto: str = field()
    """The longest that recovery may take."""
    waves: tuple[tuple[str, ...], ...] = field(converter=_waves)
    """Role names, in the order in which they come back."""
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)
