"""Hosts that sign certificates are private, and the hosts of every role reach them."""

import pytest
from attrs import evolve

from portinfra import INTERNET, Environment, Role, Topology, allow
from portinfra.declaration.load import load
from portinfra.model.topology import ENROLMENT_PROFILES
from portinfra.placement import place
from portinfra.policy import check

PRODUCTION = Environment("production", on="fake:us-east-1", cidr="10.10.0.0/16")
WEB, DB = Role("web", public="customers"), Role("db")
CONFIG = Role("config", count=1, profile="puppet-server")
CUSTOMERS = allow(INTERNET, WEB, tcp=443, why="customers")
CERTIFICATES = allow([WEB, DB], CONFIG, tcp="8000-8200", why="certificates")


def found(*flows, config=CONFIG, environment=PRODUCTION):
    placed = place(Topology("shop", [WEB, DB, config], flows), environment)
    return {
        (one.rule, one.subject): one for one in check(placed).findings if one.rule.startswith("check/enrol")
    }


@pytest.mark.parametrize("profile", ENROLMENT_PROFILES)
def test_a_role_that_signs_certificates_is_private(profile):
    server = evolve(CONFIG, profile=profile)
    assert found(CERTIFICATES, config=server) == {}
    finding = found(CERTIFICATES, config=evolve(server, public="updates"))[
        "check/enrolment-public", "role.config"
    ]
    assert repr(profile) in finding.message
    assert 'Write public=""' in finding.fix


@pytest.mark.parametrize("profile", ENROLMENT_PROFILES)
def test_a_role_without_a_flow_to_it_gets_no_certificate(profile):
    only_web = allow(WEB, CONFIG, tcp=8140, why="certificates")
    ((key, finding),) = found(CUSTOMERS, only_web, config=evolve(CONFIG, profile=profile)).items()
    assert key == ("check/enrolment-without-flow", "role.db")
    assert finding.fix == 'Add: allow("db", "config", tcp=8140, why="certificates").'


@pytest.mark.parametrize(
    "flow", [allow(WEB, CONFIG, tcp=8141, why="x"), allow(WEB, CONFIG, udp=8140, why="x")]
)
def test_another_port_or_protocol_is_no_such_flow(flow):
    assert ("check/enrolment-without-flow", "role.web") in found(flow)


def test_a_range_of_addresses_opens_one_side_only_and_is_no_such_flow():
    flow = allow("10.10.0.0/16", CONFIG, tcp=8140, why="certificates")
    assert {subject for _, subject in found(flow)} == {"role.web", "role.db"}


@pytest.mark.parametrize(
    ("config", "overrides"),
    [(evolve(CONFIG, profile=""), {}), (CONFIG, {"config": {"count": 0}})],
    ids=["no profile", "no host here"],
)
def test_without_a_host_that_signs_nothing_is_missing(config, overrides):
    assert found(config=config, environment=evolve(PRODUCTION, roles=overrides)) == {}


def test_a_role_without_hosts_needs_no_flow():
    absent = evolve(PRODUCTION, roles={"web": {"count": 0}, "db": {"count": 0}})
    assert found(environment=absent) == {}


def test_in_hcl_the_finding_has_its_line_and_names_a_block(tmp_path):
    (tmp_path / "shop.hcl").write_text(
        """\
topology "shop" {
  role "config" {
    count   = 1
    profile = "puppet-server"
  }
  role "db" {}
}
""",
        encoding="utf-8",
    )
    (shop,) = load(tmp_path).topologies
    assert shop.role("config").profile == "puppet-server"
    (finding,) = (
        one for one in check(place(shop, PRODUCTION)).findings if one.rule == "check/enrolment-without-flow"
    )
    assert finding.location.line == 6
    assert 'an allow block with from = "db", to = "config", tcp = 8140' in finding.fix
