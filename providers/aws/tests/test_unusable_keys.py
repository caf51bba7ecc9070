"""Hosts that EC2 accepts and then ends: the cause says what to do, and whether another launch may help."""

import pytest
from attrs import evolve

from bed.conformance_bed import REGION
from bed.identities import ACCOUNT
from bed.rules.kms import DEFAULT
from portinfra.errors import ApplyError, PermissionDenied, QuotaExceeded
from portinfra.execution.reaction import FORBIDDEN_MAX
from portinfra.testing.conformance.stage import Stage


def test_hosts_that_die_of_their_key_are_launched_once_and_are_never_called_want_of_capacity(bed):
    bed.ec2.settings.disabled_keys = frozenset({DEFAULT})
    stage = Stage(bed)
    with pytest.raises(ApplyError) as caught:
        stage.bring(bed.before)
    failed = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    assert {step.step.address.kind for step in failed} == {"instance"}
    assert all(step.calls <= 1 for step in failed)
    for step in failed:
        assert isinstance(step.error, PermissionDenied)
        assert "Client.InternalError" in str(step.error)
        assert "key" in step.error.fix
        assert "size" not in step.error.fix
    bed.ec2.settings.disabled_keys = frozenset()
    stage.bring(bed.before)
    assert stage.plan(bed.before).empty


def launches(bed):
    """How often each host was launched."""
    made = [id for id in bed.ec2.at(ACCOUNT, REGION).born if id.startswith("i-")]
    return len(made)


def test_a_host_that_dies_of_trouble_of_ec2_is_launched_once_more(bed):
    """EC2 lists it for an hour, so that many looks find the same dead host."""
    bed.ec2.settings.pending_seconds = 60.0
    bed.fail_next_host()
    stage = Stage(bed)
    stage.bring(bed.before)
    hosts = [step for step in bed.before.roles for _ in range(step.count)]
    assert launches(bed) == len(hosts) + 1
    assert stage.plan(bed.before).empty


def test_a_host_that_dies_of_a_quota_of_volumes_is_launched_once_and_says_so(bed):
    bed.ec2.fail_next_instance(ACCOUNT, REGION, "volumes")
    stage = Stage(bed)
    with pytest.raises(ApplyError) as caught:
        stage.bring(bed.before)
    (error, *_) = [step.error for step in caught.value.outcome.steps if step.fate == "failed"]
    assert isinstance(error, QuotaExceeded)
    assert "Client.VolumeLimitExceeded" in str(error)
    assert error.fix.startswith("Request a higher quota")


@pytest.mark.parametrize(
    ("protection", "kind"), [("DisableApiTermination", "termination"), ("DisableApiStop", "stop")]
)
def test_a_protected_host_says_which_protection_to_switch_off(bed, protection, kind):
    stage = Stage(bed)
    stage.bring(bed.before)
    hosts = bed._named("-", "i-")
    bed.ec2.act(
        ACCOUNT, REGION, "ModifyInstanceAttribute", {"InstanceId": hosts[0], protection: {"Value": True}}
    )
    larger = [evolve(role, size="medium") for role in bed.before.roles]
    with pytest.raises(ApplyError) as caught:
        _ = (
            stage.remove(bed.before)
            if kind == "termination"
            else stage.bring(evolve(bed.before, roles=larger))
        )
    (failed,) = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    assert isinstance(failed.error, PermissionDenied)
    assert (
        failed.error.fix == f"Switch {kind} protection off in the console, then run the same command again."
    )
    # A refused request for several hosts does not say which one is protected: it is one call more.
    assert failed.calls <= FORBIDDEN_MAX + 1
