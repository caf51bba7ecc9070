"""The arguments of public verbs: their types, and the types of all that a declared value holds."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from portinfra.model.arguments import check_types
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.topology import Topology
from portinfra.validation import settle
from portinfra.validation.types import sound_environment, sound_recovery, sound_topology

P = ParamSpec("P")
T = TypeVar("T")


def check_arguments(verb: Callable[P, T]) -> Callable[P, T]:
    """Let a verb refuse arguments of wrong types, and declared values that hold wrong types.

    Besides what `check_types` raises, the verb raises ValidationError with a finding for each wrong type
    within a topology, environment or recovery plan.
    """
    return _check(verb, SOUND)


def check_before_validation(verb: Callable[P, T]) -> Callable[P, T]:
    """Do the same for a verb that validates its topology: that finds wrong types with all else at once."""
    return _check(verb, {kind: sound for kind, sound in SOUND.items() if kind is not Topology})


SOUND: Mapping[type, Callable[[Any, list[Finding]], object]] = {
    Topology: sound_topology,
    Environment: sound_environment,
    RecoveryPlan: sound_recovery,
}
"""What adds a finding for each wrong type within a declared value."""


def _check(
    verb: Callable[P, T], sound: Mapping[type, Callable[[Any, list[Finding]], object]]
) -> Callable[P, T]:
    @wraps(verb)
    def checked(*arguments: P.args, **named: P.kwargs) -> T:
        findings: list[Finding] = []
        for value in (*arguments, *named.values()):
            for one in value if isinstance(value, tuple | list) else (value,):
                if note := sound.get(type(one)):
                    note(one, findings)
        settle(findings, f"{verb.__name__}()")
        return verb(*arguments, **named)

    return check_types(checked)
