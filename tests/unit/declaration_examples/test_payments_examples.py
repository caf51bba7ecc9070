"""The reference platform is the same in both languages, and keeps the rules that it cites."""

from pathlib import Path

import pytest

from portinfra.declaration.load import load
from portinfra.model.topology import INTERNET, Topology
from portinfra.placement import place
from portinfra.policy import check

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="module")
def declared():
    return load(EXAMPLES / "payments.py")


@pytest.fixture(scope="module")
def payments(declared) -> Topology:
    return declared.topologies[0]


def _called(topology: Topology, target: str) -> set[str]:
    return {source for flow in topology.flows if target in flow.targets for source in flow.sources}


def test_python_and_hcl_declare_equal_values(declared):
    in_hcl = load(EXAMPLES / "payments.hcl")
    assert in_hcl.topologies == declared.topologies
    assert in_hcl.environments == declared.environments
    assert in_hcl.recoveries == declared.recoveries


def test_every_service_has_three_servers_or_a_reason(payments):
    assert [
        role.name for role in payments.roles if role.count < 3 and "check/fewer-than-three" not in role.waive
    ] == []


def test_only_public_roles_exchange_traffic_with_the_internet(payments):
    public = {role.name for role in payments.roles if role.public}
    outward = {target for flow in payments.flows if INTERNET in flow.sources for target in flow.targets} | {
        source for flow in payments.flows if INTERNET in flow.targets for source in flow.sources
    }
    assert outward == public


def test_ssh_comes_from_the_bastion_alone_and_to_the_bastion_from_the_vpn(payments):
    ssh = [flow for flow in payments.flows if (22, 22) in flow.tcp]
    reached = {target: source for flow in ssh for source in flow.sources for target in flow.targets}
    assert reached == {r.name: "vpn" if r.name == "bastion" else "bastion" for r in payments.roles}


def test_card_numbers_are_asked_for_by_the_middleware_alone(payments):
    assert _called(payments, "cards-db") == {"middleware", "cards-db", "bastion", "monitoring"}


def test_logs_come_from_everywhere_and_measurements_are_taken_everywhere(payments):
    names = {role.name for role in payments.roles}
    assert _called(payments, "logs") >= names - {"logs"}
    measured = {t for f in payments.flows if (9100, 9100) in f.tcp for t in f.targets}
    assert measured == names - {"monitoring"}


def test_every_flow_says_why(payments):
    assert [flow for flow in payments.flows if not flow.why] == []


def test_recovery_brings_back_every_role_once(declared, payments):
    [disaster] = declared.recoveries
    returned = disaster.roles
    assert sorted(returned) == sorted(role.name for role in payments.roles)


def test_both_environments_hold_the_same_hosts(declared, payments):
    production, recovery = (place(payments, environment) for environment in declared.environments)
    assert list(production.resources) == list(recovery.resources)
    assert sum(1 for address in production.resources if address.kind == "instance") >= 30


def test_its_services_open_the_ports_that_plain_flows_open(declared, payments):
    """The golden copy has a flow with a port in the place of each service."""
    golden = load(EXAMPLES.parent / "tests" / "golden" / "payments.hcl")
    for environment, before in zip(declared.environments, golden.environments, strict=True):
        assert place(payments, environment).resources == place(golden.topologies[0], before).resources


def test_no_flow_between_roles_writes_the_port_of_a_service(payments):
    """Copies of a store are no clients of it."""
    ports = {role.name: {(each.tcp, each.tcp) for each in role.offers} for role in payments.roles}
    assert len(payments.services) > 10
    for flow in payments.flows:
        if not flow.service and flow.sources != flow.targets:
            for target in flow.targets:
                assert not ports.get(target, set()) & set(flow.tcp), flow.why


def test_nothing_about_its_services_is_left_to_mend(declared, payments):
    for environment in declared.environments:
        report = check(place(payments, environment), recoveries=declared.recoveries)
        assert report.findings == ()
