"""Which rules one request removes or allows: the fewest requests that close nothing that is wanted."""

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import FirewallRules, Rule
from portinfra.provider.interface import DONE, Call, Refs
from portinfra.provider.rule_changes import RuleChangesDriver

WEB = Address("firewall.web")
REFS = Refs(Scope("shop", "production"), "attempt", {})


class Rules(RuleChangesDriver):
    def survey(self, scope, only=()):
        return ()

    def assemble(self, answers, names):
        return []

    def change(self, verb, way, rules, after, refs):
        return Call(verb, {"ports": [rule.first for rule in rules]}, after.address, after)


def rules(*given):
    return FirewallRules("web", WEB, [Rule("tcp", *each) for each in given])


def changes(before, after):
    """Every request from some rules to others, as `remove 22`."""
    driver, seen, made = Rules(), Observed(after.address, before, {"firewall": "fw-1"}), []
    while (answer := driver.next_call(after, seen, REFS)) is not DONE:
        made.append(f"{answer.action} {' '.join(map(str, answer.parameters['ports']))}")
        seen = driver.absorb(seen, answer, None)
    return made


def test_what_is_not_wanted_goes_first():
    before, after = rules((22, 22, "10.0.0.0/8")), rules((443, 443, "10.0.0.0/8"))
    assert changes(before, after) == ["remove 22", "allow 443"]


def test_a_rule_that_is_widened_goes_after_the_wider_one_has_come():
    assert changes(rules((443, 443, "0.0.0.0/0")), rules((443, 444, "0.0.0.0/0"))) == [
        "allow 443",
        "remove 443",
    ]


def test_a_rule_whose_wanted_traffic_passes_by_another_goes_at_once():
    before = rules((443, 443, "10.0.0.0/8"), (443, 443, "10.1.0.0/16"))
    assert changes(before, rules((443, 443, "10.1.0.0/16"))) == ["remove 443"]


def test_addresses_go_in_one_request_after_their_range_has_come():
    before = rules((443, 443, "203.0.113.4/32"), (443, 443, "203.0.113.5/32"))
    assert changes(before, rules((443, 443, "203.0.113.0/24"))) == ["allow 443", "remove 443 443"]


def test_rules_that_are_not_wanted_make_room_first():
    before = rules(*((port, port, "0.0.0.0/0") for port in (10, 20, 30)))
    assert changes(before, rules((40, 40, "0.0.0.0/0"))) == ["remove 10 20 30", "allow 40"]
