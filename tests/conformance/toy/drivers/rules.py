"""A ruleset is a record of its own, and replaced as a whole in one request: nothing to revoke first."""

from typing import Any

from attrs import evolve

from portinfra.model.resources import FirewallRules, Rule
from portinfra.provider.interface import Names, Refs

from .common import Record, ToyDriver, id_of


class RulesDriver(ToyDriver[FirewallRules]):
    spec = FirewallRules
    collection = "rulesets"
    fields = (("firewall", "firewall"), ("ingress", "ingress"), ("egress", "egress"))
    replaces = frozenset({"firewall"})
    holds = frozenset({"firewall"})

    def read(self, record: Record, names: Names) -> FirewallRules:
        def rules(way: str) -> tuple[Rule, ...]:
            return tuple(sorted(Rule(*r)._replace(peer=names.address_of(r[3]) or r[3]) for r in record[way]))

        return evolve(super().read(record, names), ingress=rules("ingress"), egress=rules("egress"))

    def body(self, spec: FirewallRules, refs: Refs) -> dict[str, Any]:
        def rules(given: tuple[Rule, ...]) -> list[list[Any]]:
            return [[*r[:3], id_of(refs, r.peer_firewall) or r.peer] for r in given]

        return {**super().body(spec, refs), "ingress": rules(spec.ingress), "egress": rules(spec.egress)}
