"""Firewall rules where one request removes, or allows, some rules of one direction of one firewall."""

from abc import abstractmethod
from typing import Any, ClassVar, Literal

from attrs import evolve

from portinfra.model.observed import Observed
from portinfra.model.resources import FirewallRules, Rule
from portinfra.model.rule_sets import is_needed
from portinfra.provider.interface import DONE, Call, Driver, NextCall, Refs, Refuse

Way = Literal["ingress", "egress"]
Verb = Literal["remove", "allow"]

WAYS: tuple[Way, ...] = ("ingress", "egress")


class RuleChangesDriver(Driver[FirewallRules]):
    """The rules of one firewall, which exist whenever it does: `parts["firewall"]` is its id.

    Make before break: traffic that passes now and is wanted passes after every call. So the order is:
    1. remove the rules of which nothing is wanted, or nothing that the wanted rules which exist do not allow;
    2. allow what is missing;
    3. remove the rest, of which the wanted rules now allow all that is wanted.
    """

    spec = FirewallRules
    holds = frozenset({"firewall"})
    replaces = frozenset({"firewall"})

    rules_max: ClassVar[int | None] = None
    """The provider's limit of rules for each way of one firewall; None: there is none."""

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
                portion = missing[: self._room(len(current), len(getattr(wanted, way)))]
                if not portion:
                    return self._no_room(way, len(current))
                return self.change("allow", way, portion, _with(seen, wanted, way, current + portion), refs)
        return DONE

    def _room(self, current: int, wanted: int) -> int | None:
        """Return how many rules may be added now; None: any number.

        An account that has, or declares, more rules than the usual limit is taken to have a higher one.
        """
        return None if self.rules_max is None else max(self.rules_max, wanted, current) - current

    def _no_room(self, way: Way, count: int) -> Refuse:
        return Refuse(
            f"the firewall has {count} {way} rules, which is the limit, and none of them can be removed "
            "before a new rule allows its traffic",
            "Declare fewer or wider flows of this role, apply, and then declare the rest.",
        )


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
