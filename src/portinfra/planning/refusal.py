"""The decision whether a plan may be applied."""

from collections.abc import Sequence

from portinfra.errors import FindingsError, PolicyError, ValidationError
from portinfra.model.finding import Finding
from portinfra.model.plan import Plan
from portinfra.model.rule_classes import is_about_given


def raise_for_errors(plan: Plan) -> None:
    """Raise the error of a plan that must not be applied."""
    if plan.errors:
        raise refusal_of(f"{plan.scope}: this plan cannot be applied", plan.errors)


def refusal_of(message: str, errors: Sequence[Finding], fix: str = "") -> FindingsError:
    """Return the error for findings that stop a change.

    It is ValidationError where given values make no sense, else PolicyError. The exit code follows from the
    class, so it is the same for all commands.
    """
    makes_sense = not any(is_about_given(each.rule) for each in errors)
    return (PolicyError if makes_sense else ValidationError)(message, errors, fix=fix)
