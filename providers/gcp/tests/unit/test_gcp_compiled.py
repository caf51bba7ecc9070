"""Firewall rules in Compute Engine's form, and back into ours."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from portinfra.model.address import RESOURCE_NAME_MAX, Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Firewall, FirewallRules, Rule
from portinfra.provider.interface import Refs
from portinfra_gcp.drivers.compiled import SOURCE_TAGS_MAX, Compiled, Words, compile, native

SCOPE = Scope("shop", "production")
ROLES = tuple(f"role-{letter}" for letter in "abcdefghijklmnopqrstuvwxyzabcdefgh")


def shell(number):
    name = f"{ROLES[number % 26]}{'x' * (number // 26)}"
    address, tag = Address(f"firewall.{name}"), SCOPE.native_name(name)
    spec = Firewall(name, None, cidr=f"10.10.{number * 4}.0/22")
    return Observed(address, spec, {"id": f"global/firewalls/{tag}", "name": tag})


SHELLS = {each.address: each for each in map(shell, range(40))}
REFS = Refs(SCOPE, "attempt", SHELLS)
WORDS = Words(
    {each.parts["name"]: each.address for each in SHELLS.values()},
    {each.spec.cidr: each.address for each in SHELLS.values()},
)
PEERS = st.sampled_from([*SHELLS, "0.0.0.0/0", "192.168.0.0/16", "203.0.113.7/32"])
TRAFFIC = st.one_of(
    st.just(("icmp", 0, 0)),
    st.tuples(st.sampled_from(["tcp", "udp"]), st.integers(1, 9), st.integers(9, 12)),
)
RULES = st.sets(st.builds(lambda traffic, peer: Rule(*traffic, peer), TRAFFIC, PEERS)).map(
    lambda drawn: tuple(sorted(drawn))
)


@given(RULES, RULES)
def test_what_is_compiled_reads_back_as_what_was_wanted(ingress, egress):
    want = FirewallRules("web", Address("firewall.web"), ingress, egress)
    found = {"ingress": set(), "egress": set()}
    for rule in compile(want, "web").values():
        record = native(rule, "tag-of-web", REFS)
        read = WORDS.read(record, ours=True, tag="tag-of-web")
        assert read == rule
        assert Compiled.of_text(read.text()) == rule
        found[read.way] |= set(read.rules())
    assert found == {"ingress": set(ingress), "egress": set(egress)}


@given(RULES)
def test_outwards_no_rule_names_a_tag(egress):
    want = FirewallRules("web", Address("firewall.web"), (), egress)
    for rule in compile(want, "web").values():
        assert "sourceTags" not in native(rule, "tag", REFS)


@pytest.mark.parametrize("roles", [SOURCE_TAGS_MAX, SOURCE_TAGS_MAX + 1])
def test_more_roles_than_tags_may_be_are_named_by_their_addresses(roles):
    peers = frozenset(list(SHELLS)[:roles])
    record = native(Compiled("ingress", (("tcp", 22, 22),), peers), "tag", REFS)
    assert ("sourceTags" in record) == (roles <= SOURCE_TAGS_MAX)
    assert WORDS.read(record, ours=True, tag="tag").peers == peers


@given(st.from_regex(r"[a-z]([a-z0-9-]{0,60}[a-z])?", fullmatch=True), RULES)
def test_names_fit_and_are_never_those_of_a_firewall(base, ingress):
    labels = compile(FirewallRules("web", None, ingress), base)
    assert len(labels) == len({rule[:3] for rule in ingress})
    assert all(len(label) <= RESOURCE_NAME_MAX and label[-1].isdigit() for label in labels)


RIGHT = native(Compiled("ingress", (("tcp", 22, 22),), frozenset(["0.0.0.0/0"])), "tag", REFS)


@pytest.mark.parametrize(
    "changed",
    [{"disabled": True}, {"priority": 900}, {"targetTags": ["tag", "other"]}, {"targetTags": []}],
    ids=str,
)
def test_a_rule_of_ours_that_is_not_in_force_as_made_is_damaged(changed):
    assert not WORDS.read(RIGHT, ours=True, tag="tag").damaged
    assert WORDS.read({**RIGHT, **changed}, ours=True, tag="tag").damaged


def test_what_somebody_else_writes_is_read_in_our_words_as_far_as_there_are_any():
    record = {
        "direction": "INGRESS",
        "priority": 5,
        "allowed": [
            {"IPProtocol": "6", "ports": ["22", "80-90"]},
            {"IPProtocol": "udp"},
            {"IPProtocol": "esp"},
        ],
        "sourceTags": ["theirs"],
        "sourceRanges": ["10.10.4.0/22"],
        "sourceServiceAccounts": ["ada@example.com"],
    }
    read = WORDS.read(record, ours=False, tag="tag")
    assert read.peers == {"tag:theirs", "account:ada@example.com", "firewall.role-b"}
    assert set(read.traffic) == {("tcp", 22, 22), ("tcp", 80, 90), ("udp", 0, 65535), ("esp", 0, 0)}
    assert not read.damaged
    assert evolve(read, ours=True) != read
