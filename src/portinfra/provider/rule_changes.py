"""Firewall rules where one request removes, or allows, some rules of one direction of one firewall."""

from abc import abstractmethod
from typing import Any, Literal

from attrs import evolve

from portinfra.model.observed import Observed
from portinfra.model.resources import FirewallRules, Rule
from portinfra.model.rule_sets import is_needed
from portinfra.provider.interface import DONE, Call, Driver, NextCall, Refs

Way = Literal["ingress", "egress"]
Verb = Literal["remove", "allow"]

WAYS: tuple[Way, ...] = ("ingress", "egress")


class RuleChangesDriver(Driver[FirewallRules]):
    """The rules of one firewall, which exist whenever it does: `parts["firewall"]` is its id.

    Make before break: traffic that passes now and is wanted passes after every call. So the order is:
    1. remove the rules of which nothing is wanted, or nothing that the wanted rules which exist do not allow;
    2. allow what is missing; core refuses a plan where that does not fit beside the rest;
    3. remove the rest, of which the wanted rules now allow all that is wanted.
    """

    spec = FirewallRules
    holds = frozenset({"firewall"})
    replaces = frozenset({"firewall"})

    @abstractmethod
    def change(
        self, verb: Verb, way: Way, rules: tuple[Rule, ...], after: Observed[FirewallRules], refs: Refs
    ) -> Call:
        """Return the request that removes or allows these rules, after which `after` exists."""

    def next_call(
        self, want: FirewallRules | None, seen: Observed[FirewallRules] | None, refs: Refs
    ) -> NextCall:
        """Return the first change that is needed, in the order that the class describes.

        Rules that are not seen belong to a firewall that was created a moment ago: it has none.
        """
        if seen is None:
            if want is None:
                return DONE
            spec = FirewallRules(want.name, want.firewall)
            seen = Observed(want.address, spec, {"firewall": refs.id(want.firewall)})
        wanted = want or FirewallRules(seen.spec.name, seen.spec.firewall)
        for way in WAYS:
            current: tuple[Rule, ...] = getattr(seen.spec, way)
            if surplus := _surplus(current, getattr(wanted, way)):
                left = _without(current, surplus)
                return self.change("remove", way, surplus, _with(seen, wanted, way, left), refs)
        for way in WAYS:
            current = getattr(seen.spec, way)
            if missing := _without(getattr(wanted, way), current):
                return self.change("allow", way, missing, _with(seen, wanted, way, current + missing), refs)
        return DONE


def _surplus(current: tuple[Rule, ...], wanted: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules that can be removed now: no wanted traffic passes by them alone."""
    unwanted = _without(current, wanted)
    kept = _without(current, unwanted)
    return tuple(rule for rule in unwanted if not is_needed(rule, wanted, kept))


def _with(
    seen: Observed[FirewallRules], wanted: FirewallRules, way: Way, rules: tuple[Rule, ...]
) -> Observed[FirewallRules]:
    changed: dict[str, Any] = {way: tuple(sorted(rules))}
    return evolve(seen, address=wanted.address, spec=evolve(seen.spec, name=wanted.name, **changed))


def _without(rules: tuple[Rule, ...], others: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule not in others)
