"""A network from every half-made state: what is too much goes first, then comes what is missing."""

import itertools
import json

import pytest

from portinfra.model.address import Address
from portinfra.model.observed import Observed
from portinfra.model.resources import Network
from portinfra.provider.interface import Wait
from portinfra_aws.drivers.network import NetworkDriver
from walking import SCOPE, actions, answers, names, refs, tags, way

DRIVER = NetworkDriver()
MAIN = Network("main", "10.10.0.0/16")
RULES = json.dumps([["all", 0, 0, "0.0.0.0/0"]])

KNOWN = {"id": "vpc-1", "name": SCOPE.native_name("main"), "default-group": "sg-0", "main-table": "rtb-0"}

GATEWAYS = ({"gateway": ""}, {"gateway": "igw-1"}, {"gateway": "igw-1", "attached": "yes"})
TABLES = (
    {},
    {"table": "rtb-1"},
    {"table": "rtb-1", "dead-route": "yes"},
    {"table": "rtb-1", "route": "igw-1", "gateway": "igw-1", "attached": "yes"},
)
SWITCHES = ({"ingress": RULES}, {"egress": RULES}, {"way-out": "0.0.0.0/0"}, {"marked": "yes"})


def half_made():
    """Every state that a crash, or a person, can leave a VPC in."""
    for dns, gateway, table in itertools.product(("no", "yes"), GATEWAYS, TABLES):
        for on in itertools.product((False, True), repeat=len(SWITCHES)):
            parts = {**KNOWN, "dns": dns, **gateway, **table}
            for switch, is_on in zip(SWITCHES, on, strict=True):
                parts |= switch if is_on else {}
            yield Observed(MAIN.address, MAIN, parts)


STATES = list(half_made())
OPENS = {"AttachInternetGateway", "CreateRoute", "ReplaceRoute"}
CLOSES = {"RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress", "DeleteRoute"}


def test_every_half_made_state_is_finished_and_closed_before_it_is_opened():
    assert len(STATES) == 2 * 3 * 4 * 16
    for seen in STATES:
        taken = actions(way(DRIVER, MAIN, seen, refs()))
        closing = [at for at, action in enumerate(taken) if action in CLOSES]
        opening = [at for at, action in enumerate(taken) if action in OPENS]
        assert not closing or not opening or max(closing) < min(opening), taken
        assert len(set(taken)) == len(taken) <= 9, taken
        assert ("ReplaceRoute" in taken) == ("dead-route" in seen.parts)


def test_every_call_brings_it_nearer_by_one():
    for seen in STATES:
        calls = way(DRIVER, MAIN, seen, refs())
        at = seen
        for left in range(len(calls), 0, -1):
            assert len(way(DRIVER, MAIN, at, refs())) == left
            at = DRIVER.absorb(at, DRIVER.next_call(MAIN, at, refs()), None)


def test_every_half_made_state_is_removed_in_an_order_that_ec2_takes():
    order = ["DeleteRouteTable", "DetachInternetGateway", "DeleteInternetGateway", "DeleteVpc"]
    for seen in STATES:
        taken = actions(way(DRIVER, None, seen, refs()))
        assert taken == sorted(taken, key=order.index)
        assert taken[-1] == "DeleteVpc"
        assert ("DeleteInternetGateway" in taken) == bool(seen.parts["gateway"])


def test_from_nothing_it_takes_the_calls_that_ec2_needs():
    assert actions(way(DRIVER, MAIN, None, refs())) == [
        "CreateVpc",
        "ModifyVpcAttribute",
        "RevokeSecurityGroupIngress",
        "RevokeSecurityGroupEgress",
        "CreateInternetGateway",
        "AttachInternetGateway",
        "CreateRouteTable",
        "CreateRoute",
        "CreateTags",
    ]


def test_the_default_group_lets_itself_in_and_all_out_and_loses_both():
    calls = way(DRIVER, MAIN, None, refs())
    revoked = [call.parameters["IpPermissions"] for call in calls if call.action.startswith("Revoke")]
    assert revoked[0][0]["Groups"] == [{"GroupId": "sg-(default-group)"}]
    assert revoked[1] == [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


@pytest.mark.parametrize("unknown", ["dns", "default-group", "main-table", "gateway"])
def test_what_no_list_tells_is_looked_for_before_anything_is_done(unknown):
    parts = {**KNOWN, "dns": "yes", "gateway": ""}
    seen = Observed(MAIN.address, MAIN, {k: v for k, v in parts.items() if k != unknown})
    assert isinstance(DRIVER.next_call(MAIN, seen, refs()), Wait)
    assert DRIVER.detail(seen) is not None


def vpc(number, attempt, **more):
    return {
        "vpcId": f"vpc-{number}",
        "cidrBlock": "10.10.0.0/16",
        "state": "available",
        "tagSet": tags("network.main", attempt, **more),
    }


def test_of_two_networks_the_one_that_something_stands_in_is_the_one():
    subnet = {"subnetId": "subnet-1", "vpcId": "vpc-2", "tagSet": tags("subnet.web-0")}
    told = answers(DRIVER, DescribeVpcs=[vpc(1, "attempt-1"), vpc(2, "attempt-2")], DescribeSubnets=[subnet])
    (seen,) = DRIVER.assemble(told, names())
    assert seen.id == "vpc-2"
    assert seen.extras == ({"id": "vpc-1"},)
    call = DRIVER.next_call(MAIN, seen, refs())
    assert (call.action, call.parameters) == ("DeleteVpc", {"VpcId": "vpc-1"})


def test_two_networks_in_use_are_both_shown_and_neither_is_removed():
    inside = [
        {"subnetId": f"subnet-{n}", "vpcId": f"vpc-{n}", "tagSet": tags(f"subnet.web-{n}")} for n in (1, 2)
    ]
    told = answers(DRIVER, DescribeVpcs=[vpc(1, "attempt-1"), vpc(2, "attempt-2")], DescribeSubnets=inside)
    found = DRIVER.assemble(told, names())
    assert [seen.id for seen in found] == ["vpc-1", "vpc-2"]
    assert all(seen.extras == () for seen in found)


def test_a_network_with_copied_tags_and_another_name_is_not_a_double():
    told = answers(DRIVER, DescribeVpcs=[vpc(1, "attempt-1"), vpc(2, "attempt-1", name="mine")])
    (seen,) = DRIVER.assemble(told, names())
    assert (seen.id, seen.extras) == ("vpc-1", ())


def test_what_is_not_of_the_scope_is_not_seen():
    other = vpc(1, "a", scope="payments/staging")
    assert DRIVER.assemble(answers(DRIVER, DescribeVpcs=[other]), names()) == []


def test_a_network_of_another_name_is_not_removed():
    seen = Observed(Address("network.main"), MAIN, {**KNOWN, "name": "mine", "dns": "yes", "gateway": ""})
    refused = DRIVER.next_call(None, seen, refs())
    assert "mine" in refused.reason
    assert refused.fix
