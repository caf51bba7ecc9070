"""Findings about what a declaration creates. They stop no command for existing resources.

A new version may refuse what an older one has applied. It must still be possible to destroy, read and recover
the environment. It may also be planned, as long as the plan creates or changes nothing that the finding is
about.
"""

import re
from collections.abc import Iterable, Iterator

from attrs import evolve

from portinfra.model.change import Change
from portinfra.model.finding import Finding, Severity
from portinfra.model.plan import Plan
from portinfra.model.resources import Attachment, FirewallRules, Instance, Network, Spec

BIRTH = frozenset({"topology/user-data", "topology/ssh-key", "provider/birth-data", "provider/user-data"})
"""Rules about what applies only when a host is created, in addition to those of mounts."""

STYLE = frozenset(
    {
        "topology/ready",
        "topology/ready-limit",
        "topology/retired-name",
        "topology/retired-slot",
        "topology/waived-without-reason",
        "topology/unknown-attribute",
        "topology/max-unavailable",
        "topology/not-public",
        "topology/retired-slot-twice",
    }
)
"""Rules about how an apply runs. They stop every plan except that of a destroy."""

SERVICE = "service/"
"""The prefix of rules about services. They stop every plan except that of a destroy, too."""

_KINDS: dict[str, type[Spec]] = {
    "provider/cidr": Network,
    "provider/rules": FirewallRules,
    "provider/rule-peers": FirewallRules,
    "provider/volumes": Attachment,
}
"""Rule → the only kind that it is about."""

_ROLE = re.compile(r"(?:^|\.)role\.([^.]+)")


def is_about_new(finding: Finding) -> bool:
    """Return whether a finding still permits to place the topology: it is about creation, style or limits."""
    return finding.rule.startswith("provider/") or _is_style(finding) or _is_about_birth(finding)


def findings_for_plan(findings: Iterable[Finding], plan: Plan) -> Iterator[Finding]:
    """Return findings about new resources as a plan has them.

    A finding is an error if the plan creates or changes what it is about, else a warning.
    """
    for finding in findings:
        if _is_style(finding) or any(_is_about(finding, change, plan) for change in plan.changes):
            yield finding
        else:
            fix = f"{finding.fix} What exists stays as it is: this stops only what would be created or added."
            yield evolve(finding, severity=Severity.WARNING, fix=fix)


def _is_about_birth(finding: Finding) -> bool:
    return finding.rule in BIRTH or finding.rule.startswith(("topology/mount", "topology/duplicate-mount"))


def _is_about(finding: Finding, change: Change, plan: Plan) -> bool:
    role = _ROLE.search(finding.subject)
    if role and plan.placed.roles.get(change.address) != role[1]:
        return False
    if _is_about_birth(finding):
        return change.address.kind == Instance.kind and change.action in ("create", "replace")
    kind = _KINDS.get(finding.rule)
    if kind is None:
        return change.action in ("create", "replace", "update")
    if change.address.kind != kind.kind:
        return False
    return change.action in ("create", "replace") or (change.action == "update" and _grows(finding, change))


def _grows(finding: Finding, change: Change) -> bool:
    """Return whether an update adds to the rules that the finding counts. Fewer rules are always accepted."""
    if not isinstance(change.before, FirewallRules) or not isinstance(change.after, FirewallRules):
        return True
    way = finding.subject.rpartition(".")[2]
    return len(getattr(change.after, way)) > len(getattr(change.before, way))


def _is_style(finding: Finding) -> bool:
    return finding.rule in STYLE or finding.rule.startswith(SERVICE)
