from ipaddress import ip_address, ip_network

import pytest

from portinfra import INTERNET, Environment, Role, Topology, Volume, allow
from portinfra.errors import PlacementError
from portinfra.model.resources import Instance, Rule, Subnet
from portinfra.placement import place

PRODUCTION = Environment("production", on="fake:us-east-1", cidr="10.10.0.0/16", key="k")


def hosts(placed):
    return {a.name: s for a, s in placed.resources.items() if isinstance(s, Instance)}


def test_the_number_that_ends_a_name_decides_the_zone():
    placed = place(Topology("t", [Role("web", count=9)]), PRODUCTION)
    zones = {name: spec.zone for name, spec in hosts(placed).items()}
    assert [zones[f"web{n}"] for n in (1, 4, 7)] == [0, 0, 0]
    assert [zones[f"web{n}"] for n in (2, 5, 8)] == [1, 1, 1]
    assert [zones[f"web{n}"] for n in (3, 6, 9)] == [2, 2, 2]


def test_counts_move_nothing():
    small = place(Topology("t", [Role("web", count=2), Role("db", count=1)]), PRODUCTION)
    large = place(Topology("t", [Role("web", count=40), Role("db", count=9)]), PRODUCTION)
    assert all(large.resources[address] == spec for address, spec in small.resources.items())


def test_a_further_zone_moves_no_subnet():
    three = place(Topology("t", [Role("web"), Role("db")]), PRODUCTION)
    four = place(
        Topology("t", [Role("web"), Role("db")]),
        Environment("production", on="fake:us-east-1", cidr="10.10.0.0/16", key="k", zones=list("abcd")),
    )
    subnets = {a: s for a, s in three.resources.items() if isinstance(s, Subnet)}
    assert all(four.resources[address] == spec for address, spec in subnets.items())


def test_a_slot_keeps_a_role_in_its_place():
    alone = place(Topology("t", [Role("db", slot=1)]), PRODUCTION)
    second = place(Topology("t", [Role("web"), Role("db")]), PRODUCTION)
    assert alone.resources["subnet.db-0"] == second.resources["subnet.db-0"]


def test_hosts_stay_off_the_addresses_that_a_cloud_keeps():
    placed = place(Topology("t", [Role("web", count=750)]), PRODUCTION)
    for spec in hosts(placed).values():
        subnet = ip_network(placed.resources[spec.subnet].cidr)
        offset = int(ip_address(spec.private_address)) - int(subnet.network_address)
        assert 4 <= offset <= subnet.num_addresses - 3


def test_too_many_hosts_and_taken_slots_are_all_named_at_once():
    topology = Topology("t", [Role("web", count=751), Role("db", slot=0), Role("far", slot=63)])
    with pytest.raises(PlacementError) as caught:
        place(topology, PRODUCTION)
    assert [(f.rule, f.subject) for f in caught.value.findings] == [
        ("placement/too-many-hosts", "role.web.count"),
        ("placement/slot-taken", "role.db.slot"),
        ("placement/no-room", "role.far.slot"),
    ]
    assert caught.value.findings[1].location == topology.roles[1].location


def test_a_flow_opens_both_of_its_ends_and_no_more():
    topology = Topology(
        "t",
        [Role("web", public="yes"), Role("db")],
        [allow(INTERNET, "web", tcp=443), allow("web", "db", tcp=5432, icmp=True)],
    )
    placed = place(topology, PRODUCTION)
    web, db = placed.resources["firewall-rules.web"], placed.resources["firewall-rules.db"]
    assert web.ingress == (Rule("tcp", 443, 443, "0.0.0.0/0"),)
    assert web.egress == (Rule("icmp", 0, 0, "firewall.db"), Rule("tcp", 5432, 5432, "firewall.db"))
    assert db.ingress == (Rule("icmp", 0, 0, "firewall.web"), Rule("tcp", 5432, 5432, "firewall.web"))
    assert db.egress == ()


def test_rules_of_several_flows_are_merged():
    topology = Topology(
        "t", [Role("a"), Role("b")], [allow("a", "b", tcp="1-5"), allow("a", "b", tcp=[6, 9])]
    )
    assert place(topology, PRODUCTION).resources["firewall-rules.b"].ingress == (
        Rule("tcp", 1, 6, "firewall.a"),
        Rule("tcp", 9, 9, "firewall.a"),
    )


def test_a_host_has_its_volumes_and_a_public_one_its_address():
    role = Role("db", count=1, public="x", volumes=[Volume("data", gib=5, mount="/srv", tags={"a": "b"})])
    placed = place(Topology("t", [role], tags={"team": "x"}), PRODUCTION)
    volume = placed.resources["volume.db1-data"]
    assert (volume.gib, volume.mount, volume.zone, volume.key) == (5, "/srv", 0, "k")
    assert volume.tags == {"team": "x", "a": "b"}
    assert placed.resources["attachment.db1-data"].references() == ("instance.db1", "volume.db1-data")
    assert placed.resources["public-address.db1"].instance == "instance.db1"
    assert placed.resources["subnet.db-0"].public


def test_an_environment_overrides_what_differs_there():
    environment = Environment(
        "dev", on="fake:x", roles={"db": {"count": 1, "size": "large", "tags": {"cheap": "yes"}}}
    )
    placed = place(Topology("t", [Role("db", tags={"a": "b"})]), environment)
    (host,) = hosts(placed).values()
    assert host.machine_type == "large"
    assert host.tags == {"a": "b", "cheap": "yes"}


def test_only_the_environments_own_provider_options_are_taken():
    role = Role("db", count=1, native={"fake": {"spot": True}, "aws": {"x": 1}})
    (host,) = hosts(place(Topology("t", [role]), PRODUCTION)).values()
    assert host.native == {"spot": True}


def test_resources_come_after_all_they_refer_to():
    placed = place(
        Topology("t", [Role("db", public="x", volumes=[Volume("d", gib=1)]), Role("web")]), PRODUCTION
    )
    seen = set()
    for address, spec in placed.resources.items():
        assert set(spec.references()) <= seen | {"firewall.web", "firewall.db"}
        seen.add(address)


def test_a_placement_follows_a_declaration_that_changes():
    topology = Topology("t", [Role("web", count=1)], tags={"team": "a"})
    environment = Environment("production", on="fake:us-east-1", roles={"web": {"count": 1}})
    place(topology, environment)
    environment.roles["web"]["count"] = 3
    environment.tags["owner"] = "ops"
    topology.tags["team"] = "b"
    placed = place(topology, environment)
    assert list(hosts(placed)) == ["web1", "web2", "web3"]
    assert hosts(placed)["web1"].tags == {"team": "b", "owner": "ops"}


def test_a_change_of_one_placement_changes_no_other():
    topology = Topology("t", [Role("web", count=1)])
    place(topology, PRODUCTION).resources.pop("instance.web1")
    assert list(hosts(place(topology, PRODUCTION))) == ["web1"]
