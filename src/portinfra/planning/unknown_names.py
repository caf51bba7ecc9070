"""Names in plan options that do not exist, or whose resource the plan does not change.

A misspelled name must cause an error: it must not do nothing, or something else.
"""

import re
from collections.abc import Iterable, Iterator

from portinfra.format import join_runs, nearest_spelling, suggestion
from portinfra.model.address import Address
from portinfra.model.finding import Finding, Severity
from portinfra.model.plan import Plan
from portinfra.planning.roles import COMMON, role_of
from portinfra.value import frozen

ALL = "all"
"""The value of `allow_data_loss` that means every volume and snapshot."""


PERMITS = ("allow_data_loss", "unprotected")
"""The attributes that permit a loss.

A run that was killed, was interrupted or failed may have deleted what they name, and the same command must
finish it. So after such a run an absent resource is a warning. No advice about it says "did you mean", as the
nearest name may be that of a volume that must stay. Only a name that is almost the same gets that advice
(`_misspelling`), and not after such a run.
"""

GONE = "If a run has deleted it already, leave it out."


@frozen
class UnknownName:
    """One name in one attribute of the plan options, which the plan cannot follow."""

    attribute: str
    name: str
    fix: str
    """The nearest known names, or what else to give."""
    severity: Severity = Severity.ERROR
    problem: str = "nothing has that name"


def unknown_names(plan: Plan) -> Iterator[UnknownName]:
    """Return every name in the options that neither the declaration nor the location has."""
    options = plan.options
    known = {*plan.placed.resources, *plan.observation.resources}
    data = {address for address in known if address.kind in ("volume", "snapshot")}
    zones = {zone.name for zone in plan.catalogue.zones} | plan.observation.unknown
    roles = {role.name for role in plan.placed.topology.roles}
    roles |= {role_of(plan.placed, address) for address in plan.observation.resources} - {COMMON}
    for attribute, given, names in (
        ("replace", options.replace, known),
        ("allow_data_loss", options.allow_data_loss, {*data, ALL}),
        ("without_zones", options.without_zones, zones),
        ("only", options.only, roles),
        ("addresses", options.addresses or (), known),
        ("unprotected", options.unprotected, known),
        ("not_ready", options.not_ready, known),
    ):
        for name in sorted(given):
            if name in names:
                continue
            if attribute not in PERMITS or not is_data(name):
                fix = suggestion(name, names, "Leave it out: nothing has a name.")
                yield UnknownName(attribute, name, fix)
            elif plan.follows_unfinished_run:
                yield UnknownName(attribute, name, "Nothing is lost by it.", Severity.WARNING)
            elif attribute == "allow_data_loss" and (near := _misspelling(name, names)):
                yield UnknownName(attribute, name, f"Did you mean {near!r}? {GONE}")
            else:
                there = f" Known are {join_runs(sorted(data))}." if data else ""
                yield UnknownName(attribute, name, f"{GONE}{there}")


def dropped_replacements(plan: Plan) -> Iterator[UnknownName]:
    """Return every existing resource that the options want to replace and that the plan does not replace.

    A resource that a run has deleted is created again: that finishes its replacement.
    """
    decided = {change.address: change.action for change in plan.changes}
    wanted = () if plan.destroys else sorted(plan.options.replace & plan.observation.resources.keys())
    for address in wanted:
        if decided.get(address) not in ("replace", "keep", "create"):
            problem, fix = _why_not_replaced(plan, address, is_deleted=address in decided)
            yield UnknownName("replace", address, fix, problem=problem)


def _why_not_replaced(plan: Plan, address: Address, *, is_deleted: bool) -> tuple[str, str]:
    """Return why a plan does not replace a resource, and what to do."""
    options, role = plan.options, role_of(plan.placed, address)
    if address not in plan.wanted:
        deletes = "the plan deletes it" if is_deleted else "it is not declared"
        return f"{deletes}, and does not replace it", "Leave it out, or declare the resource again."
    if options.only and role not in options.only:
        selected = ", ".join(sorted(options.only))
        return (
            f"only {selected} is selected, and it belongs to {role}",
            f"Select {role} too, or leave it out.",
        )
    if options.addresses is not None and address not in options.addresses:
        return "it is not among the selected addresses", "Select it too, or leave it out."
    zone = getattr(plan.observation.resources[address].spec, "zone", None)
    if zone in options.without_zones | plan.observation.unknown:
        return f"{zone} is left out or does not answer", "Leave it out, and replace it once the zone answers."
    return "the plan leaves it as it is", "Leave it out, or see what the plan keeps and why."


def gone_data(plan: Plan) -> frozenset[str]:
    """Return the volumes and snapshots that the options permit to lose and that do not exist."""
    unknown = unknown_names(plan)
    return frozenset(each.name for each in unknown if each.attribute in PERMITS and is_data(each.name))


def _misspelling(name: str, known: Iterable[str]) -> str:
    """Return the known volume or snapshot whose name a user misspelled; empty for any other name.

    A name that differs only in its numbers is that of another host, which may have been deleted.
    """
    kind, _, spelled = name.partition(".")
    alike = {each.partition(".")[2]: each for each in known if each.partition(".")[0] == kind}
    return alike.get(nearest_spelling(spelled, alike), "")


def is_data(name: str) -> bool:
    """Return whether a name has the form of the address of a volume or snapshot."""
    return bool(re.fullmatch(r"(volume|snapshot)\.[a-z0-9-]+", name))


def name_findings(plan: Plan) -> Iterator[Finding]:
    """Return a finding for each such name. `apply` accepts no plan with an error among them."""
    for unknown in unknown_names(plan):
        yield Finding(
            "options/unknown-name",
            f"{unknown.attribute} names {unknown.name!r}, and {unknown.problem}",
            unknown.fix,
            unknown.severity,
            subject=f"options.{unknown.attribute}",
        )
    for dropped in dropped_replacements(plan):
        message = f"replace names {dropped.name!r}, and {dropped.problem}"
        yield Finding("options/not-replaced", message, dropped.fix, subject="options.replace")
