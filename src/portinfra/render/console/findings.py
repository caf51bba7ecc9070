"""The report of `check` as text: findings by severity, waivers, and who can reach whom."""

from collections.abc import Collection, Iterable

from portinfra.format import count
from portinfra.model.finding import Finding, Severity
from portinfra.model.reference_rules import name_rule
from portinfra.model.topology import INTERNET
from portinfra.policy import BUILT_IN, Report, Waived
from portinfra.policy.declared_traffic import Declared, traffic_of
from portinfra.reach import Hop, Reach, Traffic
from portinfra.reach.traffic import NOTHING
from portinfra.render.console.assurances import describe_dropped_traffic
from portinfra.render.console.errors import STYLES
from portinfra.render.console.styled import Indented, StyledText, Table, styled_text, table
from portinfra.render.console.terminal import Console
from portinfra.safe_text import visible

TITLES = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.NOTE: "Notes"}
MANY = 6
"""From this number of roles on, a list names the few roles that are missing: `all but logs`."""

SEEN = " (in the cloud)"
"""The mark of a finding of `--observed`: it is in the cloud, and not in the declaration."""

UNREAD = "computed from the declaration; the cloud was not read (--observed reads it)"
"""What a report without `--observed` is about: it says nothing of what exists."""

UNDECLARED = "(no flow declares it)"

Row = tuple[str, str, Traffic, str]
"""Source, target, traffic, and reason."""


def show_report(report: Report, console: Console) -> None:
    """Print the whole report. Of the cloud, print only what differs from the declaration."""
    what = UNREAD if report.there is None else "computed from the declaration and from the cloud"
    on = report.placed.environment.on
    console.print(styled_text((str(report.placed.scope), "bold"), f" on {on}: {what}"))
    for severity, title in TITLES.items():
        _show_findings(title, severity, report.of(severity), console)
    _show_waived(report.waived, console)
    declared = Declared.by(report.placed.topology)
    ways = rows(report.reach, declared)
    roles = [role.name for role in report.placed.topology.roles]
    _show_rows("Who can reach whom", ways, roles, console)
    _show_depth(report.reach, console)
    if report.there is not None:
        there = rows(report.there, declared)
        _show_rows("In the cloud, and not declared", _beyond(there, ways), roles, console)
        _show_rows("Declared, and not in the cloud", _beyond(ways, there), roles, console)
    console.print()
    console.print(summary(report))


def summary(report: Report) -> str:
    """Return one line with the number of findings by severity."""
    parts = [count(len(report.of(severity)), severity) for severity in TITLES]
    waived = f", {len(report.waived)} waived" if report.waived else ""
    return f"Check: {', '.join(parts)}{waived}. {describe_dropped_traffic(report)}"


def summary_beside_plan(report: Report) -> str:
    """Return one line about warnings and notes, which a plan does not show; empty: there are none."""
    others = [finding for finding in report.findings if finding.severity is not Severity.ERROR]
    parts = [count(len(some), severity) for severity in TITLES if (some := _of(others, severity))]
    rules = ", ".join(dict.fromkeys(finding.rule for finding in others))
    return f"Check: {', '.join(parts)} ({rules})." if others else ""


def show_path(source: str, target: str, hops: Iterable[Hop], declared: Declared, console: Console) -> None:
    """Print a path, a line for each hop, with the flows that allow it."""
    hops = list(hops)
    if not hops:
        console.print(f"{source} cannot reach {target}, neither directly nor through others.")
        return
    console.print(f"{source} reaches {target} in {count(len(hops), 'step')}:")
    listed = table("from", "to", "traffic", "because")
    for hop in hops:
        flows = declared.reasons(hop.source_role, hop.target_role, hop.traffic)
        why = "; ".join(f"{flow.why} ({flow.location})" for flow in flows)
        listed.add_row(hop.source, hop.target, str(hop.traffic), why or styled_text((UNDECLARED, "red")))
    console.print(listed)


def rows(reach: Reach, declared: Declared) -> list[Row]:
    """Return a row for all traffic of one step. Traffic that no flow declares has rows of its own."""
    edges = {(edge.source, edge.target): edge.traffic for edge in reach.edges()}
    found: list[Row] = []
    for (source, target), traffic in edges.items():
        # Traffic of the whole internet is not repeated for each CIDR that a rule names.
        if "/" in source:
            traffic -= edges.get((INTERNET, target), NOTHING)
        if "/" in target:
            traffic -= edges.get((source, INTERNET), NOTHING)
        for flow in declared.reasons(source, target, traffic):
            if allowed := traffic & traffic_of(flow):
                found.append((source, target, allowed, flow.why.strip()))
                traffic -= allowed
        if traffic:
            found.append((source, target, traffic, UNDECLARED))
    return found


def merge_rows(ways: Iterable[Row], roles: Collection[str]) -> list[Row]:
    """Return the rows, merged where they differ in one end only: `web, app` to `logs`, or `all but logs`."""
    by_target: dict[tuple[str, Traffic, str], list[str]] = {}
    for source, target, traffic, why in ways:
        by_target.setdefault((target, traffic, why), []).append(source)
    by_sources: dict[tuple[str, Traffic, str], list[str]] = {}
    for (target, traffic, why), sources in by_target.items():
        by_sources.setdefault((_several(sources, roles), traffic, why), []).append(target)
    return [
        (sources, _several(targets, roles), traffic, why)
        for (sources, traffic, why), targets in by_sources.items()
    ]


def _several(names: Collection[str], roles: Collection[str]) -> str:
    others = [role for role in roles if role not in names]
    if len(names) < MANY or len(others) > len(names) // 4 or not set(names) <= set(roles):
        return ", ".join(names)
    return f"all but {', '.join(others)}" if others else "all"


def _beyond(ways: Iterable[Row], others: Iterable[Row]) -> list[Row]:
    known: dict[tuple[str, str], Traffic] = {}
    for source, target, traffic, _ in others:
        known[source, target] = known.get((source, target), NOTHING) | traffic
    return [
        (source, target, more, why)
        for source, target, traffic, why in ways
        if (more := traffic - known.get((source, target), NOTHING))
    ]


def _show_findings(title: str, severity: Severity, findings: Iterable[Finding], console: Console) -> None:
    by_rule: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault((finding.rule, finding.fix), []).append(finding)
    if not by_rule:
        return
    enforced = {rule.id: f" ({name_rule(rule.enforces)})" for rule in BUILT_IN}
    _title(title, console)
    for (rule, fix), some in by_rule.items():
        _line(2, styled_text((rule, STYLES[severity]), enforced.get(rule, "")), console)
        for finding in some:
            place = f"{finding.location}: " if finding.location else ""
            seen = SEEN if finding.observed else ""
            _line(4, styled_text(f"{place}{finding.subject}: {finding.message}{seen}"), console)
        if fix:
            _line(4, styled_text(f"→ {fix}"), console)


def _show_waived(waived: Iterable[Waived], console: Console) -> None:
    if waived:
        _title("Waived", console)
    for one in waived:
        _line(2, styled_text((one.finding.rule, "dim"), f" by {one.role}: {visible(one.reason)}"), console)
        seen = SEEN if one.finding.observed else ""
        _line(4, styled_text((f"{one.finding.subject}: {one.finding.message}{seen}", "dim")), console)


def _show_rows(title: str, ways: Iterable[Row], roles: Collection[str], console: Console) -> None:
    lines = merge_rows(ways, roles)
    _title(title, console)
    if not lines:
        _line(2, "nothing", console)
        return
    listed = table("from", "to", "traffic", "because")
    for sources, targets, traffic, why in lines:
        because = styled_text((why, "red")) if why == UNDECLARED else styled_text(why)
        listed.add_row(sources, targets, str(traffic), because)
    _line(2, listed, console)


def _show_depth(reach: Reach, console: Console) -> None:
    """Print the distance of each role from the internet, and the role that reaches it first."""
    levels: dict[int, dict[str, list[str]]] = {}
    for role, chain in reach.chains_from(INTERNET).items():
        levels.setdefault(len(chain), {}).setdefault(chain[-1].source_role, []).append(role)
    if not levels:
        return
    _title("From the internet, step by step", console)
    for depth, by_source in sorted(levels.items()):
        steps = (_step(source, roles) for source, roles in by_source.items())
        _line(2, styled_text(f"{depth}: {'; '.join(steps)}"), console)


def _step(source: str, roles: Iterable[str]) -> str:
    names = ", ".join(roles)
    return names if source == INTERNET else f"{names} (via {source})"


def _of(findings: Iterable[Finding], severity: Severity) -> list[Finding]:
    return [finding for finding in findings if finding.severity is severity]


def _line(indent: int, what: str | StyledText | Table, console: Console) -> None:
    """Print something with each line indented."""
    console.print(Indented(what, indent))


def _title(title: str, console: Console) -> None:
    console.print()
    console.print(styled_text((title, "bold")))
