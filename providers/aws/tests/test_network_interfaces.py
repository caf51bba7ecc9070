"""Network interfaces of other services in our subnets: listed, and named where they prevent a deletion."""

import pytest

from bed.conformance_bed import AwsBed
from portinfra import workflow
from portinfra.errors import ApplyError
from portinfra.testing.conformance.stage import LOSE_DATA, Stage

BALANCER = "ELB app/shop/50dc6c495c0c9188"


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, AwsBed() as bed:
        patch.setenv("PORTINFRA_HOME", str(tmp_path_factory.mktemp("home")))
        stage = Stage(bed)
        stage.bring(bed.before)
        yield stage
        assert bed.ec2.violations == []
        assert bed.ec2.gaps == []


@pytest.fixture(scope="module")
def interface(stage):
    """The interface of a load balancer in a subnet of ours, behind a group of ours."""
    subnet, group = stage.bed._named("-web-0-", "subnet-")[0], stage.bed._named("-web-", "sg-")[0]
    asked = {"SubnetId": subnet, "Groups": [group], "Description": BALANCER}
    return stage.bed._act("CreateNetworkInterface", asked)["NetworkInterface"]["NetworkInterfaceId"]


def test_an_interface_of_a_service_is_listed_and_those_of_hosts_are_not(stage, interface):
    with stage.calls() as made:
        seen = workflow.observe(stage.bed.before, stage.environment, foreign=True)
    (found,) = seen.foreign
    expected = f"network interface {interface} ({BALANCER}) in subnet.web-0, bound to firewall.web"
    assert str(found) == expected
    assert found.place == stage.environment.zones[0]
    assert [call.action for call in made.made].count("DescribeNetworkInterfaces") == 1


def test_a_plan_does_not_read_them(stage, interface):
    with stage.calls() as made:
        assert workflow.plan(stage.bed.before, stage.environment).empty
    assert "DescribeNetworkInterfaces" not in {call.action for call in made.made}


def test_a_deletion_that_they_prevent_names_them(stage, interface):
    with stage.calls():
        plan = workflow.destroy(stage.bed.before, stage.environment, LOSE_DATA)
        assert any(interface in finding.message for finding in plan.findings)
        with pytest.raises(ApplyError) as refused:
            workflow.apply(plan, seed=0)
    (cause,) = (each for each in refused.value.outcome.causes if each.addresses == ("subnet.web-0",))
    assert f"Foreign resources are in it: network interface {interface} ({BALANCER})" in str(cause)
    assert "run the same command again" in cause.error.fix
    stage.bed._act("DeleteNetworkInterface", {"NetworkInterfaceId": interface})
    stage.remove(stage.bed.before)
    assert stage.ground_truth() == []
