"""Zones that do not answer, for recovery commands: they cannot leave a zone out, so they wait. Pure."""

from collections.abc import Iterable

from attrs import evolve

from portinfra.model.finding import Finding
from portinfra.model.plan import Plan
from portinfra.planning.binding import UNCLEAR_ZONES
from portinfra.planning.refusal import refusal_of
from portinfra.planning.retention import SILENT_ZONE


def raise_for_plan(plan: Plan) -> None:
    """Raise the error of a plan that a recovery command must not apply."""
    if plan.errors:
        raise refusal_of(f"{plan.scope}: this plan cannot be applied", await_zones(plan.errors))


def await_zones(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings of a plan with the fix of a recovery command: wait for each zone.

    That it is not known which zone of the environment is silent is left out, where the zone is named anyway.
    """
    found = tuple(findings)
    named = any(each.rule == SILENT_ZONE for each in found)
    return tuple(_with_wait(each) for each in found if not (named and each.rule == UNCLEAR_ZONES))


def _with_wait(finding: Finding) -> Finding:
    if finding.rule != SILENT_ZONE:
        return finding
    answer = "they answer" if ", " in finding.subject else "it answers"
    return evolve(finding, fix=f"Wait until {answer}, and run the same command again.")
