"""Which rules one request removes or allows: the fewest requests that close nothing that is wanted."""

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import FirewallRules, Rule
from portinfra.provider.interface import DONE, Call, Refs, Refuse
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


def changes(before, after, rules_max=None):
    """Every request from some rules to others, as `remove 22`; the reason, where the driver refuses."""
    refs = evolve(REFS, rules_max=rules_max)
    driver, seen, made = Rules(), Observed(after.address, before, {"firewall": "fw-1"}), []
    while (answer := driver.next_call(after, seen, refs)) is not DONE:
        if isinstance(answer, Refuse):
            return [*made, answer.reason]
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


TENS, WIDER = [(n, n, "0.0.0.0/0") for n in (10, 20, 30)], [(n, n + 1, "0.0.0.0/0") for n in (10, 20, 30)]


def test_what_does_not_fit_beside_the_old_rules_comes_in_portions():
    assert changes(rules(*TENS), rules(*WIDER), 6) == ["allow 10 20 30", "remove 10 20 30"]
    assert changes(rules(*TENS), rules(*WIDER), 5) == [
        *("allow 10 20", "remove 10 20", "allow 30", "remove 30"),
    ]
    assert changes(rules(*TENS), rules(*WIDER), 4) == [
        *("allow 10", "remove 10", "allow 20", "remove 20", "allow 30", "remove 30"),
    ]


def test_of_what_is_missing_first_comes_what_takes_the_place_of_a_rule():
    more = [(5, 5, "0.0.0.0/0")]
    assert changes(rules(*TENS), rules(*more, *WIDER), 4) == [
        *("allow 10", "remove 10", "allow 20", "remove 20", "allow 30", "remove 30", "allow 5"),
    ]


def test_where_no_rule_fits_and_each_is_needed_the_driver_refuses():
    (reason,) = changes(rules(*TENS), rules(*WIDER), 3)
    assert "keeps 3 ingress rules until others replace them, 3 are missing, and 3 is the most" in reason


def test_a_change_that_takes_too_many_portions_is_refused():
    many = [(n, n, "0.0.0.0/0") for n in range(10, 400, 10)]
    wider = [(n, n + 1, "0.0.0.0/0") for n in range(10, 400, 10)]
    (reason,) = changes(rules(*many), rules(*wider), len(many) + 2)
    assert f"keeps {len(many)} ingress rules" in reason
    assert len(changes(rules(*many), rules(*wider), len(many) + 4)) == 2 * 10


def test_rules_that_are_not_wanted_make_room_for_others():
    assert changes(rules(*TENS), rules((40, 40, "0.0.0.0/0")), 3) == ["remove 10 20 30", "allow 40"]


def test_more_rules_than_the_limit_stay_and_become_fewer():
    assert changes(rules(*TENS), rules(*TENS[:2]), 1) == ["remove 30"]
