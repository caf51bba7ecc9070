"""The arguments of public verbs: their types, and the types of all that a declared value holds."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

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

    @wraps(verb)
    def checked(*arguments: P.args, **named: P.kwargs) -> T:
        findings: list[Finding] = []
        for value in (*arguments, *named.values()):
            for one in value if isinstance(value, tuple | list) else (value,):
                _note_wrong_types(one, findings)
        settle(findings, f"{verb.__name__}()")
        return verb(*arguments, **named)

    return check_types(checked)


def _note_wrong_types(value: object, findings: list[Finding]) -> None:
    if isinstance(value, Topology):
        sound_topology(value, findings)
    elif isinstance(value, Environment):
        sound_environment(value, findings)
    elif isinstance(value, RecoveryPlan):
        sound_recovery(value, findings)
