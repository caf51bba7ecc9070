"""Checks of the arguments of public functions: their types, and the types inside declared values."""

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
    """Let a function refuse arguments of wrong types, and declared values that contain wrong types.

    In addition to what `check_types` raises, the function raises ValidationError. It has a finding for each
    wrong type within a topology, environment or recovery plan.
    """
    return _check(verb, SOUND)


def check_before_validation(verb: Callable[P, T]) -> Callable[P, T]:
    """Do the same for a function that validates its topology: that check finds wrong types with everything
    else.
    """
    return _check(verb, {kind: sound for kind, sound in SOUND.items() if kind is not Topology})


SOUND: Mapping[type, Callable[[Any, list[Finding]], object]] = {
    Topology: sound_topology,
    Environment: sound_environment,
    RecoveryPlan: sound_recovery,
}
"""The function that adds a finding for each wrong type within a declared value."""


def _check(
    verb: Callable[P, T], sound: Mapping[type, Callable[[Any, list[Finding]], object]]
) -> Callable[P, T]:
    @wraps(verb)
    def check_and_call(*arguments: P.args, **named: P.kwargs) -> T:
        findings: list[Finding] = []
        for value in (*arguments, *named.values()):
            for one in value if isinstance(value, tuple | list) else (value,):
                if note := sound.get(type(one)):
                    note(one, findings)
        settle(findings, f"{verb.__name__}()")
        return verb(*arguments, **named)

    return check_types(check_and_call)
