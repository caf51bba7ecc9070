"""The hosts of a topology as other tools list them."""

import pytest
from attrs import evolve

from portinfra import INTERNET, Environment, Role, Topology, allow, inventory, list_hosts, place

SHOP = Topology(
    "shop",
    [Role("bastion", count=1, public="operators"), Role("web-app", count=2)],
    [allow(INTERNET, "bastion", tcp=443, why="login"), allow("bastion", "web-app", tcp=22, why="ssh")],
)
HERE = place(SHOP, Environment("demo", on="fake:us-east-1", cidr="10.0.0.0/16"))


def test_hosts_are_listed_in_the_order_of_the_declaration():
    found = [(host.name, host.role, host.zone, host.public) for host in list_hosts(HERE)]
    assert found == [
        ("bastion1", "bastion", 0, True),
        ("web-app1", "web-app", 0, False),
        ("web-app2", "web-app", 1, False),
    ]


@pytest.mark.parametrize(
    ("format", "line"),
    [
        ("ansible", "[web_app]"),
        ("ansible", "bastion1 ansible_host=10.0.0.4 zone=0"),
        ("hosts", "10.0.0.4\tbastion1"),
        ("ssh", "    ProxyJump bastion1"),
    ],
)
def test_each_format_has_its_own_lines(format, line):
    assert line in inventory(HERE, format).splitlines()


def test_another_format_is_refused_with_those_that_there_are():
    with pytest.raises(ValueError, match="ansible, hosts, ssh"):
        inventory(HERE, "toml")


@pytest.mark.parametrize("format", ["ansible", "hosts", "ssh"])
def test_an_address_that_a_role_ignores_is_not_known_offline(format):
    moved = SHOP.with_role(evolve(SHOP.role("web-app"), ignore=["private_address", "zone"]))
    there = place(moved, HERE.environment)
    host = next(host for host in list_hosts(there) if host.name == "web-app1")
    assert (host.private_address, host.zone, host.size) == (None, None, "small")
    text = inventory(there, format)
    assert "10.0.4.4" not in text
    assert "# web-app1: address not known, as web-app ignores private_address" in text
    assert "10.0.0.4" in text
