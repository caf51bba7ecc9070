"""What firewalls let through: the rules of their security groups."""

from collections.abc import Sequence
from typing import Any, Literal

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Firewall, FirewallRules, Rule
from portinfra.provider.interface import DONE, Call, Driver, Names, NextCall, Refs
from portinfra_aws import marks, rates
from portinfra_aws.drivers import permissions, reading
from portinfra_aws.drivers.firewall import as_made
from portinfra_aws.drivers.reading import Answers

Way = Literal["ingress", "egress"]

WAYS: tuple[Way, ...] = ("ingress", "egress")

_LISTS = "DescribeSecurityGroups"


class FirewallRulesDriver(Driver[FirewallRules]):
    """The rules of one group, seen whenever it is. What is too much goes before what is missing comes."""

    spec = FirewallRules
    holds = frozenset({"firewall"})
    replaces = frozenset({"firewall"})

    def survey(self, scope: Scope, only: Sequence[Observed[FirewallRules]] = ()) -> tuple[Call, ...]:
        """The list of groups, which is read anyway."""
        return (reading.owned(_LISTS, scope),)

    def assemble(self, answers: Answers, names: Names) -> list[Observed[FirewallRules]]:
        """The rules of each of our groups; what EC2 gives to a new one is the group's own affair."""
        found = []
        for record in reading.records(answers, _LISTS):
            mark, address = marks.read(record, names.scope), names.address_of(record["groupId"])
            if mark is None or address is None or mark.address.kind != Firewall.kind:
                continue
            out = () if as_made(record) else reading.items(record, "ipPermissionsEgress")
            spec = FirewallRules(
                address.name,
                address,
                permissions.seen(reading.items(record, "ipPermissions"), names),
                permissions.seen(out, names),
            )
            parts = {"firewall": record["groupId"]}
            found.append(Observed(Address(f"firewall-rules.{mark.address.name}"), spec, parts))
        return found

    def next_call(
        self, want: FirewallRules | None, seen: Observed[FirewallRules] | None, refs: Refs
    ) -> NextCall:
        """Tighten, then loosen."""
        if seen is None:
            if want is None:
                return DONE
            spec = FirewallRules(want.name, want.firewall)
            seen = Observed(want.address, spec, {"firewall": refs.id(want.firewall)})
        wanted = want or FirewallRules(seen.spec.name, seen.spec.firewall)
        for way in WAYS:
            if surplus := _without(getattr(seen.spec, way), getattr(wanted, way)):
                return _change("Revoke", way, surplus, wanted, seen, refs)
        for way in WAYS:
            if missing := _without(getattr(wanted, way), getattr(seen.spec, way)):
                return _change("Authorize", way, missing, wanted, seen, refs)
        return DONE


def _change(
    verb: str,
    way: Way,
    rules: tuple[Rule, ...],
    wanted: FirewallRules,
    seen: Observed[FirewallRules],
    refs: Refs,
) -> Call:
    current: tuple[Rule, ...] = getattr(seen.spec, way)
    left = _without(current, rules) if verb == "Revoke" else current + rules
    changed: dict[str, Any] = {way: tuple(sorted(left))}
    after = evolve(seen, address=wanted.address, spec=evolve(seen.spec, name=wanted.name, **changed))
    action = f"{verb}SecurityGroup{way.capitalize()}"
    parameters = {"GroupId": seen.parts["firewall"], "IpPermissions": permissions.native(rules, refs)}
    return Call(action, parameters, wanted.address, after, rates=rates.classes(action))


def _without(rules: tuple[Rule, ...], others: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule not in others)
