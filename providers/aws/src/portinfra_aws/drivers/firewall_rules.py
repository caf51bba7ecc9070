"""The rules of security groups."""

from collections.abc import Mapping, Sequence

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Firewall, FirewallRules, Rule
from portinfra.provider.interface import Call, Names, Refs
from portinfra.provider.rule_changes import RuleChangesDriver, Verb, Way
from portinfra_aws import marks, rates
from portinfra_aws.drivers import permissions, reading
from portinfra_aws.drivers.firewall import has_default_rules
from portinfra_aws.drivers.reading import Answers

_LISTS = "DescribeSecurityGroups"

_VERBS: Mapping[Verb, str] = {"remove": "Revoke", "allow": "Authorize"}


class FirewallRulesDriver(RuleChangesDriver):
    """The rules of one group. Each observation of the group shows them."""

    def survey(self, scope: Scope, only: Sequence[Observed[FirewallRules]] = ()) -> tuple[Call, ...]:
        """Return the list of groups, which portinfra reads anyway."""
        return (reading.list_owned(_LISTS, scope),)

    def assemble(self, answers: Answers, names: Names) -> list[Observed[FirewallRules]]:
        """Return the rules of each of our groups, without the egress rule that EC2 gives to a new group."""
        found = []
        for record in reading.records(answers, _LISTS):
            mark, address = marks.read_mark(record, names.scope), names.address_of(record["groupId"])
            if mark is None or address is None or mark.address.kind != Firewall.kind:
                continue
            out = () if has_default_rules(record) else reading.items(record, "ipPermissionsEgress")
            spec = FirewallRules(
                address.name,
                address,
                permissions.to_rules(reading.items(record, "ipPermissions"), names),
                permissions.to_rules(out, names),
            )
            parts = {"firewall": record["groupId"]}
            found.append(Observed(Address(f"firewall-rules.{mark.address.name}"), spec, parts))
        return found

    def change(
        self, verb: Verb, way: Way, rules: tuple[Rule, ...], after: Observed[FirewallRules], refs: Refs
    ) -> Call:
        """Return the call that revokes or authorizes rules."""
        action = f"{_VERBS[verb]}SecurityGroup{way.capitalize()}"
        parameters = {"GroupId": after.parts["firewall"], "IpPermissions": permissions.native(rules, refs)}
        return Call(action, parameters, after.address, after, rates=rates.classes(action))
