"""Whether anybody may apply a plan."""

from collections.abc import Sequence

from portinfra.errors import FindingsError, PolicyError, ValidationError
from portinfra.model.finding import Finding
from portinfra.model.plan import Plan
from portinfra.model.rule_classes import is_about_given


def refuse(plan: Plan) -> None:
    """Raise what makes this a plan that nobody may apply."""
    if plan.errors:
        raise refusal_of(f"{plan.scope}: this plan cannot be applied", plan.errors)


def refusal_of(message: str, errors: Sequence[Finding], fix: str = "") -> FindingsError:
    """Return the error for findings that stop a change: ValidationError where what was given makes no
    sense, else PolicyError. The exit code follows from its class, so it is the same for all commands.
    """
    makes_sense = not any(is_about_given(each.rule) for each in errors)
    return (PolicyError if makes_sense else ValidationError)(message, errors, fix=fix)
