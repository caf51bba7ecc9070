"""A role's instance profile, from the declaration to EC2 and back."""

import pytest

from bed.conformance_bed import AwsBed
from bed.identities import ACCOUNT
from bed.kinds import instances
from bed.rules import profiles as known
from portinfra import Role, Topology, errors
from portinfra.testing.conformance.stage import Stage
from portinfra_aws import plugin


def arn(name):
    return known.arn(ACCOUNT, name)


FEW = {"R6": "as small as can be"}
DEEP = f"team/{'very-' * 60}deep/vault"
"""A profile with a path; its ARN is longer than a tag."""


def shop(profile="backup", **native):
    options = {"instance_profile": profile} if profile else {}
    role = Role("web", count=1, native={"aws": {**options, **native}}, waive=FEW)
    return Topology("shop", [role, Role("db", count=1, waive=FEW)])


@pytest.fixture
def bed(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with AwsBed(profiles=frozenset(map(arn, ("backup", "other", DEEP)))) as bed:
        yield bed
        assert bed.ec2.violations == []
        assert bed.ec2.gaps == []


@pytest.fixture
def stage(bed):
    return Stage(bed)


def profiles(bed):
    """The profiles of hosts that live, by the names of the hosts."""
    backend = bed.ec2.at(ACCOUNT, bed.environment.region).backend
    return {
        bed._tags()[each.id]["portinfra:address"]: (each.iam_instance_profile or {}).get("Arn")
        for each in instances(backend)
        if each.state == "running"
    }


@pytest.mark.parametrize("way", [("backup", arn("backup")), ("vault", arn(DEEP))])
@pytest.mark.parametrize("first", [0, 1])
def test_a_host_has_the_profile_of_its_role_and_nothing_is_left_to_do_however_it_is_written(
    bed, stage, way, first
):
    stage.bring(shop(way[first]))
    bed.ec2.advance(60)
    assert profiles(bed) == {"instance.web1": way[1], "instance.db1": None}
    assert stage.plan(shop(way[first])).empty
    assert stage.plan(shop(way[1 - first])).empty


def test_a_host_that_was_robbed_of_its_tags_keeps_its_profile(bed, stage):
    """Of those that do not tell whose it is, nor what its image was called."""
    stage.bring(shop())
    for id, tags in bed._tags().items():
        for key in tags.keys() - {"Name", "portinfra:scope", "portinfra:address", "portinfra:image"}:
            if id.startswith("i-"):
                del tags[key]
    assert stage.plan(shop()).empty


@pytest.mark.parametrize("profile", ["other", ""])
def test_another_profile_and_none_are_another_host(bed, stage, profile):
    stage.bring(shop())
    planned = stage.plan(shop(profile))
    assert {change.address: change.action for change in planned.changes}["instance.web1"] == "replace"
    stage.bring(shop(profile))
    bed.ec2.advance(60)
    assert profiles(bed)["instance.web1"] == (arn(profile) if profile else None)
    assert stage.plan(shop(profile)).empty


@pytest.mark.parametrize(
    ("asked", "other"), [("backup", "other"), (arn("backup"), "a/backup"), (arn(DEEP), "vault")]
)
def test_a_profile_that_somebody_put_in_its_place_is_seen(bed, stage, asked, other):
    stage.bring(shop(asked))
    backend = bed.ec2.at(ACCOUNT, bed.environment.region).backend
    host = next(each for each in instances(backend) if each.iam_instance_profile)
    host.iam_instance_profile = {"Arn": arn(other), "Id": "AIPA"}
    assert [change.address for change in stage.plan(shop(asked)).changes] == ["instance.web1"]


def test_a_profile_that_is_made_a_moment_late_is_waited_for(bed, stage):
    there = bed.ec2.settings.profiles
    bed.ec2.configure(profiles=frozenset())
    launches = []

    def late(provider, call):
        launches.extend([call] * (call.action == "RunInstances"))
        if len(launches) == 4:
            bed.ec2.configure(profiles=there)
        return provider.perform(call)

    stage.bring(shop(), late)
    assert len(launches) >= 4
    assert stage.plan(shop()).empty


def test_a_profile_that_is_never_made_is_named_with_what_to_do(bed, stage):
    bed.ec2.configure(profiles=frozenset())
    with pytest.raises(errors.ApplyError) as caught:
        stage.bring(shop())
    assert isinstance(caught.value.first, errors.NotFound)
    assert "aws iam create-instance-profile" in caught.value.first.fix


def test_what_can_be_no_profile_is_told_before_anything_is_made(bed, stage):
    (finding,) = stage.plan(shop(7)).errors
    assert "instance_profile=7 is not an instance profile" in str(finding)
    findings = stage.plan(shop("", instance_profil="backup")).errors
    assert "has no option 'instance_profil'" in " ".join(map(str, findings))
    assert not any(action.startswith(("Create", "Run")) for action in bed.ec2.calls)


def test_a_host_that_reads_blocks_lacks_a_profile_that_names_one():
    assert plugin.block_problem({}) == "hosts that read blocks need an instance_profile whose role allows it"
    assert plugin.block_problem({"instance_profile": "backup"}) == ""
    for wrong in (7, "", None):
        said = plugin.block_problem({"instance_profile": wrong})
        assert said == f"instance_profile={wrong!r} is not an instance profile"


def test_the_printed_policy_passes_no_role_by_itself(bed, stage):
    """A role of one's own is passed by a statement of one's own: of every role, it would be too much."""
    bed.ec2.configure(policy=plugin.iam_policy())
    with pytest.raises(errors.ApplyError) as caught:
        stage.bring(shop())
    assert isinstance(caught.value.first, errors.PermissionDenied)
    assert "Allow iam:PassRole" in caught.value.first.fix
    statement = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": f"arn:aws:iam::{ACCOUNT}:role/backup",
        "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
    }
    policy = plugin.iam_policy()
    bed.ec2.configure(policy={**policy, "Statement": [*policy["Statement"], statement]})
    stage.bring(shop())
    assert stage.plan(shop()).empty
