"""The rules of firewalls. They have no records of their own: they are part of their firewall's."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import FirewallRules, Rule
from portinfra.provider.interface import Answer, Call, Names, Refs
from portinfra.provider.rule_changes import RuleChangesDriver, Verb, Way
from portinfra.testing.fake.drivers.firewall import FirewallDriver
from portinfra.testing.fake.drivers.owner import CARRIERS
from portinfra.testing.fake.shapes import Shape, rate_classes


class FirewallRulesDriver(RuleChangesDriver):
    """The rules of one firewall. They are observed with it."""

    def __init__(self, shape: Shape, zones: tuple[str, ...]) -> None:
        self.shape = shape
        self._firewalls = FirewallDriver(shape, zones)
        self.renames: bool = self._firewalls.renames

    def survey(self, scope: Scope, only: Sequence[Observed[FirewallRules]] = ()) -> tuple[Call, ...]:
        """Return the list of firewalls, which the run reads in any case."""
        return self._firewalls.survey(scope)

    def assemble(
        self, answers: Mapping[Call, Sequence[Answer]], names: Names
    ) -> list[Observed[FirewallRules]]:
        """Return the rules of each of our firewalls."""
        found = []
        for record in self._firewalls.records(answers):
            mark = CARRIERS[self.shape.owner["firewall"]].read(record, names.scope, "firewall")
            address = names.address_of(record["id"])
            if mark is None or record["state"] == "deleting" or address is None:
                continue
            name = mark.owner.address.name
            spec = FirewallRules(
                name, address, _to_rules(record["ingress"], names), _to_rules(record["egress"], names)
            )
            parts = {"firewall": record["id"]}
            found.append(Observed(Address(f"firewall-rules.{name}"), spec, parts))
        return found

    def change(
        self, verb: Verb, way: Way, rules: tuple[Rule, ...], after: Observed[FirewallRules], refs: Refs
    ) -> Call:
        """Return the call that revokes or allows them."""
        action = "RevokeTraffic" if verb == "remove" else "AllowTraffic"
        parameters = {
            "id": after.parts["firewall"],
            "direction": way,
            "rules": [{**rule._asdict(), "peer": _native(rule.peer, refs)} for rule in rules],
        }
        return Call(action, parameters, after.address, after, rates=rate_classes(action, self.shape))


def _to_rules(rules: Iterable[Mapping[str, Any]], names: Names) -> tuple[Rule, ...]:
    """Return declared rules. A peer of others keeps its native id, so its rule counts as undeclared."""
    return tuple(
        sorted(
            Rule(r["protocol"], r["first"], r["last"], names.address_of(r["peer"]) or r["peer"])
            for r in rules
        )
    )


def _native(peer: str, refs: Refs) -> str:
    return refs.id(Address(peer)) if peer.startswith("firewall.") else peer
