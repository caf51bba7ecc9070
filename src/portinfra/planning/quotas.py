"""What a plan needs of the account's quotas, at the moment of the change when it has the most resources."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve

from portinfra.model.catalogue import Catalogue
from portinfra.model.change import Change
from portinfra.model.finding import Finding, Severity
from portinfra.model.resources import KINDS, FirewallRules, Rule, Spec
from portinfra.model.rule_sets import is_needed
from portinfra.planning.changes import Desired, Drivers
from portinfra.provider.own_code import call_method

_KINDS = {kind.kind for kind in KINDS}


def quota_findings(decided: Iterable[Change], desired: Desired, catalogue: Catalogue) -> Iterator[Finding]:
    """Yield an error for each quota that is too small, and a note for each that portinfra could not read."""
    if not catalogue.quotas:
        return
    growth: Counter[str] = Counter()
    for change in decided:
        if change.action != "keep":
            growth.update(_takes(widest(change), desired.drivers, catalogue))
            growth.subtract(_takes(change.before, desired.drivers, catalogue))
    own = _own(desired, catalogue) if any(quota.used is None for quota in catalogue.quotas) else Counter()
    for quota in catalogue.quotas:
        if growth[quota.kind] <= 0:
            continue
        used, least = (own[quota.kind], "at least ") if quota.used is None else (quota.used, "")
        needed = used + growth[quota.kind]
        what = f"{'of kind ' if quota.kind in _KINDS else ''}{quota.kind}"
        place = quota.place or catalogue.region
        if quota.limit is None:
            yield Finding(
                "plan/quota-not-read",
                f"it needs {needed:,} {what} in {place}, and portinfra could not read the quota",
                "Compare the number with the account's quota, or let these credentials read quotas.",
                Severity.NOTE,
                subject=quota.kind,
            )
        elif needed > quota.limit:
            yield Finding(
                "plan/quota",
                f"the account may have {quota.limit} {what} in {place}, has {least}{used}, and would need "
                f"{least}{needed}",
                "Ask the provider for a higher quota, or lower a count or size.",
                subject=quota.kind,
            )


def widest(change: Change) -> Spec | None:
    """Return the resources at the moment when there are the most: new firewall rules exist before others are
    deleted.
    """
    before, after = change.before, change.after
    if change.action != "update" or not (
        isinstance(before, FirewallRules) and isinstance(after, FirewallRules)
    ):
        return after
    both: dict[str, Any] = {}
    for way in ("ingress", "egress"):
        old: tuple[Rule, ...] = getattr(before, way)
        new: tuple[Rule, ...] = getattr(after, way)
        kept = [rule for rule in old if rule in new]
        both[way] = sorted({*new, *(rule for rule in old if is_needed(rule, new, kept))})
    return evolve(after, **both)


def _own(desired: Desired, catalogue: Catalogue) -> Counter[str]:
    own: Counter[str] = Counter()
    for seen in desired.existing.values():
        own.update(_takes(seen.spec, desired.drivers, catalogue))
    return own


def _takes(spec: Spec | None, drivers: Drivers, catalogue: Catalogue) -> Mapping[str, int]:
    """Return how much a resource takes of each quota: one of its kind, and what its driver returns."""
    return {} if spec is None else {spec.kind: 1, **call_method(drivers[type(spec)].takes, spec, catalogue)}
