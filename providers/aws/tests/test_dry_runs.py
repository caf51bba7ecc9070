"""What credentials may do, by dry runs of EC2: each denied action is named, and nothing is made."""

import pytest

from bed.conformance_bed import AwsBed
from bed.identities import ACCOUNT
from portinfra.errors import InvalidRequest, PermissionDenied
from portinfra.execution.caller import Caller
from portinfra.model.resources import Instance
from portinfra.observation import Reader
from portinfra.placement import place
from portinfra.testing.conformance.stage import Stage
from portinfra_aws import plugin
from portinfra_aws.actions import CREATES


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with AwsBed(policy=plugin.iam_policy()) as bed:
        yield Stage(bed)
        assert bed.ec2.violations == []
        assert bed.ec2.gaps == []


def denied(stage):
    """The denied actions, each dry run once."""
    placed = place(stage.bed.before, stage.environment)
    with stage.provider() as provider:
        reader = Reader(provider, Caller(provider).with_retries)
        seen, catalogue = reader.observe(placed.scope).resources, reader.catalogue()
        calls = plugin.permission_calls(placed, catalogue, seen)
        return [action for call in calls for action in plugin.denied_actions(call, reader.ask(call))]


def without(action):
    """The policy that portinfra prints, without one action."""
    policy = plugin.iam_policy()
    for statement in policy["Statement"]:
        statement["Action"] = [each for each in statement["Action"] if each != action]
    return policy


def test_the_policy_that_portinfra_prints_passes_all_dry_runs(stage):
    assert denied(stage) == []
    stage.bring(stage.bed.before)
    books = stage.bed.ground_truth()
    stage.bed.ec2.calls.clear()
    assert denied(stage) == []
    assert set(CREATES) & set(stage.bed.ec2.calls) == {
        "CreateSnapshot",
        "CreateVolume",
        "ImportKeyPair",
        "RunInstances",
    }, "all else exists"
    assert stage.bed.ground_truth() == books


@pytest.mark.parametrize("action", ["ec2:TerminateInstances", "ec2:AttachVolume", "ec2:RunInstances"])
def test_an_action_that_the_policy_lacks_is_the_one_that_is_named(stage, action):
    stage.bring(stage.bed.before)
    stage.bed.ec2.settings.policy = without(action)
    assert denied(stage) == [action]


def test_what_exists_needs_no_permission_to_create_it(stage):
    stage.bed.ec2.settings.policy = without("ec2:CreateVpc")
    assert denied(stage) == ["ec2:CreateVpc"]
    stage.bed.ec2.settings.policy = plugin.iam_policy()
    stage.bring(stage.bed.before)
    stage.bed.ec2.settings.policy = without("ec2:CreateVpc")
    assert denied(stage) == []


def test_the_dry_run_of_a_host_has_its_image_size_subnet_and_owner(stage):
    """A policy may permit some of them only."""
    stage.bring(stage.bed.before)
    placed = place(stage.bed.before, stage.environment)
    with stage.provider() as provider:
        reader = Reader(provider, Caller(provider).with_retries)
        seen, catalogue = reader.observe(placed.scope).resources, reader.catalogue()
    host = next(spec for spec in placed.resources.values() if isinstance(spec, Instance))
    calls = plugin.permission_calls(placed, catalogue, seen)
    (run,) = [call.parameters for call in calls if call.action == "RunInstances"]
    assert run["ImageId"] == catalogue.images[host.image]
    assert run["InstanceType"] == catalogue.sizes[host.machine_type]
    assert run["SubnetId"] == seen[host.subnet].id
    assert {"Key": "portinfra:scope", "Value": str(placed.scope)} in run["TagSpecification"][0]["Tag"]


def test_a_policy_without_tags_denies_each_creation_for_that(stage):
    stage.bed.ec2.settings.policy = without("ec2:CreateTags")
    assert set(denied(stage)) == {"ec2:CreateTags"}


def test_an_answer_that_is_neither_is_an_error(stage):
    call = plugin.permission_calls(place(stage.bed.before, stage.environment), catalogue_of(stage), {})[0]
    broken = type(call)(call.action, {**call.parameters, "NoSuchParameter": "x"})
    with stage.provider() as provider, pytest.raises(InvalidRequest):
        Caller(provider).with_retries(broken)
    stage.bed.ec2.violations.clear()


def catalogue_of(stage):
    with stage.provider() as provider:
        return Reader(provider, Caller(provider).with_retries).catalogue()


def test_a_key_that_may_not_be_read_names_the_action(stage):
    stage.bed.ec2.settings.policy = without("kms:DescribeKey")
    with stage.provider() as provider, pytest.raises(PermissionDenied) as caught:
        Caller(provider).with_retries(plugin.key_call(stage.environment, stage.bed.key))
    assert caught.value.fix.startswith("Allow kms:DescribeKey.")
    assert ACCOUNT in str(caught.value)


def test_a_disk_without_a_key_of_its_own_reads_none(stage):
    assert plugin.key_call(stage.environment, "(not encrypted)") is None


def test_a_key_that_signs_encrypts_no_disk():
    metadata = {"KeyState": "Enabled", "KeySpec": "RSA_2048"}
    assert plugin.key_problem({"KeyMetadata": metadata}) == "it is not a symmetric encryption key"
