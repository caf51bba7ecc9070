"""Waivers: a role says of a rule, with the reason, that it does not hold here."""

import difflib
from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen

from portinfra.model.finding import Finding, Severity
from portinfra.model.topology import Role
from portinfra.policy.context import PolicyContext
from portinfra.policy.rules import Breach, PolicyRule
from portinfra.words import suggestion

UNKNOWN = "check/unknown-rule"
UNUSED = "check/unused-waiver"


@frozen
class Waived:
    """A finding that does not count, because a role says why."""

    finding: Finding
    role: str
    reason: str


def sort_out_waivers(
    context: PolicyContext, breaches: Iterable[Breach]
) -> tuple[list[Finding], list[Waived]]:
    """What counts, and what is waived."""
    roles = {role.name: role for role in context.roles}
    counts: list[Finding] = []
    waived: list[Waived] = []
    for breach in breaches:
        willing = [name for name in breach.roles if _reason(roles[name], breach.finding.rule)]
        if willing:
            reason = _reason(roles[willing[0]], breach.finding.rule)
            waived.append(Waived(breach.finding, willing[0], reason))
        else:
            counts.append(breach.finding)
    return counts, waived


def about_waivers(
    context: PolicyContext, waived: Sequence[Waived], rules: Sequence[PolicyRule]
) -> Iterator[Finding]:
    """What is wrong with the waivers themselves: a rule that there is not, or that nothing breaks."""
    used = {(one.role, one.finding.rule) for one in waived}
    ids = [rule.id for rule in rules]
    for role in context.roles:
        for id in role.waive:
            subject = f"role.{role.name}.waive"
            if id not in ids:
                message, near = f"it waives {id!r}, and there is no such rule", _is_near(id, ids)
                severity = Severity.WARNING if near else Severity.NOTE
                yield Finding(UNKNOWN, message, _instead(id, rules), severity, subject, role.location)
            elif (role.name, id) not in used:
                message = f"it waives {id}, which nothing here breaks"
                fix = "Remove the waiver, lest it hide what comes later."
                yield Finding(UNUSED, message, fix, Severity.NOTE, subject, role.location)


def _reason(role: Role, id: str) -> str:
    return role.waive.get(id, "").strip()


def _is_near(id: str, ids: Iterable[str]) -> bool:
    """Whether it must be a slip; else it may be a rule of one's own that is not given this time."""
    return id.startswith("check/") or "/" not in id or bool(difflib.get_close_matches(id, ids, n=1))


def _instead(id: str, rules: Sequence[PolicyRule]) -> str:
    enforcing = [rule.id for rule in rules if rule.enforces == id]
    if enforcing:
        return f"{id} is checked by {' and '.join(enforcing)}: waive what is meant."
    return suggestion(id, [rule.id for rule in rules], "")
