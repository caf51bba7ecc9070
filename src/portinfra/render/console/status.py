"""The differences of an environment from its declaration as text, attribute by attribute."""

from collections import Counter

from portinfra.command_text import command
from portinfra.format import count, join_runs, moment
from portinfra.model.address import Address
from portinfra.model.change import Action, Change
from portinfra.model.lease import Lease
from portinfra.model.plan import Plan
from portinfra.planning.roles import role_of
from portinfra.render.console.assurances import nothing_differs
from portinfra.render.console.differences import difference_lines
from portinfra.render.console.errors import show_findings
from portinfra.render.console.names import count_by_kind
from portinfra.render.console.styled import styled_text
from portinfra.render.console.terminal import Console

WORDS: dict[Action, str] = {
    "create": "missing",
    "update": "differs",
    "replace": "differs, and can only be replaced",
    "delete": "not declared",
    "keep": "kept",
}

_WHOLE: frozenset[Action] = frozenset({"create", "delete"})

_NAMED_MAX = 6
"""The most resources of a role that are named one by one."""


def show_status(plan: Plan, lease: Lease | None, console: Console) -> None:
    """Print the differences, foreign resources, zones that did not answer, and the lease."""
    observation = plan.observation
    console.print(styled_text((str(plan.scope), "bold"), f" on {plan.placed.environment.on}"))
    kinds = Counter(address.kind for address in observation.resources)
    there = ", ".join(count(number, kind) for kind, number in kinds.items()) or "nothing"
    console.print(f"Exists: {there}.")
    _show_whole(plan, console)
    has_arrows = _show_differing(plan, console)
    for zone in sorted(observation.unknown):
        console.print(styled_text((zone, "red"), " did not answer: its resources are not known"))
    for each in observation.foreign or ():
        console.print(
            styled_text((str(each), "yellow"), ": portinfra did not create it, and does not change it")
        )
    show_findings(plan.findings, console)
    if not plan.differs and not observation.unknown and not observation.unexplained:
        console.print(nothing_differs(plan))
    elif plan.differs:
        repair = "" if plan.errors else f" {command('apply', plan.scope.environment)} repairs it."
        legend = "Each line shows: actual → declared." if has_arrows else ""
        if closing := f"{legend}{repair}".strip():
            console.print(closing)
    if plan.errors:
        console.print("An apply is refused because of the errors above.")
    console.print(lease_line(lease))


def _show_whole(plan: Plan, console: Console) -> None:
    """Print the resources that are missing, and those that are not declared, role by role."""
    groups: dict[tuple[Action, str], list[Address]] = {}
    for change in plan.changes:
        if change.action in _WHOLE:
            key = change.action, role_of(plan.placed, change.address)
            groups.setdefault(key, []).append(change.address)
    for (action, role), addresses in groups.items():
        if len(addresses) <= _NAMED_MAX:
            console.print(styled_text((", ".join(addresses), "yellow"), f" {WORDS[action]}"))
        else:
            console.print(styled_text((role, "yellow"), f" {WORDS[action]}: {count_by_kind(addresses)}"))


def _show_differing(plan: Plan, console: Console) -> bool:
    """Print the attributes that differ; resources with equal differences share one line.

    Return whether a line has an arrow.
    """
    groups: dict[tuple[Action, str, str, tuple[str, ...]], list[str]] = {}
    for change in plan.changes:
        if change.action not in _WHOLE:
            details = tuple(difference_lines(change.differences))
            key = change.action, change.address.kind, _reason(change), details
            groups.setdefault(key, []).append(change.address.name)
    for (action, kind, reason, details), names in groups.items():
        why = f": {reason}" if reason else ""
        console.print(styled_text((f"{kind}.{join_runs(names)}", "yellow"), f" {WORDS[action]}{why}"))
        for detail in details:
            console.print(styled_text(f"    {detail}"))
    return any("→" in detail for _, _, _, details in groups for detail in details)


def _reason(change: Change) -> str:
    """Return the reason; empty: the word or the attributes say it."""
    if change.action == "update" and change.differences:
        return ""
    return change.reason.partition(";")[0]


def lease_line(lease: Lease | None) -> str:
    """Return one line about the run that changes the environment now, or changed it last."""
    if lease is None:
        return "Lease: no run has changed this environment yet."
    by = (
        f"{lease.holder_identity}, portinfra {lease.version}" if lease.version else str(lease.holder_identity)
    )
    since = f" at {moment(lease.acquire_time)}" if lease.acquire_time else ""
    fenced = " Fenced: another environment is active in its place." if lease.fenced else ""
    peer = f" A recovery plan pairs it with {lease.peer}." if lease.peer else ""
    if lease.released:
        return f"Lease: free; last held by {by}{since}.{fenced}{peer}"
    from portinfra.lease import lives

    gone = " Its process is gone: the next apply takes over." if lives(lease) is False else ""
    return f"Lease: held by {by}, taken{since}.{gone}{fenced}{peer}"
