"""A plan in the sections and lines that people read: dangers first, then what is bought, and flows.

The terminal and Markdown print the same report.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from portinfra.execution.estimate import estimate
from portinfra.format import count, duration, join_runs
from portinfra.hooks.calls import name_of
from portinfra.model.address import Address
from portinfra.model.change import Action, Change, Step
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.model.plan import Plan
from portinfra.model.resources import FirewallRules, Instance, Rule, Spec, Volume, public_fields
from portinfra.model.topology import Role
from portinfra.planning.account import account_of
from portinfra.planning.readiness import is_rolling, questions, rolling_roles
from portinfra.planning.roles import COMMON, role_of
from portinfra.planning.subnets import RULE as SUBNET_MOVES
from portinfra.render.console.assurances import nothing_to_do
from portinfra.render.console.differences import difference_lines, field_text, peer, traffic, value
from portinfra.render.console.names import count_by_kind
from portinfra.value import frozen

LOSS = "all its data is lost"

SYMBOLS: Mapping[Action, str] = {"create": "+", "update": "~", "replace": "-/+", "delete": "-", "keep": "="}
"""The sign of each action, in front of a line."""


@frozen
class Line:
    """Changes whose texts differ only in their addresses."""

    action: Action
    role: str
    what: str
    """The resources: `volume.db1-data`, `3 instances (web1 … web3)`."""
    reason: str
    """Empty: the action or the details say it."""
    place: Location | None
    """The line of the declaration; None where nothing declares it."""
    details: tuple[str, ...] = ()
    """One text for each attribute: `gib: 10 → 5`."""


@frozen
class Section:
    """Lines with one title, role by role."""

    title: str
    lines: tuple[Line, ...]


@frozen
class Purchase:
    """Hosts or volumes that differ only in their names, and that the plan creates."""

    role: str
    names: tuple[str, ...]
    """The names of the hosts, or of the volumes."""
    machine_type: str
    """The provider's own name; empty for volumes."""
    vcpus: int | None
    """The vCPUs of each; None for volumes, and where the catalogue does not have the machine type."""
    memory_gib: float | None
    """The memory of each, in GiB; None as for `vcpus`."""
    disk_gib: int
    """The root disk of each host, or the size of each volume, in GiB."""
    zones: tuple[str, ...]


@frozen
class Totals:
    """What some resources have together."""

    hosts: int = 0
    vcpus: int = 0
    memory_gib: float = 0
    """GiB."""
    disk_gib: int = 0
    """The root disks of hosts, and volumes, in GiB."""
    unknown_hosts: int = 0
    """How many hosts have a machine type that the catalogue lacks: their vCPUs and memory do not count."""


@frozen
class Report:
    """A plan as people read it."""

    headline: str
    """What is planned."""
    where: str
    """The location and the account."""
    dangers: Section
    changes: Section
    new: Section
    purchases: tuple[Purchase, ...]
    added: Totals
    """What hosts and volumes have that the plan creates, or that replace others or change."""
    removed: Totals
    """What the same have before, and those that the plan deletes."""
    flows: tuple[str, ...]
    """A line for each pair of roles and protocol whose traffic changes."""
    notes: tuple[str, ...]
    """Sentences about how an apply goes, what it costs, and how long it takes."""
    findings: tuple[Finding, ...]


def report(plan: Plan, *, full: bool = False) -> Report:
    """Return the report of a plan. Without `full`, many equal changes become one line."""
    account = f", account {account_of(plan)}" if account_of(plan) else ""
    # Changes that follow from an error of the declaration mean nothing.
    changes = () if _moves_subnets(plan) else plan.changes
    groups: dict[_Group, list[Change]] = {}
    for change in changes:
        groups.setdefault(_group(plan, change, full=full), []).append(change)
    dangers = dict.fromkeys(group for group, some in groups.items() if _is_dangerous(group, some[0]))
    others = [group for group in groups if group not in dangers]

    def section(title: str, kept: Iterable[_Group]) -> Section:
        chosen = list(kept)
        rank = {role: at for at, role in enumerate(dict.fromkeys(group.role for group in chosen))}
        # Sorting is stable, so each role keeps the plan's own order.
        ordered = sorted(chosen, key=lambda group: rank[group.role])
        return Section(title, tuple(_line(plan, group, groups[group]) for group in ordered))

    return Report(
        f"{'destroy ' if plan.destroys else ''}{plan.scope}",
        f"{plan.placed.environment.on}{account}",
        section("Deletions and dangers", dangers),
        section("Changes", (group for group in others if group.action == "update")),
        section("New", (group for group in others if group.action == "create")),
        tuple(_purchases(plan, changes)),
        totals(plan, (each.after for each in changes if each.action in ("create", "replace", "update"))),
        totals(plan, (each.before for each in changes if each.action in ("delete", "replace", "update"))),
        tuple(_flow_lines(plan, changes)),
        () if _moves_subnets(plan) else tuple(_notes(plan)),
        plan.findings,
    )


def totals(plan: Plan, specs: Iterable[Spec | None]) -> Totals:
    """Return what these hosts and volumes have together. Other resources have nothing."""
    found = list(specs)
    hosts = [spec for spec in found if isinstance(spec, Instance)]
    types = [plan.catalogue.machine_types.get(host.machine_type) for host in hosts]
    known = [each for each in types if each is not None]
    disks = [spec.disk_gib for spec in hosts] + [spec.gib for spec in found if isinstance(spec, Volume)]
    return Totals(
        len(hosts),
        sum(each.vcpus for each in known),
        sum(each.memory_gib for each in known),
        sum(disks),
        len(hosts) - len(known),
    )


def totals_line(report: Report) -> str:
    """Return what hosts and volumes have more or less after an apply; empty: neither.

    `Size: 3 hosts, 6 vCPUs, 12 GiB of memory, 60 GiB of disks more.`
    """
    more, less = report.added, report.removed
    differences = {
        "host": more.hosts - less.hosts,
        "vCPU": more.vcpus - less.vcpus,
        "GiB of memory": more.memory_gib - less.memory_gib,
        "GiB of disks": more.disk_gib - less.disk_gib,
    }
    said = []
    for sign, word in ((1, "more"), (-1, "less")):
        sizes = {what: number * sign for what, number in differences.items() if number * sign > 0}
        if sizes:
            said.append(f"{', '.join(_size(what, number) for what, number in sizes.items())} {word}")
    unknown = more.unknown_hosts + less.unknown_hosts
    without = f" The vCPUs and memory of {count(unknown, 'host')} are not known." if said and unknown else ""
    return f"Size: {'; '.join(said)}.{without}" if said else ""


def _size(what: str, number: float) -> str:
    return f"{number:,.10g} {what}" if what.startswith("GiB") else count(int(number), what)


def _purchases(plan: Plan, changes: Iterable[Change]) -> Iterator[Purchase]:
    """Yield the new hosts and volumes, role by role. Replacements are not bought: the old one goes."""
    groups: dict[tuple[str, str, int], list[Instance | Volume]] = {}
    for change in changes:
        spec = change.after
        if change.action == "create" and isinstance(spec, Instance | Volume):
            machine = spec.machine_type if isinstance(spec, Instance) else ""
            gib = spec.disk_gib if isinstance(spec, Instance) else spec.gib
            groups.setdefault((role_of(plan.placed, change.address), machine, gib), []).append(spec)
    for (role, machine, gib), specs in groups.items():
        offer = plan.catalogue.machine_types.get(machine)
        yield Purchase(
            role,
            tuple(spec.name for spec in specs),
            machine,
            offer.vcpus if offer else None,
            offer.memory_gib if offer else None,
            gib,
            tuple(sorted({str(spec.zone) for spec in specs})),
        )


def _flow_lines(plan: Plan, changes: Iterable[Change]) -> Iterator[str]:
    """Yield the traffic that changes, once although both ends have a rule for it."""
    ends: dict[tuple[str, str, str], tuple[dict[str, None], dict[str, None]]] = {}
    tightened: set[str] = set()
    for change in changes:
        role = change.address.name
        if Step("tighten", change.address) in plan.steps:
            tightened.add(role)
        for way in ("ingress", "egress"):
            before, after = _rules(change.before, way), _rules(change.after, way)
            for number, rules in enumerate((before - after, after - before)):
                for rule in sorted(rules):
                    pair = (peer(rule), role) if way == "ingress" else (role, peer(rule))
                    ends.setdefault((*pair, rule.protocol), ({}, {}))[number].setdefault(_ports(rule))
    for (source, target, protocol), (closed, opened) in ends.items():
        first = ", closed before opened" if {source, target} & tightened and closed and opened else ""
        ports = [", ".join(closed), ", ".join(opened)]
        what = " → ".join(text for text in ports if text) if protocol != "icmp" else ""
        end = first or ("" if closed and opened else ", closed" if closed else ", opened")
        yield f"{source} → {target} {f'{protocol} {what}'.strip()}{end}"


def _rules(spec: Spec | None, way: str) -> frozenset[Rule]:
    return frozenset(getattr(spec, way)) if isinstance(spec, FirewallRules) else frozenset()


def _ports(rule: Rule) -> str:
    return traffic(rule).removeprefix(rule.protocol).strip()


def _moves_subnets(plan: Plan) -> bool:
    return any(finding.rule == SUBNET_MOVES for finding in plan.findings)


def _notes(plan: Plan) -> Iterator[str]:
    yield from (rolling(role) for role in rolling_roles(plan) if is_rolling(plan, role))
    yield summary(plan)
    if not plan.errors and (hosts := questions(plan)):
        yield questions_line(len(hosts))
    if plan.kept:
        yield way_to_lose(plan)


@frozen
class _Group:
    """Changes whose texts differ only in their addresses."""

    action: Action
    role: str
    kind: str
    """The kind of all resources; empty: the line counts several kinds."""
    reason: str
    details: tuple[str, ...] = ()


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


def _group(plan: Plan, change: Change, *, full: bool) -> _Group:
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
        return _Group(change.action, role_of(plan.placed, address), address, reason, details)
    return _Group(
        change.action, role_of(plan.placed, address), address.kind if alone else "", reason, details
    )


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


def _is_dangerous(group: _Group, change: Change) -> bool:
    return group.action in ("delete", "replace", "keep") or change.interrupts


def _line(plan: Plan, group: _Group, changes: Iterable[Change]) -> Line:
    some = list(changes)
    declared = plan.placed.resources.keys() & {change.address for change in some}
    place = plan.placed.location(min(declared)) if declared else None
    return Line(group.action, group.role, _what(group, some), group.reason, place, group.details)


def _what(group: _Group, changes: Iterable[Change]) -> str:
    addresses = [change.address for change in changes]
    if group.kind:
        several = f" ({len(addresses)})" if len(addresses) > 2 else ""
        names = [address.name for address in addresses]
        return f"{addresses[0].kind}.{join_runs(names)}{several}"
    return count_by_kind(addresses)
