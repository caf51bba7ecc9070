"""Waivers: a role declares, with a reason, that a rule does not apply to it."""

import difflib
from collections.abc import Iterable, Iterator, Sequence

from portinfra.format import suggestion
from portinfra.model.finding import Finding, Severity
from portinfra.model.reference_rules import REFERENCE_RULES, name_rule
from portinfra.model.rule_classes import OURS
from portinfra.model.topology import Role
from portinfra.policy.context import PolicyContext
from portinfra.policy.rules import Breach, PolicyRule
from portinfra.value import frozen

UNKNOWN = "check/unknown-rule"
UNUSED = "check/unused-waiver"

ABOUT_WAIVERS = {
    UNKNOWN: (Severity.WARNING, "A waiver of a rule that does not exist."),
    UNUSED: (Severity.NOTE, "A waiver of a rule that finds nothing about its role in this environment."),
}
"""The rules about waivers themselves: the usual severity, and what each finds, in one line."""


@frozen
class Waived:
    """A finding that does not count, as a role waives it with a reason."""

    finding: Finding
    role: str
    reason: str


def sort_out_waivers(
    context: PolicyContext, breaches: Iterable[Breach]
) -> tuple[list[Finding], list[Waived]]:
    """Return the findings that count, and those that are waived."""
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


def waiver_findings(
    context: PolicyContext,
    waived: Sequence[Waived],
    rules: Sequence[PolicyRule],
    *,
    is_observed: bool = False,
) -> Iterator[Finding]:
    """Yield what is wrong with the waivers themselves: an unknown rule, or one without findings about the
    role.

    If nothing was observed, a rule that may find more with an observation does not count as one without
    findings.
    """
    used = {(one.role, one.finding.rule) for one in waived}
    known = {rule.id: rule for rule in rules}
    for role in context.roles:
        for id in role.waive:
            subject = f"role.{role.name}.waive"
            if id not in known:
                message, fix = _about_unknown(id, rules)
                severity = Severity.WARNING if _is_near(id, known) else Severity.NOTE
                yield Finding(UNKNOWN, message, fix, severity, subject, role.location)
            elif (role.name, id) not in used and (is_observed or known[id].declaration_only):
                message = f"it waives {id}, which finds nothing about this role in {context.environment.name}"
                yield Finding(UNUSED, message, _REMOVE, Severity.NOTE, subject, role.location)


_REMOVE = "Keep it if another environment needs it. Else remove it: it would hide a later finding."


def _about_unknown(id: str, rules: Sequence[PolicyRule]) -> tuple[str, str]:
    """Return what is wrong with a waiver of an unknown rule, and what to do."""
    ids = [rule.id for rule in rules]
    number = id.strip().upper()
    if enforcing := [rule.id for rule in rules if rule.enforces == number]:
        checked = f"{number} is checked by {' and '.join(enforcing)}: waive what is meant, by its id."
        return f"it waives {id!r}, and there is no such rule", checked
    if number in REFERENCE_RULES:
        message = f"it waives {id!r}, and no rule of check is about {name_rule(number)}"
        return message, "Remove it: only rules of check can be waived."
    if id.partition("/")[0] in OURS - {"check"}:
        return (
            f"it waives {id!r}, and only rules of check can be waived",
            "Remove it. The finding itself says what to do.",
        )
    if _is_near(id, ids):
        return f"it waives {id!r}, and there is no such rule", suggestion(id, ids, "")
    return (
        f"it waives {id!r}, which is no built-in rule and no rule given to this run",
        "If it is a rule of your own, let the script pass it on as one of its rules. Else remove it.",
    )


def _reason(role: Role, id: str) -> str:
    return role.waive.get(id, "").strip()


def _is_near(id: str, ids: Iterable[str]) -> bool:
    """Return whether a name must be a misspelling. Else it may be a user's own rule that is not given this
    time.
    """
    return id.startswith("check/") or "/" not in id or bool(difflib.get_close_matches(id, ids, n=1))
