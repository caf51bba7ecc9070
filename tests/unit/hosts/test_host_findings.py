"""What is wrong with services in one environment, and what hosts need besides."""

import pytest
from attrs import evolve
from service_shop import PRODUCTION, SHOP, with_count

from portinfra.hosts.findings import host_findings, need_findings
from portinfra.placement import place


def found(topology=SHOP, environment=PRODUCTION):
    return {(each.rule, each.subject): each for each in host_findings(place(topology, environment))}


def test_a_sound_topology_has_no_findings():
    assert found() == {}


def test_a_host_checks_a_limited_number_of_servers():
    large = evolve(PRODUCTION, cidr="10.0.0.0/8", subnet_prefix=20)
    assert found(with_count(SHOP, "app", 4001), large).keys() == {("hosts/servers", "role.web")}


def test_addresses_that_may_differ_are_a_warning():
    topology = SHOP.with_role(evolve(SHOP.role("db"), ignore=["private_address"]))
    assert found(topology)["hosts/address", "role.db.ignore"].severity == "warning"


def test_the_needs_of_hosts_are_told_where_they_are_rendered():
    (need,) = need_findings(place(SHOP, PRODUCTION))
    assert "docs/services-how-to.md" in need.fix
    assert "/etc/portinfra/tls" in need.message


@pytest.mark.parametrize(("delivery", "package"), [("puppet", "puppet-agent"), ("ansible", "python3")])
def test_the_needs_of_hosts_include_those_of_the_tool(delivery, package):
    (need,) = need_findings(place(evolve(SHOP, delivery=delivery), PRODUCTION))
    assert f"socat, {package}, and certificates" in need.message
