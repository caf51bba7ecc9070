"""The IAM policy that the provider prints: enough for all that it does, and not an action more."""

import json

import pytest
from attrs import evolve

import portinfra
from bed.conformance_bed import AwsBed
from portinfra import errors
from portinfra.model.resources import Snapshot
from portinfra.testing.call_wrapper import pass_through, wrap_calls
from portinfra.testing.conformance.stage import Stage
from portinfra.testing.faults import Crash
from portinfra_aws import plugin

STS = {"GetCallerIdentity"}
"""Needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html."""


def allowed(policy):
    return {action for statement in policy["Statement"] for action in statement["Action"]}


@pytest.fixture
def bed(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with AwsBed(policy=plugin.iam_policy()) as bed:
        yield bed
        assert bed.ec2.violations == []
        assert bed.ec2.gaps == []


def service_of(action):
    """The action as a policy names it."""
    services = {"GetServiceQuota": "servicequotas", "DescribeKey": "kms"}
    return f"{services.get(action, 'ec2')}:{action}"


def lifecycle(bed):
    """All that can happen to an environment: made by a run that died and the next, changed, drifted by hand,
    mended, snapshotted, removed.
    """
    stage = Stage(bed)
    anywhere = Stage(bed, evolve(bed.environment, zones=()))
    anywhere.plan(bed.before)
    with pytest.raises(Crash):
        stage.bring(bed.before, dies_with_an_empty_network)
    stage.bring(bed.before)
    drift(bed)
    assert len(stage.plan(bed.before).changes) == 4
    stage.bring(bed.before)
    assert stage.plan(bed.before).empty
    stage.bring(bed.after)
    with (
        wrap_calls("aws", pass_through, clock=bed.clock),
        portinfra.connect(bed.environment, bed.before.name) as here,
        portinfra.connect(bed.elsewhere, bed.before.name) as there,
    ):
        volume = next(seen.address for seen in here.list(portinfra.Volume))
        attached = next(seen for seen in here.list(portinfra.Attachment))
        console = plugin.console_call(next(seen for seen in here.list(portinfra.Instance)))
        here.remove(attached.address)
        here.ensure(attached.spec)
        taken = here.ensure(Snapshot("today", volume))
        source = f"{bed.environment.region}/{taken.id}"
        copy = there.ensure(Snapshot("today", copy_of=source, key=bed.key))
        own = here.ensure(portinfra.Volume("own", gib=1, zone=bed.environment.zones[0], key=bed.key))
        locked = here.ensure(Snapshot("locked", own.address))
        lock_for_a_day(bed, locked)
        here.remove(locked.address, allow_data_loss=True)
        shared = here.ensure(Snapshot("shared", own.address, shared_with="210987654321"))
        assert shared.spec.shared_with == "210987654321"
        assert here.ensure(Snapshot("shared", own.address)).spec.shared_with == ""
        for address in (shared.address, own.address):
            here.remove(address, allow_data_loss=True)
        there.remove(copy.address, allow_data_loss=True)
        here.remove(taken.address, allow_data_loss=True)
    with stage.provider() as provider:
        provider.perform(console)
        assert plugin.key_problem(provider.perform(plugin.key_call(bed.environment, bed.key))) == ""
    stage.remove(bed.after)
    assert stage.ground_truth() == []


def dies_with_an_empty_network(provider, call):
    """The next run has to look what the network contains."""
    answer = provider.perform(call)
    if call.action == "CreateVpc":
        raise Crash("died after the network")
    return answer


def lock_for_a_day(bed, snapshot):
    """Lock a snapshot, read the locks, and wait until its own is over."""
    with Stage(bed).provider() as provider:
        provider.perform(plugin.lock_call(snapshot, 1))
        assert snapshot.id in plugin.lock_ends(provider.perform(plugin.locks_call()))
    bed.ec2.advance(86_500.0)


def drift(bed):
    """What a person may do to what is ours, beyond what the lifecycle changes by itself."""

    def act(action, **parameters):
        bed.ec2.act(bed.environment.account, bed.environment.region, action, parameters)

    bed.ec2.advance(60.0)
    (host,) = bed._named("-old1-", "i-")
    subnet = bed._named("-old-0-", "subnet-")[0]
    public, main = tables(bed)
    gateway = bed._named("-main-", "igw-")[0]
    act("ModifyInstanceMetadataOptions", InstanceId=host, HttpTokens="optional")
    act("ModifySubnetAttribute", SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    act("CreateRoute", RouteTableId=main, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    act("DeleteRoute", RouteTableId=public, DestinationCidrBlock="0.0.0.0/0")
    act("CreateRoute", RouteTableId=public, DestinationCidrBlock="0.0.0.0/0", InstanceId=host)
    volume = bed._named("-db1-log-", "vol-")[0]
    act("CreateTags", Resources=[volume], Tags=[{"Key": "mine", "Value": "yes"}])
    bed.ec2.advance(60.0)


def tables(bed):
    """The public and the main route table, in that order."""
    tags = bed._tags()
    return sorted(bed._named("-main-", "rtb-"), key=lambda id: tags[id]["portinfra:part"], reverse=True)


def test_the_policy_allows_what_a_lifecycle_asks_and_nothing_else(bed):
    lifecycle(bed)
    asked = {service_of(action) for action in bed.ec2.calls if action not in STS}
    services = ("ec2:", "servicequotas:", "kms:DescribeKey")
    granted = {action for action in allowed(plugin.iam_policy()) if action.startswith(services)}
    assert asked - granted == set()
    assert granted - asked == set()


@pytest.mark.parametrize("missing", ["CreateVpc", "RunInstances", "CreateTags", "DescribeVpcs"])
def test_without_an_action_the_error_names_it(bed, missing):
    bed.ec2.settings.policy = None
    bed.ec2.settings.allowed = frozenset(allowed(plugin.iam_policy()) - {f"ec2:{missing}"})
    with pytest.raises((errors.ApplyError, errors.PermissionDenied)) as caught:
        Stage(bed).bring(bed.before)
    raised = caught.value
    steps = raised.outcome.steps if isinstance(raised, errors.ApplyError) else ()
    denied = [step.error for step in steps if step.error is not None] or [raised]
    assert all(isinstance(error, errors.PermissionDenied) for error in denied)
    assert all(f"Allow ec2:{missing}." in error.fix for error in denied)
    assert all("portinfra providers aws --iam-policy" in error.fix for error in denied)


def test_what_is_not_ours_cannot_be_changed_with_the_policy(bed):
    """The policy itself holds, whatever a defect of portinfra's might ask."""
    stage = Stage(bed)
    stage.bring(bed.before)
    bed.make_foreign()
    foreign = [id for id, tags in bed._tags().items() if tags == {"Name": "sample-data"} and "vol-" in id]
    with stage.provider() as provider:
        scope = stage.plan(bed.before).scope
        ours = stage.look(provider, scope).resources["volume.db1-data"]
        driver = provider.drivers[portinfra.Volume]
        call = driver.delete(evolve(ours, parts={"id": foreign[0]}))
        with pytest.raises(Exception, match="not authorized to perform: ec2:DeleteVolume") as caught:
            provider.perform(call)
        assert isinstance(provider.classify(caught.value), errors.PermissionDenied)


def test_the_policy_is_the_document_that_aws_takes():
    policy = plugin.iam_policy()
    text = json.dumps(policy, separators=(",", ":"))
    assert len(text) < 6_144, "a managed policy has no more characters"
    assert policy["Version"] == "2012-10-17"
    assert len({statement["Sid"] for statement in policy["Statement"]}) == len(policy["Statement"])
    assert all("*" not in action for action in allowed(policy))


def test_an_encoded_message_is_left_out_of_the_error(bed):
    """It is long, and says nothing without a call of STS."""
    from portinfra_aws.errors import EC2Error, to_provider_error

    message = "You are not authorized. Encoded authorization failure message: " + "x" * 500
    told = to_provider_error(EC2Error("UnauthorizedOperation", message, 403, "RunInstances"))
    assert "xxx" not in str(told)
    assert "Allow ec2:RunInstances." in told.fix
