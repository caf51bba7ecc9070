"""Composition of a plan from its parts."""

import re
from collections.abc import Iterable, Mapping

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.change import Change
from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.plan import Plan, PlanOptions
from portinfra.model.resources import Network, Spec
from portinfra.planning.binding import Bound, bind, start_from_newest
from portinfra.planning.budget import budget, raise_for_unknown_rates, unknown_rate_findings
from portinfra.planning.changes import Desired, Drivers, decide_changes, effective_spec, follow_replacements
from portinfra.planning.creation import birth_findings
from portinfra.planning.dry_run import dry_run, planned_calls
from portinfra.planning.ignored_attributes import ignored_findings
from portinfra.planning.mounts import mount_findings
from portinfra.planning.offers import offer_findings
from portinfra.planning.ordering import steps
from portinfra.planning.protection import protection_findings
from portinfra.planning.quotas import quota_findings
from portinfra.planning.readiness import hosts_to_ask
from portinfra.planning.rename import find_stranded_volumes, find_unknown_former_names, rename_resources
from portinfra.planning.retention import keep_data, leave_unknown, only_selected, still_named_findings
from portinfra.planning.rule_order import closings
from portinfra.planning.subnets import subnet_findings
from portinfra.planning.zones import resources_after, zone_findings
from portinfra.provider.own_code import call_method

_ACTION_ORDER = ("delete", "replace", "keep", "update", "create")


def make_plan(
    placed: Placed,
    catalogue: Catalogue,
    observation: Observation,
    drivers: Drivers,
    options: PlanOptions | None = None,
    *,
    destroy: bool = False,
) -> Plan:
    """Return the plan from the observed to the placed resources; with `destroy`, to no resources.

    It never raises for an error that the user can correct. Such errors are findings, and `apply` accepts no
    plan with one.
    """
    options = options or PlanOptions()
    left_behind = [] if destroy else find_stranded_volumes(placed, observation, drivers, options)
    before = observation
    observation = rename_resources(placed, observation, drivers)
    bound = bind(placed, catalogue, observation, options)
    moved = [] if destroy else subnet_findings(placed, bound.wanted, observation)
    findings = [] if destroy else [*bound.findings, *moved, *left_behind]
    wanted = {} if destroy else effective_spec(bound.wanted, observation, drivers, placed)
    desired = Desired(wanted, observation, drivers, options)
    decided, more = _decide(desired, bound, placed)
    decided = start_from_newest(decided, catalogue)
    wanted = {address: _after(decided.get(address), want) for address, want in wanted.items()}
    desired = evolve(desired, wanted=wanted)
    findings += more
    findings += dict.fromkeys(offer_findings(decided.values(), placed, catalogue, drivers))
    if not destroy:
        findings += find_unknown_former_names(placed, before, decided)
        findings += birth_findings(placed, observation, decided, options.only)
        findings += unknown_rate_findings(placed.environment, catalogue.rates)
        findings += mount_findings(decided, desired)
        findings += ignored_findings(placed, bound.wanted, observation, drivers, options)
        after = resources_after(bound.wanted, observation, decided.values())
        findings += zone_findings(placed, after, observation, catalogue, decided.values())
    closed_first = closings(decided, desired)
    rolling = {role.name: role.max_unavailable for role in placed.topology.roles}
    checked_hosts = hosts_to_ask(placed, wanted, observation, options)
    ordered, more = steps(decided, desired, placed.roles, rolling, closed_first, checked_hosts)
    findings += more
    tightened = {each.step.address: each.tightened for each in closed_first if each.tightened}
    wrong = _errors(findings)
    # Often the cause is that the network is not where the plan looks for it: its driver says so.
    walked = [step for step in ordered if step.address.kind == Network.kind or not wrong]
    by_step, refused = dry_run(walked, desired, placed, catalogue, tightened)
    calls = [call for made in by_step.values() for call in made]
    reads = [call for driver in drivers.values() for call in call_method(driver.survey, placed.scope)]
    raise_for_unknown_rates([*reads, *calls], catalogue.rates)
    findings += [
        *refused,
        *quota_findings(decided.values(), desired, catalogue),
        *_duplicate_findings(observation),
    ]
    findings = (
        moved or (wrong and refused) or findings
    )  # the other findings are about a plan that makes no sense
    return Plan(
        scope=placed.scope,
        placed=placed,
        destroys=destroy,
        catalogue=catalogue,
        observation=observation,
        wanted=wanted,
        tightened=tightened,
        changes=_sort_changes(decided, drivers),
        steps={step: frozenset(before) for step, before in ordered.items()},
        calls=planned_calls(by_step),
        budget=budget(calls, catalogue.rates),
        options=options,
        findings=tuple(findings),
    )


def _decide(desired: Desired, bound: Bound, placed: Placed) -> tuple[dict[Address, Change], list[Finding]]:
    decided = decide_changes(desired)
    decided = only_selected(decided, desired, placed.roles)
    decided, findings = leave_unknown(decided, desired, bound.wanted)
    decided = follow_replacements(keep_data(decided, desired), desired)
    return decided, [
        *findings,
        *protection_findings(decided, placed, bound.wanted, desired.options),
        *still_named_findings(decided, desired),
    ]


def _after(change: Change | None, want: Spec) -> Spec:
    return want if change is None or change.action != "replace" else change.after or want


def _errors(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def _sort_changes(decided: Mapping[Address, Change], drivers: Drivers) -> tuple[Change, ...]:
    """Return deletions and dangerous changes first; within an action by kind in the order of references, then
    by address.
    """
    kinds = {kind.kind: rank for rank, kind in enumerate(drivers)}
    return tuple(
        sorted(
            decided.values(),
            key=lambda change: (
                _ACTION_ORDER.index(change.action),
                kinds[change.address.kind],
                _natural(change.address.name),
            ),
        )
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a sort key that has `web2` before `web10`."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def _duplicate_findings(observation: Observation) -> Iterable[Finding]:
    for double in observation.unexplained:
        yield Finding(
            "plan/unexplained-double",
            f"two resources have the same owner: {double}",
            "portinfra changes neither. Remove the owner's tag from the one that is not portinfra's.",
            Severity.WARNING,
        )
