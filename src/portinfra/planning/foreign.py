"""Foreign resources in or on the resources of a scope, and which deletions they block. Pure."""

from portinfra.model.finding import Finding, Severity
from portinfra.model.plan import Plan

RULE = "plan/foreign-resource"


def find_blockers(plan: Plan) -> list[Finding]:
    """Return a warning for each foreign resource that is inside a resource which the plan deletes, or uses
    one.
    """
    deleted = {change.address for change in plan.changes if change.action == "delete"}
    return [
        Finding(
            RULE,
            f"{each}: portinfra does not delete it, and the provider may refuse to delete what it lies in",
            "Delete it or move it elsewhere first. What is deleted before the refusal stays deleted.",
            Severity.WARNING,
            each.inside,
        )
        for each in plan.observation.foreign or ()
        if deleted.intersection((each.inside, *each.bound))
    ]
