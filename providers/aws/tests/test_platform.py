"""The reference platform on EC2, over HTTP: made, found again, drifted by hand, mended, removed."""

from pathlib import Path

import pytest
from attrs import evolve

from bed import Local
from bed.identities import ACCOUNT
from bed.settings import Settings
from portinfra import PlanOptions, workflow
from portinfra.declaration.load import load
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.emulator import EmulatorClock

EXAMPLE = Path(__file__).parents[3] / "examples" / "payments.hcl"
ALL_DATA = PlanOptions(allow_data_loss=frozenset({"all"}))


@pytest.fixture
def calls():
    """The actions that the provider asks, in order."""
    return []


@pytest.fixture
def there(ec2: Local, calls, tmp_path, monkeypatch):
    """An EC2 whose hours cost nothing."""
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    ec2.bed.settings = Settings(live_clock=False, request_seconds=0.05, pending_seconds=5.0)
    ec2.bed.reset()

    def noted(provider, call):
        calls.append(call.action)
        return provider.perform(call)

    with wrap_calls("aws", noted, clock=EmulatorClock(ec2.bed)):
        yield ec2
    assert ec2.bed.violations == []
    assert ec2.bed.gaps == []


@pytest.fixture(scope="module")
def payments():
    declared = load(EXAMPLE)
    environment = evolve(declared.environment("production"), on="aws:us-east-1", account=ACCOUNT, zones=())
    return declared.topology("payments"), environment


def apply(topology, environment):
    return workflow.apply(workflow.plan(topology, environment, ALL_DATA))


def test_it_is_made_found_again_drifted_mended_and_removed(there, payments, calls, boto):
    topology, environment = payments
    hosts = sum(role.count for role in topology.roles)
    assert hosts >= 30

    planned = workflow.plan(topology, environment)
    calls.clear()
    outcome = apply(topology, environment)
    assert outcome.succeeded
    assert calls.count("RunInstances") == hosts

    calls.clear()
    assert workflow.plan(topology, environment).empty
    assert len(calls) <= 10, calls

    drifted = drift(boto, there.bed)
    plan = workflow.plan(topology, environment)
    assert {change.address for change in plan.changes} == drifted
    assert apply(topology, environment).succeeded
    assert workflow.plan(topology, environment).empty

    assert workflow.apply(workflow.destroy(topology, environment, ALL_DATA)).succeeded
    there.bed.advance(7200.0)
    assert there.bed.ground_truth(ACCOUNT) == []
    assert planned.budget.calls


class Hand:
    """A person at EC2's console, who finds things by their names."""

    def __init__(self, boto):
        self.boto = boto

    def instance(self, name):
        found = self.boto.describe_instances(Filters=self._called(name))["Reservations"]
        return found[0]["Instances"][0]["InstanceId"]

    def volume(self, name):
        return self.boto.describe_volumes(Filters=self._called(name))["Volumes"][0]["VolumeId"]

    def group(self, name):
        return self.boto.describe_security_groups(Filters=self._called(name))["SecurityGroups"][0]["GroupId"]

    def vpc(self):
        return self.boto.describe_vpcs(Filters=self._called("main"))["Vpcs"][0]["VpcId"]

    def _called(self, name):
        return [{"Name": "tag:Name", "Values": [f"payments-production-{name}-*"]}]


def stopped(hand):
    hand.boto.stop_instances(InstanceIds=[hand.instance("web1")])
    return {"instance.web1"}


def terminated(hand):
    hand.boto.terminate_instances(InstanceIds=[hand.instance("app1")])
    return {"instance.app1"}


def resized(hand):
    id = hand.instance("app2")
    hand.boto.stop_instances(InstanceIds=[id])
    hand.wait()
    hand.boto.modify_instance_attribute(InstanceId=id, InstanceType={"Value": "t3.small"})
    hand.boto.start_instances(InstanceIds=[id])
    return {"instance.app2"}


def metadata_opened(hand):
    hand.boto.modify_instance_metadata_options(InstanceId=hand.instance("web2"), HttpTokens="optional")
    return {"instance.web2"}


def opened(hand):
    world = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    hand.boto.authorize_security_group_ingress(GroupId=hand.group("cards-db"), IpPermissions=world)
    return {"firewall-rules.cards-db"}


def closed(hand):
    group = hand.boto.describe_security_groups(GroupIds=[hand.group("frontend")])["SecurityGroups"][0]
    permission = next(each for each in group["IpPermissions"] if each.get("IpRanges"))
    hand.boto.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[permission])
    return {"firewall-rules.frontend"}


def detached(hand):
    hand.boto.detach_volume(VolumeId=hand.volume("queue1-queue"))
    return {"attachment.queue1-queue"}


def tagged(hand):
    hand.boto.create_tags(
        Resources=[hand.volume("ledger-db1-*")], Tags=[{"Key": "cost-centre", "Value": "somebody else's"}]
    )
    return {"volume.ledger-db1-data"}


def unbound(hand):
    address = hand.boto.describe_addresses(Filters=hand._called("vpn1"))["Addresses"][0]
    hand.boto.disassociate_address(AssociationId=address["AssociationId"])
    return {"public-address.vpn1"}


def cut_off(hand):
    table = hand.boto.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [hand.vpc()]}])[
        "RouteTables"
    ]
    public = next(each for each in table if any(a.get("SubnetId") for a in each["Associations"]))
    hand.boto.delete_route(RouteTableId=public["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    return {"network.main"}


def renamed(hand):
    subnets = hand.boto.describe_subnets(Filters=hand._called("web-0"))["Subnets"]
    hand.boto.create_tags(Resources=[subnets[0]["SubnetId"]], Tags=[{"Key": "Name", "Value": "mine"}])
    return {"subnet.web-0"}


DRIFTS = (
    stopped,
    terminated,
    resized,
    metadata_opened,
    opened,
    closed,
    detached,
    tagged,
    unbound,
    cut_off,
    renamed,
)


def drift(boto, bed):
    hand = Hand(boto)
    hand.wait = lambda: bed.advance(60.0)
    hand.wait()
    changed = set()
    for do in DRIFTS:
        changed |= do(hand)
    hand.wait()
    return changed
