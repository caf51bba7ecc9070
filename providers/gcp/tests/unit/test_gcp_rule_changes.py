"""In which order Compute Engine's rules of one tag are inserted, updated and deleted."""

import pytest
from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Firewall, FirewallRules, Rule
from portinfra.provider.interface import DONE, Call, Names, Refs, Wait
from portinfra_gcp import marks
from portinfra_gcp.drivers import reading
from portinfra_gcp.drivers.compiled import Compiled
from portinfra_gcp.drivers.firewall_rules import FirewallRulesDriver

SCOPE, WEB = Scope("shop", "production"), Address("firewall.web")
NETWORK = "global/networks/main"
TAG = SCOPE.native_name("web")
SHELL = Observed(
    WEB,
    Firewall("web", None, cidr="10.10.0.0/22"),
    {"id": f"global/firewalls/{TAG}", "name": TAG, "network": NETWORK},
)
REFS = Refs(SCOPE, "attempt", {WEB: SHELL})
DRIVER = FirewallRulesDriver()
DONE_ANSWER, RUNNING = {"status": "DONE"}, {"status": "RUNNING"}


def rules(*given, egress=()):
    return FirewallRules("web", WEB, [Rule("tcp", *each) for each in given], egress)


def actions(want, seen=None):
    """The requests that lead to `want`, as `firewalls.insert 443-444`; and what is there then."""
    made = []
    while (answer := DRIVER.next_call(want, seen, REFS)) is not DONE:
        assert isinstance(answer, Call)
        name = answer.parameters.get("firewall") or answer.parameters["body"]["name"]
        made.append(f"{answer.action} {name.partition('-tcp-')[2].rpartition('-')[0] or name}")
        seen = DRIVER.absorb(seen, answer, DONE_ANSWER)
    return made, seen


def built(want):
    return actions(want)[1]


def test_the_wider_rule_is_inserted_before_the_narrower_one_is_deleted():
    made, _ = actions(rules((443, 444, "0.0.0.0/0")), built(rules((443, 443, "0.0.0.0/0"))))
    assert [each.split()[0] for each in made] == ["firewalls.insert", "firewalls.delete"]


def test_peers_of_one_kind_of_traffic_are_replaced_in_one_request():
    before = rules((443, 443, "203.0.113.4/32"), (443, 443, "203.0.113.5/32"))
    made, _ = actions(rules((443, 443, "203.0.113.0/24")), built(before))
    assert [each.split()[0] for each in made] == ["firewalls.update"]


def test_a_rule_is_deleted_only_once_the_operation_of_the_one_that_replaces_it_is_done():
    before, after = built(rules((443, 443, "0.0.0.0/0"))), rules((443, 444, "0.0.0.0/0"))
    insert = DRIVER.next_call(after, before, REFS)
    under_way = DRIVER.absorb(before, insert, RUNNING)
    assert isinstance(DRIVER.next_call(after, under_way, REFS), Wait)
    done = DRIVER.absorb(before, insert, DONE_ANSWER)
    assert DRIVER.next_call(after, done, REFS).action == "firewalls.delete"


def test_a_rule_of_which_nothing_is_wanted_is_deleted_whatever_is_under_way():
    before = built(rules((22, 22, "0.0.0.0/0"), (443, 443, "0.0.0.0/0")))
    under_way = evolve(before, state="pending")
    assert DRIVER.next_call(rules((443, 443, "0.0.0.0/0")), under_way, REFS).action == "firewalls.delete"


@pytest.mark.parametrize("allowed", [("tcp", 443, 443), ("tcp", 0, 65_535)])
def test_a_rule_of_another_owner_is_disabled_after_ours_let_its_wanted_traffic_through(allowed):
    foreign = Compiled("ingress", (allowed,), frozenset({"0.0.0.0/0"}), ours=False)
    parts = {"firewall": SHELL.id, "name": TAG, "network": NETWORK, "by-hand": foreign.text()}
    seen = Observed(Address("firewall-rules.web"), rules((*allowed[1:], "0.0.0.0/0")), parts)
    made, _ = actions(rules((443, 443, "0.0.0.0/0")), seen)
    assert [each.split()[0] for each in made] == ["firewalls.insert", "firewalls.patch"]


def test_a_rule_that_lets_through_only_what_another_does_is_an_extra_until_it_is_gone():
    want = rules((443, 443, "0.0.0.0/0"))
    ours = DRIVER.next_call(want, None, REFS).parameters["body"]
    shell = {"name": TAG, "description": marks.description(SHELL.spec, REFS, born=TAG, cidr="10.10.0.0/22")}
    by_hand = {
        "name": "by-hand",
        "allowed": [{"IPProtocol": "tcp", "ports": ["443"]}],
        "sourceRanges": ["0.0.0.0/0"],
    }
    records = [{"network": NETWORK, "selfLink": f"global/firewalls/{each['name']}", **each}
               for each in (ours, shell, by_hand)]  # fmt: skip
    (seen,) = DRIVER.assemble({Call("firewalls.list"): [{"items": records}]}, Names(SCOPE, {}))
    assert seen.spec == want
    assert seen.extras == ({"id": "by-hand"},)
    disable = DRIVER.next_call(want, seen, REFS)
    assert (disable.action, disable.parameters["firewall"]) == ("firewalls.patch", "by-hand")
    after = DRIVER.absorb(seen, disable, DONE_ANSWER)
    assert after.extras == ()
    assert DRIVER.next_call(want, after, REFS) is DONE


@pytest.mark.parametrize("changed", [{"priority": 900}, {"targetTags": [TAG, "other"]}])
def test_a_rule_of_ours_that_somebody_changed_by_hand_is_an_extra_until_it_is_written_anew(changed):
    """What it lets through is the same, so that the specification shows no difference."""
    want = rules((443, 443, "0.0.0.0/0"))
    ours = DRIVER.next_call(want, None, REFS).parameters["body"]
    shell = {"name": TAG, "description": marks.description(SHELL.spec, REFS, born=TAG, cidr="10.10.0.0/22")}
    records = [{"network": NETWORK, "selfLink": f"global/firewalls/{each['name']}", **each}
               for each in ({**ours, **changed}, shell)]  # fmt: skip
    (seen,) = DRIVER.assemble({Call("firewalls.list"): [{"items": records}]}, Names(SCOPE, {}))
    assert seen.spec == want
    assert seen.extras == ({"id": ours["name"]},)
    mend = DRIVER.next_call(want, seen, REFS)
    assert (mend.action, mend.parameters["body"]["priority"]) == ("firewalls.update", 1000)
    after = DRIVER.absorb(seen, mend, DONE_ANSWER)
    assert after.extras == ()
    assert DRIVER.next_call(want, after, REFS) is DONE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rules((22, 22, "0.0.0.0/0")), rules()),
        (rules((22, 22, "203.0.113.4/32")), rules((22, 22, "203.0.113.5/32"))),
        (rules(), rules((22, 22, "0.0.0.0/0"))),
    ],
    ids=["delete", "update", "insert"],
)
def test_a_rule_gets_no_second_call_while_its_operation_runs(before, after):
    """Until an operation is done, lists may show a rule as it was before."""
    written = DRIVER.next_call(after, built(before), REFS)
    name = written.parameters.get("firewall") or written.parameters["body"]["name"]
    path = f"projects/p/global/firewalls/{name}"
    running = {"items": [{"targetLink": path, "status": "RUNNING"}]}
    seen = observed(before, running)
    assert isinstance(DRIVER.next_call(after, seen, REFS), Wait)
    assert DRIVER.next_call(after, observed(before), REFS).action == written.action
    with_other = evolve(after, ingress=(*after.ingress, Rule("udp", 53, 53, "0.0.0.0/0")))
    other = DRIVER.next_call(with_other, seen, REFS)
    assert (other.action, "-udp-" in other.parameters["body"]["name"]) == ("firewalls.insert", True)
    absorbed = DRIVER.absorb(seen, other, RUNNING)
    assert isinstance(DRIVER.next_call(with_other, absorbed, REFS), Wait)


def observed(want, operations=None):
    """What the driver reads if the lists show `want` and these operations."""
    born = marks.owner_name(SCOPE, TAG)
    shell = {"name": TAG, "description": marks.description(SHELL.spec, REFS, born=born, cidr="10.10.0.0/22")}
    bodies, seen = [shell], None
    while isinstance(call := DRIVER.next_call(want, seen, REFS), Call):
        bodies.append(call.parameters["body"])
        seen = DRIVER.absorb(seen, call, DONE_ANSWER)
    records = [{"network": NETWORK, "selfLink": f"global/firewalls/{each['name']}", **each}
               for each in bodies]  # fmt: skip
    answers = {Call("firewalls.list"): [{"items": records}]}
    if operations:
        answers[Call(reading.operations().action)] = [operations]
    (found,) = DRIVER.assemble(answers, Names(SCOPE, {}))
    return found
