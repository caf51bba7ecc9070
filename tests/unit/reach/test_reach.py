"""Who can reach whom, on small topologies that one can follow by eye."""

import time

import pytest
from attrs import evolve

from portinfra import INTERNET, Environment, Role, Topology, allow, reach
from portinfra.model.address import Address
from portinfra.model.observed import Observation, Observed
from portinfra.model.resources import Rule
from portinfra.placement import place
from portinfra.reach import Traffic

PRODUCTION = Environment("production", on="fake:us-east-1", cidr="10.10.0.0/16")
WEB, APP, DB = Role("web", public="customers"), Role("app"), Role("db")
SHOP = Topology(
    "shop",
    [WEB, APP, DB],
    [
        allow(INTERNET, WEB, tcp=443, why="customers"),
        allow(WEB, APP, tcp="8443-8450", why="calls"),
        allow(APP, DB, tcp=5432, why="orders"),
    ],
)


def shop(*flows, roles=(WEB, APP, DB)):
    return reach.of(place(Topology("shop", roles, [*SHOP.flows, *flows]), PRODUCTION))


def seen(**changes):
    """Everything of the shop as a cloud would show it, some of it changed: `firewall_rules_web={…}`."""
    resources = {
        address: Observed(address, spec) for address, spec in place(SHOP, PRODUCTION).resources.items()
    }
    for name, fields in changes.items():
        kind, _, own = name.rpartition("_")
        address = Address(f"{kind.replace('_', '-')}.{own}")
        if fields is None:
            del resources[address]
        else:
            resources[address] = evolve(resources[address], spec=evolve(resources[address].spec, **fields))
    return reach.observed_reach(Observation(resources), SHOP)


def test_a_flow_opens_its_two_ends_and_no_more():
    found = shop()
    assert found.direct("internet", "web") == Traffic.tcp(443)
    assert found.direct("web", "app") == Traffic.tcp(8443, 8450)
    assert found.direct("web1", "app2") == Traffic.tcp(8443, 8450)
    assert not found.direct("web", "db")
    assert not found.direct("app", "web")
    assert not found.direct("internet", "app")
    assert not found.direct("web", "internet")


def test_the_path_names_hosts_ports_and_the_rules_that_let_it():
    first, second, third = shop().path("internet", "db")
    assert [(hop.source, hop.target) for hop in (first, second, third)] == [
        ("internet", "web1"),
        ("web1", "app1"),
        ("app1", "db1"),
    ]
    assert third.traffic == Traffic.tcp(5432)
    assert third.egress == Rule("tcp", 5432, 5432, "firewall.db")
    assert third.ingress == Rule("tcp", 5432, 5432, "firewall.app")
    assert first.egress is None
    assert first.ingress == Rule("tcp", 443, 443, "0.0.0.0/0")


def test_a_path_may_be_kept_to_some_roles():
    found = shop(allow(WEB, DB, udp=1, why="shortcut"))
    assert len(found.path("internet", "db")) == 2
    assert found.path("internet", "db", through=["app"]) == ()
    assert len(found.path("internet", "db", through=["web"])) == 2


def test_there_is_no_path_against_the_flows():
    assert shop().path("db", "web") == ()
    assert shop().path("db", "internet") == ()


def test_nothing_leads_through_the_internet():
    found = shop(
        allow(Role("api"), INTERNET, tcp=443, why="out"), roles=(WEB, APP, DB, Role("api", public="x"))
    )
    assert found.direct("api", "internet")
    assert [hop.target for hop in found.path("api", "web")] == ["web1"]
    assert found.path("api", "db")[0].target == "web1"


def test_a_rule_for_addresses_lets_in_whoever_has_one():
    found = shop(allow("10.10.0.0/16", DB, tcp=22, why="x"), allow(WEB, "10.10.8.0/21", tcp="1-100", why="x"))
    assert found.direct("web", "db") == Traffic.tcp(22)
    assert not found.direct("app", "db") & Traffic.tcp(22)  # nothing lets it out
    assert not found.direct("internet", "db")  # no public address


def test_a_rule_for_a_few_addresses_tells_hosts_of_one_role_apart():
    found = shop(allow(WEB, "10.10.8.4/32", tcp=22, why="x"), allow("10.10.0.0/24", DB, tcp=22, why="x"))
    assert found.direct("web1", "db1") == Traffic.tcp(22)
    assert not found.direct("web2", "db1")  # in another zone, and so in another range
    assert not found.direct("web1", "db2")
    assert found.direct("web", "db") == Traffic.tcp(22)  # some host of the one, some host of the other


def test_addresses_may_be_asked_about_by_themselves():
    found = shop(allow("203.0.113.0/24", WEB, tcp=22, why="office"))
    assert found.direct("203.0.113.9", "web") == Traffic.of([("tcp", 22, 22), ("tcp", 443, 443)])
    assert found.direct("203.0.114.1", "web") == Traffic.tcp(443)
    assert found.direct("203.0.112.0/22", "web1") & Traffic.tcp(22)
    assert found.direct("10.10.0.4", "10.10.4.4") == Traffic.tcp(8443, 8450)  # web1 and app1
    assert not found.direct("10.10.0.99", "10.10.4.4")  # nobody's address
    with pytest.raises(KeyError, match="wbe"):
        found.direct("wbe", "app")


def test_a_host_alone_does_not_reach_its_own_role():
    flow = allow(DB, DB, tcp=1, why="replication")
    assert shop(flow).direct("db", "db") == Traffic.tcp(1)
    assert not shop(flow).direct("db1", "db1")
    assert shop(flow).path("db1", "db")[0].target == "db2"
    assert not shop(flow, roles=(WEB, APP, Role("db", count=1))).direct("db", "db")


def test_a_role_without_hosts_is_known_and_reached_by_nobody():
    assert not shop(roles=(WEB, APP, Role("db", count=0))).direct("app", "db")


def test_every_role_that_is_reached_is_told_with_its_shortest_chain():
    chains = shop().chains_from("internet")
    assert {role: len(chain) for role, chain in chains.items()} == {"web": 1, "app": 2, "db": 3}


def test_edges_are_told_by_role_with_a_witness():
    edges = {(edge.source, edge.target): edge for edge in shop().edges()}
    assert set(edges) == {("internet", "web"), ("web", "app"), ("app", "db")}
    assert edges["web", "app"].witness.source == "web1"


def test_what_is_there_counts_and_not_what_is_declared():
    loosened = {"ingress": (Rule("tcp", 22, 22, "0.0.0.0/0"),)}
    assert seen(firewall_rules_web=loosened).direct("internet", "web") == Traffic.tcp(22)
    assert not seen(public_address_web1=None).direct("internet", "web1")
    assert seen(public_address_web1=None).direct("internet", "web2")
    assert not seen(**{"subnet_web-0": {"public": False}}).direct("internet", "web1")
    assert not seen(firewall_rules_web=None).direct("internet", "web")


def test_a_host_that_is_not_there_reaches_nobody():
    found = seen(instance_web1=None)
    assert "web1" not in found.names
    assert found.path("internet", "app")[0].target == "web2"


def test_a_host_behind_a_firewall_that_is_not_ours_is_told_as_unknown():
    found = seen(instance_db1={"firewall": None})
    assert found.rule_sets.unknown_hosts == ("db1",)
    assert not found.direct("app", "db1")
    assert found.direct("app", "db2")


def test_a_rule_for_what_is_not_ours_is_told():
    rules = (Rule("tcp", 1, 1, "::/0"), Rule("tcp", 22, 22, "sg-0a1b2c"))
    found = seen(firewall_rules_db={"ingress": rules})
    assert [rule for _, rule in found.rule_sets.foreign_rules] == list(rules)


def test_three_thousand_hosts_are_as_quick_as_their_roles_are_few():
    roles = [Role(f"r{chr(97 + i)}", count=100) for i in range(26)]
    flows = [allow(a, b, tcp=443, why="x") for a in roles for b in roles]
    placed = place(Topology("big", roles, flows), Environment("p", on="fake:us-east-1", cidr="10.0.0.0/12"))
    began = time.process_time()
    found = reach.of(placed)
    assert len(found.edges()) == 26 * 26
    assert len(found.rule_sets.parties) == 27
    assert time.process_time() - began < 1.0
