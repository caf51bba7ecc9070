"""Which firewall rules must close traffic before other firewall rules open some.

A packet needs an egress rule of its source and an ingress rule of its target. One end may still have a rule
that only the old declaration allows, while the other end has a rule that only the new one allows. Then a
packet passes that neither declaration allows. Where two changes can meet like that, the first end closes its
unwanted traffic in a step of its own, `tighten`. The second end opens afterwards.

Where one role replaces another, the new firewall waits until the old one is gone, and rules of other roles
refer to that. These rules are tightened, too: they release the old firewall before the new one exists.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.change import Change, Step
from portinfra.model.resources import Firewall, FirewallRules, Rule
from portinfra.model.rule_sets import Cidrs, common, difference, intersection
from portinfra.planning.changes import Desired
from portinfra.value import frozen

_WAYS = (("ingress", "egress"), ("egress", "ingress"))
"""Each direction, and the direction of the other end."""


@frozen
class Closing:
    """A step that closes traffic, and the rules that may open traffic only afterwards."""

    step: Step
    tightened: FirewallRules | None
    """The rules that a `tighten` step leaves: the traffic that is allowed before and after. None for a
    removal.
    """
    opening: tuple[Address, ...]


@frozen
class _RuleChange:
    """What the change of one firewall's rules removes and adds, by direction."""

    change: Change
    firewall: Address
    lost: Mapping[str, tuple[Rule, ...]]
    gained: Mapping[str, tuple[Rule, ...]]


def closings(decided: Mapping[Address, Change], desired: Desired) -> list[Closing]:
    """Return the steps that must close traffic first. Most changes need none."""
    cidrs = _cidrs(desired)
    changed = [each for change in decided.values() for each in _rule_changes(change, cidrs)]
    found = []
    leaving = _inherited_firewalls(desired)
    for closing in changed:
        opening = [each.change.address for each in changed if _can_meet(closing, each, cidrs)]
        if opening or _releases(closing.change, leaving):
            found.append(_closing(closing.change, tuple(opening), cidrs, desired))
    return found


def _closing(change: Change, opening: tuple[Address, ...], cidrs: Cidrs, desired: Desired) -> Closing:
    if change.action != "update":
        return Closing(Step("remove", change.address), None, opening)
    return Closing(Step("tighten", change.address), _tighten(change, cidrs, desired), opening)


def _tighten(change: Change, cidrs: Cidrs, desired: Desired) -> FirewallRules:
    """Return the rules that are allowed before and after, between firewalls that exist before and after."""
    before, after = change.before, change.after
    assert isinstance(before, FirewallRules)
    assert isinstance(after, FirewallRules)
    both: dict[str, Any] = {}
    for way, _ in _WAYS:
        rules = intersection(getattr(before, way), getattr(after, way), cidrs)
        both[way] = tuple(
            rule
            for rule in rules
            if rule.peer_firewall is None
            or (rule.peer_firewall in desired.existing and rule.peer_firewall in desired.wanted)
        )
    return evolve(after, **both)


def _rule_changes(change: Change, cidrs: Cidrs) -> Iterator[_RuleChange]:
    before, after = change.before, change.after
    rules = after or before
    if not isinstance(rules, FirewallRules) or rules.firewall is None or change.action == "keep":
        return
    lost, gained = {}, {}
    for way, _ in _WAYS:
        old: tuple[Rule, ...] = getattr(before, way, ())
        new: tuple[Rule, ...] = getattr(after, way, ())
        lost[way] = difference(old, new, cidrs) if change.action == "update" else old
        gained[way] = difference(new, old, cidrs) if change.action == "update" else new
    yield _RuleChange(change, rules.firewall, lost, gained)


def _can_meet(closing: _RuleChange, opening: _RuleChange, cidrs: Cidrs) -> bool:
    """Return whether a packet could pass by a removed rule at one end and an added rule at the other."""
    return any(
        common(lost, gained._replace(peer=opening.firewall), cidrs)
        and common(gained, lost._replace(peer=closing.firewall), cidrs)
        for way, other_way in _WAYS
        for lost in closing.lost[way]
        for gained in opening.gained[other_way]
    )


def _inherited_firewalls(desired: Desired) -> set[Address]:
    """Return the firewalls that are deleted and whose addresses another firewall gets."""
    wanted = {spec.cidr for spec in desired.wanted.values() if isinstance(spec, Firewall) and spec.cidr}
    return {
        address
        for address, seen in desired.existing.items()
        if isinstance(seen.spec, Firewall) and address not in desired.wanted and seen.spec.cidr in wanted
    }


def _releases(change: Change, leaving: Collection[Address]) -> bool:
    """Return whether rules are updated that refer to one of these firewalls."""
    updated = change.action == "update" and change.before is not None
    return updated and not set(leaving).isdisjoint(change.before.references() if change.before else ())


def _cidrs(desired: Desired) -> dict[str, str]:
    """Return the CIDRs of each firewall's hosts, as far as they are known."""
    specs: Iterable[Any] = (*(seen.spec for seen in desired.existing.values()), *desired.wanted.values())
    return {spec.address: spec.cidr for spec in specs if isinstance(spec, Firewall) and spec.cidr}
