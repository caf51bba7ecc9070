"""Limits of one host or group: the bed holds them as EC2 does, and no plan lets an apply meet them."""

import pytest

from bed.conformance_bed import AwsBed
from bed.errors import EC2Error
from portinfra.model.resources import Volume
from portinfra.model.topology import Role, Topology, allow
from portinfra.testing.conformance.stage import Stage
from portinfra_aws.published import CAPABILITIES


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with AwsBed() as bed:
        yield Stage(bed)
        assert bed.ec2.violations == []
        assert bed.ec2.gaps == []


def offices(number, ports):
    sources = [f"203.0.{112 + n // 128}.{n % 128 * 2}/32" for n in range(number)]
    return Topology(
        "shop", [Role("bastion", count=1, public="staff")], [allow(sources, "bastion", tcp=ports, why="work")]
    )


def test_old_and_new_rules_together_fill_a_group_to_the_last(stage):
    half = CAPABILITIES.rules_max // 2
    stage.bring(offices(half, 443))
    stage.bring(offices(half, "443-444"))
    assert stage.plan(offices(half, "443-444")).empty


def test_a_raised_quota_of_rules_counts(stage):
    more = CAPABILITIES.rules_max + 20
    stage.bed.ec2.settings.quotas["rules"] = more
    assert stage.plan(offices(more, 443)).errors == ()
    stage.bring(offices(more, 443))
    errors = stage.plan(offices(more + 1, 443)).errors
    assert {error.rule for error in errors} == {"provider/rules", "plan/refused"}
    assert any(
        f"{more + 1} ingress rules, and aws has at most {more} in one" in error.message for error in errors
    )


def test_a_quota_of_rules_that_cannot_be_read_is_the_default_and_the_error_says_so(stage):
    stage.bed.ec2.settings.quotas["rules"] = 100
    stage.bed.ec2.fault("unavailable", action="GetServiceQuota", times=100)
    error, _ = stage.plan(offices(CAPABILITIES.rules_max + 1, 443)).errors
    assert error.fix.endswith("60 is the default: the quota of this account was not read.")


def test_what_does_not_fit_beside_the_old_rules_comes_in_portions_and_closes_nothing(stage):
    more = CAPABILITIES.rules_max - 10
    stage.bring(offices(more, 443))
    stage.bring(offices(more, "443-444"))
    assert stage.plan(offices(more, "443-444")).empty


def test_where_the_group_is_full_the_plan_refuses_with_the_line(stage):
    full = CAPABILITIES.rules_max
    stage.bring(offices(full, 443))
    wider = offices(full, "443-444")
    with stage.calls() as record:
        (error,) = stage.plan(wider).errors
    assert (error.rule, error.subject) == ("plan/refused", "firewall-rules.bastion")
    assert f"keeps {full} ingress rules until others replace them" in error.message
    assert error.location == wider.roles[0].location
    assert "Leave some flows of this role out" in error.fix
    assert record.writes == []


@pytest.mark.parametrize(("size", "most"), [("m7i.large", 31), ("m6i.large", 26), ("m5d.large", 22)])
def test_a_host_takes_as_many_volumes_as_its_machine_type_allows(stage, size, most):
    volumes = [Volume(f"disk-{n}", gib=1) for n in range(most)]
    full = Topology("shop", [Role("store", count=1, size=size, volumes=volumes)])
    stage.bring(full)
    assert stage.plan(full).empty
    with pytest.raises(EC2Error, match="Attachment limit exceeded"):
        attach_five_more(stage)


def attach_five_more(stage):
    """As a person would. The last few names of devices are the person's own."""
    bed, zone = stage.bed, stage.environment.zones[0]
    (host,) = bed._named("-store1-", "i-")
    for device in ("/dev/sdf", "/dev/sdg", "/dev/sdh", "/dev/sdi", "/dev/sdj"):
        made = bed._act("CreateVolume", {"Size": 1, "AvailabilityZone": zone, "VolumeType": "gp3"})
        bed.ec2.advance(60)
        bed._act("AttachVolume", {"VolumeId": made["VolumeId"], "InstanceId": host, "Device": device})
