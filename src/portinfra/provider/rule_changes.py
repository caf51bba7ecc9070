"""Changes of firewall rules, where one request removes or adds some rules of one direction of one
firewall.
"""

from abc import abstractmethod
from typing import Any, Literal

from attrs import evolve

from portinfra.model.observed import Observed
from portinfra.model.resources import FirewallRules, Rule
from portinfra.model.rule_sets import common, is_needed
from portinfra.provider.interface import DONE, Call, Driver, NextCall, Refs, Refuse

Way = Literal["ingress", "egress"]
Verb = Literal["remove", "allow"]

PORTIONS_MAX = 10
"""How many requests may add the missing rules of one direction. A step makes at most 100 requests."""

WAYS: tuple[Way, ...] = ("ingress", "egress")


class RuleChangesDriver(Driver[FirewallRules]):
    """The rules of one firewall, which exist whenever it does: `parts["firewall"]` is its id.

    Make before break: traffic that passes now and is wanted passes after every call. So the order is:
    1. remove the rules that allow no wanted traffic, or only traffic that existing wanted rules allow, too;
    2. add the missing rules, or as many as fit beside the others, beginning with those that replace a rule;
    3. remove the rest, of which other rules now allow all wanted traffic; then continue with 2.

    It refuses where no rule fits, or so few that it takes too many portions.
    """

    spec = FirewallRules
    holds: frozenset[str] = frozenset({"firewall"})
    replaces: frozenset[str] = frozenset({"firewall"})

    @abstractmethod
    def change(
        self, verb: Verb, way: Way, rules: tuple[Rule, ...], after: Observed[FirewallRules], refs: Refs
    ) -> Call:
        """Return the request that removes or allows these rules, after which `after` exists."""

    def next_call(
        self, want: FirewallRules | None, seen: Observed[FirewallRules] | None, refs: Refs
    ) -> NextCall:
        """Return the first change that is needed, in the order that the class describes.

        Rules that are not seen belong to a firewall that was just created: it has none.
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
                portion = _portion(missing, current, getattr(wanted, way), refs.rules_max)
                if len(missing) > len(portion) * PORTIONS_MAX:
                    return _no_room(way, len(current), len(missing), refs.rules_max)
                return self.change("allow", way, portion, _with(seen, wanted, way, current + portion), refs)
        return DONE


def _surplus(current: tuple[Rule, ...], wanted: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules that can be removed now: they alone allow no wanted traffic."""
    unwanted = _without(current, wanted)
    kept = _without(current, unwanted)
    return tuple(rule for rule in unwanted if not is_needed(rule, wanted, kept))


def _portion(
    missing: tuple[Rule, ...], current: tuple[Rule, ...], wanted: tuple[Rule, ...], most: int | None
) -> tuple[Rule, ...]:
    """Return the missing rules that fit beside the current ones; all of them where there is no limit."""
    if most is None or len(current) + len(missing) <= most:
        return missing
    leaving = _without(current, wanted)
    replacing = [rule for rule in missing if any(common(rule, old) for old in leaving)]
    others = [rule for rule in missing if rule not in replacing]
    return tuple(sorted([*replacing, *others][: max(0, most - len(current))]))


def _no_room(way: Way, current: int, missing: int, most: int | None) -> Refuse:
    return Refuse(
        f"the firewall keeps {current} {way} rules until others replace them, {missing} are missing, and "
        f"{most} is the most that it may have",
        "Leave some flows of this role out, apply, then declare them again: their traffic is closed "
        "meanwhile. Or use wider flows, or ask for a higher quota.",
    )


def _with(
    seen: Observed[FirewallRules], wanted: FirewallRules, way: Way, rules: tuple[Rule, ...]
) -> Observed[FirewallRules]:
    changed: dict[str, Any] = {way: tuple(sorted(rules))}
    return evolve(seen, address=wanted.address, spec=evolve(seen.spec, name=wanted.name, **changed))


def _without(rules: tuple[Rule, ...], others: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule not in others)
