"""Whether anybody may apply a plan."""

from portinfra.errors import FindingsError, PolicyError, ValidationError
from portinfra.model.plan import Plan

MAKES_NO_SENSE = ("catalogue/", "options/", "resource/", "provider/")
"""Beginnings of the rules whose findings are about what was asked for, and not about what it would do."""


def refuse(plan: Plan) -> None:
    """Raise what makes this a plan that nobody may apply."""
    if plan.errors:
        kind: type[FindingsError] = (
            ValidationError if any(f.rule.startswith(MAKES_NO_SENSE) for f in plan.errors) else PolicyError
        )
        raise kind(f"{plan.scope}: this plan cannot be applied", plan.errors)
