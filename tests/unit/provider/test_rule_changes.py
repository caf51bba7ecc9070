"""Firewall rules, changed some at a time: what is too much goes before what is missing comes."""

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Firewall, FirewallRules, Rule
from portinfra.provider.interface import DONE, Call, Refs
from portinfra.provider.rule_changes import RuleChangesDriver

SHELL = Observed(Address("firewall.web"), Firewall("web", None), {"id": "fw-1"})
REFS = Refs(Scope("sample", "production"), "attempt-1", {SHELL.address: SHELL})
SSH, HTTPS, DNS = (Rule("tcp", port, port, "10.0.0.0/8") for port in (22, 443, 53))
NONE = FirewallRules("web", SHELL.address)
WANT = evolve(NONE, ingress=(HTTPS,), egress=(DNS,))
SEEN = Observed(WANT.address, evolve(NONE, ingress=(SSH,), egress=(SSH,)), {"firewall": "fw-1"})


class RulesDriver(RuleChangesDriver):
    """Rules of some provider."""

    def survey(self, scope, only=()):
        return ()

    def assemble(self, answers, names):
        return []

    def change(self, verb, way, rules, after, refs):
        parameters = {"id": after.parts["firewall"], "rules": rules}
        return Call(f"{verb} {way}", parameters, after.address, after)


def calls(want, seen):
    """Each call from what is seen to what is wanted: what it does, and its rules."""
    made = []
    while (call := RulesDriver().next_call(want, seen, REFS)) is not DONE:
        made.append((call.action, call.parameters["rules"]))
        assert call.parameters["id"] == "fw-1"
        seen = call.after
    assert want is None or seen is None or seen.spec == want
    return made


def test_what_is_too_much_goes_in_both_directions_before_anything_comes():
    assert calls(WANT, SEEN) == [
        ("remove ingress", (SSH,)),
        ("remove egress", (SSH,)),
        ("allow ingress", (HTTPS,)),
        ("allow egress", (DNS,)),
    ]


def test_a_new_firewall_has_no_rules():
    assert calls(WANT, None) == [("allow ingress", (HTTPS,)), ("allow egress", (DNS,))]
    assert calls(None, None) == []


def test_rules_that_nothing_wants_all_go():
    assert calls(None, SEEN) == [("remove ingress", (SSH,)), ("remove egress", (SSH,))]


def test_rules_of_a_renamed_role_are_the_rules_of_its_firewall():
    renamed = evolve(WANT, name="front", firewall=SHELL.address)
    old = evolve(SEEN, spec=evolve(SEEN.spec, ingress=(), egress=()))
    call = RulesDriver().next_call(renamed, old, REFS)
    assert (call.address, call.after.spec.name) == (renamed.address, "front")
