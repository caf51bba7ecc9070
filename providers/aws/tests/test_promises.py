"""What is promised of hosts, disks and groups on EC2: looked for in the requests, and in the books."""

import re

import pytest
from attrs import evolve

from portinfra import Volume, connect
from portinfra.model.resources import Snapshot
from portinfra.model.topology import Role, Topology
from portinfra.testing.call_wrapper import pass_through, wrap_calls
from portinfra.testing.conformance.stage import Stage

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture
def made(bed):
    """Everything that was asked on the way to one topology, and then to another."""
    stage = Stage(bed)
    stage.bring(bed.before)
    stage.bring(bed.after)
    return bed.ec2.log


def asked(log, action):
    return [(at, sent) for at, (name, sent) in enumerate(log) if name == action]


def test_no_group_is_used_before_it_is_closed_outwards(made):
    closed: dict[str, int] = {}
    for at, sent in asked(made, "RevokeSecurityGroupEgress"):
        closed.setdefault(sent["GroupId"], at)
    launches = asked(made, "RunInstances")
    assert launches
    for at, sent in launches:
        assert closed[sent["NetworkInterface.1.SecurityGroupId.1"]] < at


def test_every_disk_is_encrypted(made, bed):
    for _, sent in asked(made, "RunInstances"):
        assert sent["BlockDeviceMapping.1.Ebs.Encrypted"] == "true"
        assert "BlockDeviceMapping.2.Ebs.VolumeSize" not in sent
    for _, sent in asked(made, "CreateVolume"):
        assert sent["Encrypted"] == "true"
    disks = [line for line in bed.ground_truth() if line.startswith("volume")]
    assert disks
    assert all("encrypted=yes" in line and " gp3 " in line for line in disks)


def test_no_host_answers_metadata_without_a_session(made, bed):
    assert {sent["MetadataOptions.HttpTokens"] for _, sent in asked(made, "RunInstances")} == {"required"}
    hosts = [line for line in bed.ground_truth() if line.startswith("instance")]
    assert hosts
    assert all("imds=required" in line for line in hosts)


def test_no_host_gets_a_public_address_but_an_elastic_one(made):
    for _, sent in asked(made, "RunInstances"):
        assert sent["NetworkInterface.1.AssociatePublicIpAddress"] == "false"
        assert sent["NetworkInterface.1.PrivateIpAddress"].startswith("10.10.")


def test_the_default_group_of_the_network_lets_nothing_through(made, bed):
    (default,) = [line for line in bed.ground_truth() if line.startswith("group") and "part=default" in line]
    assert "[]" in default


def test_there_is_no_nat(made):
    assert not [name for name, _ in made if "Nat" in name]
    assert all(sent["GatewayId"].startswith("igw-") for _, sent in asked(made, "CreateRoute"))


def test_every_creation_bears_its_owner(made):
    creations = [
        (name, sent)
        for name, sent in made
        if name.startswith(("CreateV", "CreateS", "CreateI", "CreateRouteT", "Allocate", "Run", "Import"))
    ]
    assert len(creations) > 20
    for name, sent in creations:
        said = {value for key, value in sent.items() if key.startswith("TagSpecification")}
        assert {"portinfra:scope", "sample/production"} <= said, name


def test_user_data_and_keys_are_what_the_host_is_born_with(bed):
    keys = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7 me@here",)
    role = Role("web", count=1, user_data="#cloud-config\npackages: [nginx]\n", ssh_keys=keys, disk_gib=33)
    topology = Topology("sample", [role])
    stage = Stage(bed)
    stage.bring(topology)
    told = bed.user_data("web1")
    assert "packages: [nginx]" in told
    assert keys[0] in told
    assert any("33 GiB" in line for line in bed.ground_truth())
    assert stage.plan(topology).empty
    other = evolve(topology, roles=[evolve(role, user_data="#!/bin/sh\n", ssh_keys=())])
    assert stage.plan(other).empty, "what a host is told at birth is never compared"


@pytest.mark.parametrize("key", [None, "alias/payments", KEY, KEY.rpartition("/")[2]])
def test_the_key_of_the_environment_encrypts_root_disks_and_volumes_and_is_read_back(bed, key):
    stage = Stage(bed, evolve(bed.environment, key=key))
    stage.bring(bed.before)
    disks = [sent.get("BlockDeviceMapping.1.Ebs.KmsKeyId") for _, sent in asked(bed.ec2.log, "RunInstances")]
    disks += [sent.get("KmsKeyId") for _, sent in asked(bed.ec2.log, "CreateVolume")]
    assert set(disks) == {key}
    assert stage.plan(bed.before).empty


@pytest.mark.parametrize(
    ("role", "near"),
    [
        (Role("web", count=1, size="t3.smal"), "t3.small"),
        (Role("web", count=1, image="debian-2"), "debian-12"),
    ],
)
def test_a_size_or_image_that_is_not_offered_is_a_finding_that_names_the_nearest(bed, role, near):
    plan = Stage(bed).plan(Topology("sample", [role]))
    assert plan.errors
    assert near in " ".join(f"{error.message} {error.fix}" for error in plan.errors)


def test_an_image_that_only_somebody_else_publishes_is_not_taken(bed):
    """The names of images are free: anybody may publish a `debian-12-amd64-…`."""
    owners = {sent["Owner.1"] for _, sent in asked(_planned(bed), "DescribeImages")}
    assert owners == {"099720109477"}
    assert {sent["Owner.2"] for _, sent in asked(bed.ec2.log, "DescribeImages")} == {"136693071363"}


def _planned(bed):
    Stage(bed).plan(bed.before)
    return bed.ec2.log


@pytest.mark.parametrize("key", [None, "alias/recovery"])
def test_a_copy_elsewhere_is_encrypted_anew_and_that_is_read_back(bed, key):
    source = evolve(bed.environment, key="alias/payments")
    with (
        wrap_calls("aws", pass_through, clock=bed.clock),
        connect(source, "kit") as here,
        connect(bed.elsewhere, "kit") as there,
    ):
        data = here.ensure(Volume("data", gib=1, zone=source.zones[0], key="alias/payments"))
        taken = here.ensure(Snapshot("today", data.address))
        wanted = Snapshot("today", copy_of=f"{source.region}/{taken.id}", key=key)
        assert there.ensure(wanted).spec == wanted
    (_, sent), *_ = asked(bed.ec2.log, "CopySnapshot")
    assert (sent["Encrypted"], sent.get("KmsKeyId")) == ("true", key)
    keys = {re.search(r"key=(\S+)", line)[1] for line in bed.ground_truth() if line.startswith("snapshot")}
    assert len(keys) == 2, "the copy has the key of the original"
    assert any(":us-west-2:" in each for each in keys)
