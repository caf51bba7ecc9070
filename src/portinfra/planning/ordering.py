"""The steps of a plan, and which steps must be done before each.

Creation follows the wanted references. Deletion follows the observed references in reverse. In addition:
- a deleted host releases its volumes by itself when it has shut down: portinfra detaches none before;
- a firewall's rules exist before any instance that uses it;
- rules that close traffic come before rules that would open it at the other end (`rule_order.py`);
- a resource with a reused address or CIDR waits until its former user is gone; so does everything that is
  needed by a resource that an earlier run has begun to delete;
- hosts of a role go down a few at a time, zone by zone, and each is healthy before the next one goes down;
  unfinished work of an earlier run comes first, then hosts that are down, then hosts that are not ready;
- a host is asked if it is ready once it has all that belongs to it (`readiness.py`).
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from attrs import field

from portinfra.graph import CycleError, order
from portinfra.model.address import Address
from portinfra.model.change import Change, Step
from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observed
from portinfra.model.resources import FirewallRules, Instance, Spec
from portinfra.planning.changes import Desired
from portinfra.planning.rule_order import Closing
from portinfra.value import define

Steps = dict[Step, set[Step]]

RollingRoles = Mapping[str, int]
"""Role → how many of its hosts may be down at a time."""


def steps(
    decided: Mapping[Address, Change],
    desired: Desired,
    roles: Mapping[Address, str],
    max_unavailable: RollingRoles,
    closings: Iterable[Closing] = (),
    checked_hosts: Iterable[Address] = (),
) -> tuple[Steps, list[Finding]]:
    """Return every step with its predecessors in a valid order, and the roles whose hosts cannot go down one
    by one.
    """
    builder = _Builder(decided, desired, tuple(closings), tuple(checked_hosts))
    builder.build()
    gentle = {step: set(before) for step, before in builder.steps.items()}
    chains = list(_chains(decided, desired, roles, max_unavailable))
    for host_chain in chains:
        _add_chain(gentle, host_chain, max_unavailable)
    try:
        return {step: gentle[step] for step in order(gentle)}, []
    except CycleError:
        return _steps_without_cycles(builder, chains, max_unavailable)


def _steps_without_cycles(
    builder: "_Builder", chains: Iterable[list["_Host"]], max_unavailable: RollingRoles
) -> tuple[Steps, list[Finding]]:
    """Return the steps. Only hosts of roles that cannot go down host by host go down at once."""
    ordered = {step: builder.steps[step] for step in order(builder.steps)}
    at_once: dict[tuple[Address, ...], list[str]] = {}
    for host_chain in chains:
        tried = {step: set(before) for step, before in ordered.items()}
        _add_chain(tried, host_chain, max_unavailable)
        try:
            ordered = {step: tried[step] for step in order(tried)}
        except CycleError:
            hosts = [step.address for host in host_chain for step in host.first]
            base = _replaced_base(hosts, builder.decided, builder.desired)
            at_once.setdefault(base, []).append(host_chain[0].role)
    replace = builder.desired.options.replace
    return ordered, [_at_once_finding(names, base, replace) for base, names in at_once.items()]


def _replaced_base(
    hosts: Iterable[Address], decided: Mapping[Address, Change], desired: Desired
) -> tuple[Address, ...]:
    """Return the replaced resources that hosts need, without those that are replaced only because of them."""
    found: set[Address] = set()
    todo = list(hosts)
    while todo:
        seen = desired.existing.get(todo.pop())
        for reference in seen.spec.references() if seen else ():
            if reference not in found and _is_replaced(reference, decided):
                found.add(reference)
                todo.append(reference)
    found = {address for address in found if address.kind != Instance.kind}
    needed = {a: set(desired.existing[a].spec.references()) for a in found if a in desired.existing}
    return tuple(sorted(address for address in found if not needed.get(address, set()) & found))


def _is_replaced(address: Address, decided: Mapping[Address, Change]) -> bool:
    return address in decided and decided[address].action == "replace"


def _at_once_finding(roles: list[str], base: tuple[Address, ...], replace: Iterable[Address]) -> Finding:
    named = [address for address in base if address in replace]
    reason = f"{', '.join(base)} is replaced, which they need" if base else "they exchange their addresses"
    if len(base) > 1:
        reason = f"{', '.join(base)} are replaced, which they need"
    other_way = "change counts and zones in separate applies" if not base else ""
    if named:
        other_way = f"leave out {' '.join(f'--replace {address}' for address in named)}"
    return Finding(
        "plan/all-at-once",
        f"hosts of {', '.join(roles)} go down at the same time, and not one after the other: {reason}",
        "Expect their services to be down during the apply" + (f", or {other_way}." if other_way else "."),
        Severity.WARNING,
    )


@define
class _Builder:
    decided: Mapping[Address, Change]
    desired: Desired
    closings: tuple[Closing, ...]
    checked_hosts: tuple[Address, ...]
    """The hosts that are asked if they are ready."""
    steps: Steps = field(factory=dict)

    def build(self) -> None:
        self.steps.update((closing.step, set()) for closing in self.closings if closing.tightened)
        for address, change in self.decided.items():
            seen = self.desired.existing.get(address)
            if change.action in ("delete", "replace") or (seen is not None and seen.state == "deleting"):
                self.steps[Step("remove", address)] = set()
            if change.action in ("create", "update", "replace"):
                self.steps[Step("converge", address)] = set()
        self._creation_follows_references()
        self._deletion_goes_against_them()
        self._rules_before_instances()
        self._closing_before_opening()
        self._one_tenant_at_a_time()
        if self.steps:
            self._ready_at_last()

    def _after(self, step: Step, before: Step) -> None:
        if step in self.steps and before in self.steps and step != before:
            self.steps[step].add(before)

    def _creation_follows_references(self) -> None:
        for address in self.decided:
            converge = Step("converge", address)
            if converge in self.steps:
                self._after(converge, Step("remove", address))
                for reference in self.desired.wanted[address].references():
                    self._after(converge, Step("converge", reference))

    def _deletion_goes_against_them(self) -> None:
        for address, change in self.decided.items():
            seen = self.desired.existing.get(address)
            if seen is None:
                continue
            want = self.desired.wanted.get(address)
            for reference in seen.spec.references():
                remove = Step("remove", reference)
                if seen.spec.ends_with(reference):
                    self._after(Step("remove", address), remove)
                elif Step("remove", address) in self.steps:
                    self._after(remove, Step("remove", address))
                elif change.action == "update" and want and reference not in want.references():
                    tighten = Step("tighten", address)
                    released = self._releases(tighten, reference)
                    self._after(remove, tighten if released else Step("converge", address))

    def _releases(self, tighten: Step, reference: Address) -> bool:
        """Return whether the rules that a `tighten` step leaves no longer refer to a resource."""
        left = (closing.tightened for closing in self.closings if closing.step == tighten)
        return any(each is not None and reference not in each.references() for each in left)

    def _rules_before_instances(self) -> None:
        rules = {
            spec.firewall: Step("converge", address)
            for address, spec in self.desired.wanted.items()
            if isinstance(spec, FirewallRules)
        }
        for address, change in self.decided.items():
            if isinstance(change.after, Instance) and change.after.firewall in rules:
                self._after(Step("converge", address), rules[change.after.firewall])

    def _closing_before_opening(self) -> None:
        for closing in self.closings:
            for address in (closing.step.address, *closing.opening):
                self._after(Step("converge", address), closing.step)
            for reference in closing.tightened.references() if closing.tightened else ():
                self._after(closing.step, Step("converge", reference))

    def _one_tenant_at_a_time(self) -> None:
        leaving: dict[tuple[str, str], Address] = {}
        for address in self.decided:
            if Step("remove", address) in self.steps:
                leaving.update((place, address) for place in tenancy(self.desired.existing[address].spec))
        for address, change in self.decided.items():
            for place in tenancy(change.after) if change.after else ():
                if place in leaving:
                    self._after(Step("converge", address), Step("remove", leaving[place]))

    def _ready_at_last(self) -> None:
        dependents = _dependents(self.decided, self.desired)
        for host in self.checked_hosts:
            ready = Step("ready", host)
            self.steps[ready] = set()
            for address in (host, *dependents.get(host, ())):
                self._after(ready, Step("converge", address))


def tenancy(spec: Spec) -> Iterator[tuple[str, str]]:
    """Return what only one resource of a network can have."""
    for name in ("private_address", "cidr"):
        if value := getattr(spec, name, None):
            yield name, value


@define
class _Host:
    """One host: the first steps that take it down, and the last that make it healthy."""

    role: str
    up: bool
    ready: bool
    zone: str
    first: list[Step]
    last: list[Step]


def _chains(
    decided: Mapping[Address, Change],
    desired: Desired,
    roles: Mapping[Address, str],
    max_unavailable: RollingRoles,
) -> Iterable[list[_Host]]:
    """Return, for each role whose hosts go down host by host, its hosts in order."""
    if not any(map(goes_down, decided.values())):
        return
    dependents = _dependents(decided, desired)
    by_role: dict[str, list[_Host]] = {}
    fresh: dict[str, list[Step]] = {}
    for address in desired.wanted:
        if address.kind == Instance.kind and address not in decided and address in roles:
            fresh.setdefault(roles[address], []).append(Step("ready", address))
    for address, change in decided.items():
        role = roles.get(address)
        if role is None or change.after is None:
            continue
        if not isinstance(change.after, Instance):
            if _binds_to_others(change.after, decided):
                fresh.setdefault(role, []).append(Step("converge", address))
            continue
        last = [Step("converge", a) for a in (address, *dict.fromkeys(dependents.get(address, ())))]
        last.append(Step("ready", address))
        if not goes_down(change):
            fresh.setdefault(role, []).extend(last)
            continue
        removed = [Step("remove", step.address) for step in last if step.phase == "converge"]
        first = removed if change.action == "replace" else last[:1]
        up, ready = is_up(desired.existing.get(address)), address not in desired.options.not_ready
        host = _Host(role, up, ready, str(change.after.zone), first, last)
        by_role.setdefault(role, []).append(host)
    for role, turns in by_role.items():
        turns.sort(key=lambda host: (host.ready, host.zone))  # a stable sort: by number within a zone
        yield [_Host(role, False, True, "", [], fresh.get(role, [])), *turns]


def goes_down(change: Change) -> bool:
    """Return whether a change takes a host down, if only for a moment."""
    return change.action == "replace" or bool(change.interrupts)


def _binds_to_others(spec: Spec, decided: Mapping[Address, Change]) -> bool:
    """Return whether it refers to hosts, and to none that changes."""
    hosts = [address for address in spec.references() if address.kind == Instance.kind]
    return bool(hosts) and not any(host in decided for host in hosts)


def is_up(seen: Observed[Spec] | None) -> bool:
    """Return whether a host serves now, so that one more host is down if it goes down."""
    if seen is None or not isinstance(seen.spec, Instance):
        return False
    return seen.state == "ready" and not seen.fault and seen.spec.power == "running"


def _dependents(decided: Iterable[Address], desired: Desired) -> dict[Address, list[Address]]:
    """Return each resource with the changed resources that refer to it, before or after the change."""
    dependents: dict[Address, list[Address]] = {}
    for address in decided:
        seen = desired.existing.get(address)
        for spec in (desired.wanted.get(address), seen.spec if seen else None):
            for reference in spec.references() if spec else ():
                dependents.setdefault(reference, []).append(address)
    return dependents


def _add_chain(steps: Steps, hosts: list[_Host], max_unavailable: RollingRoles) -> None:
    fresh, *turns = hosts
    healthy = fresh.last
    for batch in _batches(turns, max(1, max_unavailable.get(fresh.role, 1))):
        for step in (step for host in batch for step in host.first if step in steps):
            steps[step].update(before for before in healthy if before in steps)
        healthy = [step for host in batch for step in host.last]


def _batches(turns: Iterable[_Host], width: int) -> Iterator[list[_Host]]:
    """Return the hosts that are down at the same time: first all that are down already, then a batch of each
    zone.
    """
    turns = list(turns)
    if down := [host for host in turns if not host.up]:
        yield down
    serving = (host for host in turns if host.up)
    for _, zone in groupby(serving, key=lambda host: (host.ready, host.zone)):
        hosts = list(zone)
        yield from (hosts[start : start + width] for start in range(0, len(hosts), width))
