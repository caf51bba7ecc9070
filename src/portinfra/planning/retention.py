"""What a plan must not change: data, and zones that do not answer."""

from collections.abc import Iterable, Mapping

from attrs import evolve

from portinfra.format import count
from portinfra.model.address import Address
from portinfra.model.change import Change
from portinfra.model.finding import Finding, Severity
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import FirewallRules, Snapshot, Spec, Volume
from portinfra.planning.changes import Desired
from portinfra.planning.ordering import tenancy
from portinfra.planning.roles import is_named_by


def keep_data(decided: dict[Address, Change], desired: Desired) -> dict[Address, Change]:
    """Keep volumes and snapshots that no option permits to lose, with all that must stay with them.

    A volume that is no longer declared, or whose size would shrink, stays. A volume that would be created
    again in another zone stays with its attachments, its host, and everything that its host needs.
    """
    allowed = desired.options.allow_data_loss
    kept = {
        address
        for address, change in decided.items()
        if change.action in ("delete", "replace")
        and isinstance(change.before, Volume | Snapshot)
        and "all" not in allowed
        and address not in allowed
    }
    if not kept:
        return decided
    result = {address: change for address, change in decided.items() if address not in kept}
    for address in kept:
        change = decided[address]
        held = _find_kept_resources(address, desired) if _moves(change) else set()
        held_back = sorted(held.intersection(result) - kept)
        result = {a: other for a, other in result.items() if a not in held}
        result[address] = evolve(change, action="keep", reason=_kept_reason(change, held_back))
    return result


def _moves(change: Change) -> bool:
    return (
        change.after is not None
        and change.before is not None
        and zone_of(change.after) != zone_of(change.before)
    )


def _kept_reason(change: Change, held_back: Iterable[Address]) -> str:
    also = ", ".join(held_back)
    waiting = f"; these stay with it: {also}" if also else ""
    verb = "delete" if change.after is None else "replace"
    return (
        f"{change.reason}, and to {verb} it would lose its data{waiting}; "
        f"--allow-data-loss {change.address} permits its loss"
    )


def _find_kept_resources(volume: Address, desired: Desired) -> set[Address]:
    """Return a volume that stays, its attachments, their hosts, and everything that those refer to."""
    still = {volume}
    for address, seen in desired.existing.items():
        if volume in seen.spec.references():
            still.add(address)
    todo = list(still)
    while todo:
        holder = desired.existing.get(todo.pop())
        for reference in holder.spec.references() if holder else ():
            if reference not in still:
                still.add(reference)
                todo.append(reference)
    return still


def leave_unknown(
    decided: dict[Address, Change], desired: Desired, needed: Mapping[Address, Spec]
) -> tuple[dict[Address, Change], list[Finding]]:
    """Leave out changes in a zone that does not answer, and of what resources there may need.

    `needed` has every resource that the topology places, even when nothing is wanted any more.
    """
    silent = desired.observation.unknown | desired.options.without_zones
    if not silent:
        return decided, []
    alone = _in_zones(silent, desired, needed)
    stays = {a for a, change in decided.items() if _goes(change) and _nowhere(change, desired)} - alone
    bases = _find_bases(alone, needed)
    bases |= _find_bases(stays, {address: seen.spec for address, seen in desired.existing.items()})
    untouched = alone | stays | {a for a in bases if a in decided and _goes(decided[a])}
    result = {address: change for address, change in decided.items() if address not in untouched}
    result = _with_room(result, [change for address, change in decided.items() if address not in result])
    left = len(decided) - len(result)
    return result, [_silence(zone, silent - {zone}, left, desired.options) for zone in sorted(silent)]


def _in_zones(zones: frozenset[str], desired: Desired, needed: Mapping[Address, Spec]) -> set[Address]:
    """Return the resources in these zones, seen or needed, and what such a resource needs."""
    found = {a for a, seen in desired.existing.items() if zone_of(seen.spec) in zones or seen.place in zones}
    found |= {a for a, spec in needed.items() if zone_of(spec) in zones}
    return found | {a for a, spec in needed.items() if found.intersection(spec.references())}


def _goes(change: Change) -> bool:
    return change.action in ("delete", "replace")


def _with_room(result: Mapping[Address, Change], left: Iterable[Change]) -> dict[Address, Change]:
    """Return the changes without those that have no room while other resources stay."""
    taken = {place for change in left if change.before for place in tenancy(change.before)}
    without: set[Address] = set()
    for address, change in result.items():  # in the order of references: one pass is enough
        if change.after is not None and change.action == "create":
            needs = change.after.references()
            if taken.intersection(tenancy(change.after)) or without.intersection(needs):
                without.add(address)
    return {address: change for address, change in result.items() if address not in without}


def _nowhere(change: Change, desired: Desired) -> bool:
    """Return whether it is in no zone, so that a resource in a zone that does not answer may need it."""
    seen = desired.existing.get(change.address)
    return seen is not None and zone_of(seen.spec) is None and seen.place is None


def _silence(zone: str, others: frozenset[str], left: int, options: PlanOptions) -> Finding:
    """Return the finding about one zone. A change may wait for several: `left` counts those of all zones."""
    accepted = zone in options.without_zones
    waits = f"{count(left, 'change')} {'waits' if left == 1 else 'wait'} for it"
    waits += "".join(f" or {other}" for other in sorted(others))
    return Finding(
        "plan/unknown-zone",
        (f"{zone} is left out" if accepted else f"{zone} does not answer")
        + (f": {waits}" if left else ", so its resources are not known"),
        "" if accepted else f"Wait for it, or work elsewhere meanwhile: --without-zone {zone}.",
        Severity.WARNING if accepted else Severity.ERROR,
        subject=zone,
    )


def zone_of(spec: Spec) -> str | None:
    """Return the zone of a resource, by the provider's name; None where it is in none, or in all."""
    zone = getattr(spec, "zone", None)
    return zone if isinstance(zone, str) and zone else None


def _find_bases(alone: set[Address], needed: Mapping[Address, Spec]) -> set[Address]:
    result: set[Address] = set()
    todo = [address for address in alone if address in needed]
    while todo:
        for reference in needed[todo.pop()].references():
            if reference not in result:
                result.add(reference)
                if reference in needed:
                    todo.append(reference)
    return result


def only_selected(
    decided: dict[Address, Change], desired: Desired, roles: Mapping[Address, str]
) -> dict[Address, Change]:
    """Return the changes of the selected roles and resources, and the creation of what these need."""
    selected, addresses = desired.options.only, desired.options.addresses
    if not selected and addresses is None:
        return decided
    chosen = {address for address in decided if _is_of(address, selected, roles)}
    chosen |= (addresses or frozenset()).intersection(decided)
    todo = list(chosen)
    while todo:
        spec = desired.wanted.get(todo.pop())
        for reference in spec.references() if spec else ():
            if reference in decided and decided[reference].action == "create" and reference not in chosen:
                chosen.add(reference)
                todo.append(reference)
    return {address: change for address, change in decided.items() if address in chosen}


def _is_of(address: Address, selected: Iterable[str], roles: Mapping[Address, str]) -> bool:
    """Return whether a resource belongs to one of the roles: by its declaration, else by its name."""
    if address in roles:
        return roles[address] in selected
    return any(is_named_by(address, role) for role in selected)


def still_named_findings(decided: Mapping[Address, Change], desired: Desired) -> Iterable[Finding]:
    """Yield a finding for each firewall that would be deleted while rules of others, which stay, name it."""
    going = {a for a, change in decided.items() if change.action == "delete" and a.kind == "firewall"}
    for address, seen in desired.existing.items() if going else ():
        named = going.intersection(seen.spec.references())
        if isinstance(seen.spec, FirewallRules) and named and address not in decided:
            yield Finding(
                "plan/still-named",
                f"{min(named)} would be deleted, and {address}, which stays, names it in a rule",
                f"Give --only {address.name} too, or remove the flow between them and apply that first.",
                subject=min(named),
            )
