"""What firewalls let through. Rules are no record of their own: they are their firewall's."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import FirewallRules, Rule
from portinfra.provider.interface import DONE, Answer, Call, Driver, Names, NextCall, Refs
from portinfra.testing.fake.drivers.firewall import FirewallDriver
from portinfra.testing.fake.drivers.owner import CARRIERS
from portinfra.testing.fake.shapes import Shape, rate_classes

Way = Literal["ingress", "egress"]


class FirewallRulesDriver(Driver[FirewallRules]):
    """The rules of one firewall, seen whenever it is. What is too much goes before what is missing comes."""

    spec = FirewallRules
    holds = frozenset({"firewall"})
    replaces = frozenset({"firewall"})

    def __init__(self, shape: Shape, zones: tuple[str, ...]) -> None:
        self.shape = shape
        self._firewalls = FirewallDriver(shape, zones)
        self.renames = self._firewalls.renames

    def survey(self, scope: Scope, only: Sequence[Observed[FirewallRules]] = ()) -> tuple[Call, ...]:
        """The list of firewalls, which is read anyway."""
        return self._firewalls.survey(scope)

    def assemble(
        self, answers: Mapping[Call, Sequence[Answer]], names: Names
    ) -> list[Observed[FirewallRules]]:
        """The rules of each of our firewalls."""
        found = []
        for record in self._firewalls.records(answers):
            mark = CARRIERS[self.shape.owner["firewall"]].read(record, names.scope, "firewall")
            address = names.address_of(record["id"])
            if mark is None or record["state"] == "deleting" or address is None:
                continue
            name = mark.owner.address.name
            spec = FirewallRules(
                name, address, _seen(record["ingress"], names), _seen(record["egress"], names)
            )
            parts = {"firewall": record["id"]}
            found.append(Observed(Address(f"firewall-rules.{name}"), spec, parts))
        return found

    def next_call(
        self, want: FirewallRules | None, seen: Observed[FirewallRules] | None, refs: Refs
    ) -> NextCall:
        """Tighten, then loosen."""
        if seen is None:
            if want is None:
                return DONE
            seen = self._fresh(want, refs)
        wanted = want or FirewallRules(seen.spec.name, seen.spec.firewall)
        ways: tuple[Way, ...] = ("ingress", "egress")
        for way in ways:
            if surplus := _without(getattr(seen.spec, way), getattr(wanted, way)):
                return self._change("RevokeTraffic", way, surplus, wanted, seen, refs)
        for way in ways:
            if missing := _without(getattr(wanted, way), getattr(seen.spec, way)):
                return self._change("AllowTraffic", way, missing, wanted, seen, refs)
        return DONE

    def _fresh(self, want: FirewallRules, refs: Refs) -> Observed[FirewallRules]:
        """A firewall that was made a moment ago: its driver has closed it."""
        spec = FirewallRules(want.name, want.firewall)
        return Observed(want.address, spec, {"firewall": refs.id(want.firewall)})

    def _change(
        self,
        action: str,
        way: Way,
        rules: tuple[Rule, ...],
        wanted: FirewallRules,
        seen: Observed[FirewallRules],
        refs: Refs,
    ) -> Call:
        current: tuple[Rule, ...] = getattr(seen.spec, way)
        left = _without(current, rules) if action == "RevokeTraffic" else current + rules
        changed: dict[str, Any] = {way: tuple(sorted(left))}
        spec = evolve(seen.spec, name=wanted.name, **changed)
        after = evolve(seen, address=wanted.address, spec=spec)
        parameters = {
            "id": seen.parts["firewall"],
            "direction": way,
            "rules": [{**rule._asdict(), "peer": _native(rule.peer, refs)} for rule in rules],
        }
        rates = rate_classes(action, self.shape)
        return Call(action, parameters, wanted.address, after, rates=rates)


def _seen(rules: Iterable[Mapping[str, Any]], names: Names) -> tuple[Rule, ...]:
    """Rules in our words; a peer that is not ours stays what the cloud calls it, and so is one too many."""
    return tuple(
        sorted(
            Rule(r["protocol"], r["first"], r["last"], names.address_of(r["peer"]) or r["peer"])
            for r in rules
        )
    )


def _native(peer: str, refs: Refs) -> str:
    return refs.id(Address(peer)) if peer.startswith("firewall.") else peer


def _without(rules: tuple[Rule, ...], others: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule not in others)
