"""A plan as text: first deletions and dangers, then changes, then new resources."""

import re
from collections.abc import Iterable, Mapping

from portinfra.execution.estimate import estimate
from portinfra.format import count, duration, join_runs
from portinfra.hooks.calls import name_of
from portinfra.model.address import Address
from portinfra.model.change import Action, Change
from portinfra.model.finding import Severity
from portinfra.model.plan import Plan
from portinfra.model.resources import public_fields
from portinfra.model.topology import Role
from portinfra.planning.account import account_of
from portinfra.planning.readiness import is_rolling, questions, rolling_roles
from portinfra.planning.roles import COMMON, role_of
from portinfra.planning.subnets import RULE as SUBNET_MOVES
from portinfra.render.console.assurances import nothing_to_do
from portinfra.render.console.differences import difference_lines, field_text, value
from portinfra.render.console.errors import show_findings
from portinfra.render.console.names import count_by_kind
from portinfra.render.console.styled import styled_text
from portinfra.render.console.terminal import Console, print_hanging
from portinfra.value import frozen

SYMBOLS: Mapping[Action, str] = {"create": "+", "update": "~", "replace": "-/+", "delete": "-", "keep": "="}
STYLES: Mapping[Action, str] = {
    "create": "green",
    "update": "yellow",
    "replace": "bold magenta",
    "delete": "bold red",
    "keep": "cyan",
}
LOSS = "all its data is lost"


@frozen
class _Line:
    """Changes whose texts differ only in their addresses."""

    action: Action
    role: str
    kind: str
    """The kind of all resources; empty: the line counts several kinds."""
    reason: str
    details: tuple[str, ...] = ()


def show_plan(plan: Plan, console: Console, *, full: bool = False, errors: bool = True) -> None:
    """Print a plan. Without `full`, many equal changes become one line. Without `errors`, its errors are left
    to the error that reports them.
    """
    findings = [each for each in plan.findings if errors or each.severity is not Severity.ERROR]
    environment = plan.placed.environment
    account = f", account {account_of(plan)}" if account_of(plan) else ""
    verb = "destroy " if plan.destroys else ""
    console.print(styled_text((f"{verb}{plan.scope}", "bold"), f" on {environment.on}{account}"))
    if any(finding.rule == SUBNET_MOVES for finding in plan.findings):
        console.print()  # the changes would follow from an error of the declaration
        show_findings(findings, console)
        return
    groups: dict[_Line, list[Change]] = {}
    for change in plan.changes:
        groups.setdefault(_line(plan, change, full=full), []).append(change)
    dangers = {line: some for line, some in groups.items() if _dangerous(line, some[0])}
    _show_section(console, "Deletions and dangers", dangers)
    for title, action in (("Changes", "update"), ("New", "create")):
        _show_section(
            console,
            title,
            {line: some for line, some in groups.items() if line.action == action and line not in dangers},
        )
    console.print()
    for role in (role for role in rolling_roles(plan) if is_rolling(plan, role)):
        print_hanging(console, styled_text(""), rolling(role))
    print_hanging(console, styled_text(""), summary(plan))
    if not plan.errors and (hosts := questions(plan)):
        console.print(questions_line(len(hosts)))
    if plan.kept:
        console.print(way_to_lose(plan))
    show_findings(findings, console)


def questions_line(hosts: int) -> str:
    """Return the number of hosts whose `ready` an apply checks, whether it changes them or not."""
    return f"An apply will check whether {count(hosts, 'host')} {'is' if hosts == 1 else 'are'} ready."


def rolling(role: Role) -> str:
    """Return how many hosts of a role go down at a time, and what the next ones wait for."""
    several = role.max_unavailable > 1
    way = f"{role.max_unavailable} at a time" if several else "one at a time"
    if not role.ready:
        last = "the last ones run" if several else "the last one runs"
        return f"Hosts of {role.name} go down {way}. The next waits until {last}: the role has no `ready`."
    checks = " and ".join(repr(name_of(hook)) for hook in role.ready)
    last = "the last ones are" if several else "the last one is"
    limit = f"for {role.ready_limit} at most"
    return (
        f"Hosts of {role.name} go down {way}. The next waits until {last} ready, {limit}: {checks} says so."
    )


def way_to_lose(plan: Plan) -> str:
    """Return how to delete or replace what is kept, and that its data is lost then."""
    verbs = dict.fromkeys("delete" if change.after is None else "replace" for change in plan.kept)
    do = " or ".join(sorted(verbs))
    return f"To {do} what is kept and lose its data: --allow-data-loss ADDRESS, or --allow-data-loss all."


def summary(plan: Plan) -> str:
    """Return one line: the number of changes by action, and the least calls and time."""
    if not plan.differs and plan.empty:
        return nothing_to_do(plan)
    words = {"delete": "to delete", "replace": "to replace", "update": "to update", "create": "to create"}
    counts = plan.summary()
    parts = [f"{counts[action]:,} {word}" for action, word in words.items() if counts[action]]
    hold = "it holds" if counts.get("keep") == 1 else "they hold"
    parts += [f"{counts['keep']:,} kept for the data {hold}"] if counts.get("keep") else []
    budget = plan.budget
    text = f"Plan: {', '.join(parts)}."
    if budget.calls and not plan.errors:
        text += f" At least {count(budget.calls, 'API call')}"
        if budget.floor_seconds >= 1:
            text += f" and {duration(budget.floor_seconds)}, by the provider's published rates"
        text += f".{usual_time(plan)}"
    return text


def usual_time(plan: Plan) -> str:
    """Return a sentence about the time that an apply usually takes; empty where it is short or not known."""
    seconds = estimate(plan)
    if seconds is None or seconds < 1:
        return ""
    checks = any(step.phase == "ready" for step in plan.steps)
    condition = ", if each host is ready at once" if checks else ""
    return f" About {duration(seconds)}{condition}."


def _line(plan: Plan, change: Change, *, full: bool) -> _Line:
    address = change.address
    loses = address.kind == "volume" and change.action in ("delete", "replace")
    alone = full or change.action not in ("create", "delete") or loses
    reason = _reason(plan, change)
    if change.interrupts:
        reason += "the host is down for a moment"
    if loses:
        reason += f"{': ' if reason else ''}{LOSS}"
    details = tuple(difference_lines(change.differences))
    if full and change.action == "create" and change.after is not None:
        details = tuple(
            f"{field_text(name)}: {value(given)}"
            for name, given in public_fields(change.after).items()
            if given
        )
    if full:
        return _Line(change.action, role_of(plan.placed, address), address, reason, details)
    return _Line(change.action, role_of(plan.placed, address), address.kind if alone else "", reason, details)


def _reason(plan: Plan, change: Change) -> str:
    """Return the reason; empty: the symbol or the attributes say it. Equal changes have equal texts."""
    if change.action == "create" or (change.action == "update" and change.differences):
        return ""
    if plan.destroys:
        return "it holds data" if change.action == "keep" else ""
    if change.action == "keep":  # the rest of the reason names this address
        return change.reason.partition(";")[0]
    held = re.fullmatch(r"(([a-z-]+)\.\S+) is replaced", change.reason)
    if held is None:
        return change.reason
    role = role_of(plan.placed, Address(held[1]))
    is_own = role in (COMMON, role_of(plan.placed, change.address))
    return f"its {held[2]} is replaced" if is_own else f"{change.reason}, which it names"


def _dangerous(line: _Line, change: Change) -> bool:
    return line.action in ("delete", "replace", "keep") or change.interrupts


def _show_section(console: Console, title: str, lines: Mapping[_Line, list[Change]]) -> None:
    if not lines:
        return
    console.print()
    console.print(styled_text((title, "bold")))
    width = max(len(line.role) for line in lines)
    # Sorting is stable, so each role keeps the plan's own order.
    for line, changes in sorted(lines.items(), key=lambda item: _rank(item[0], list(lines))):
        first = styled_text((f"  {SYMBOLS[line.action]:<4}", STYLES[line.action]), f"{line.role:<{width}}  ")
        reason = f"  {line.reason}" if line.reason else ""
        print_hanging(console, first, f"{_what(line, changes)}{reason}")
        for detail in line.details:
            print_hanging(console, styled_text(f"      {'':<{width}}    "), detail, style="dim")


def _rank(line: _Line, lines: list[_Line]) -> int:
    """Return the position of a line's role in the order of first mention."""
    roles = list(dict.fromkeys(each.role for each in lines))
    return roles.index(line.role)


def _what(line: _Line, changes: Iterable[Change]) -> str:
    addresses = [change.address for change in changes]
    if line.kind:
        several = f" ({len(addresses)})" if len(addresses) > 2 else ""
        names = [address.name for address in addresses]
        return f"{addresses[0].kind}.{join_runs(names)}{several}"
    return count_by_kind(addresses)
