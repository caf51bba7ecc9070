"""Hosts from every half-made state; what a launch says; what is read back of one."""

import base64
import gzip
import itertools
import subprocess

import pytest
from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.observed import UNSEEN, Observed
from portinfra.model.resources import Firewall, Instance, Mount, Subnet
from portinfra.provider.interface import DONE, Refuse, Wait
from portinfra_aws import devices, errors
from portinfra_aws.drivers.instance import InstanceDriver
from portinfra_aws.plugin import AwsPlugin
from portinfra_aws.published import CAPABILITIES
from walking import SCOPE, actions, answers, names, refs, tags, way

DRIVER = InstanceDriver()
WEB, DB = Address("firewall.web"), Address("firewall.db")
SUBNET = Address("subnet.web-0")

HOST = Instance(
    "web1",
    SUBNET,
    WEB,
    "us-east-1a",
    "10.10.0.4",
    machine_type="t3.small",
    image="debian-12",
    image_id="ami-1",
    tags={"stage": "one"},
)
THERE = refs(
    Observed(SUBNET, Subnet("web-0", None, "10.10.0.0/24", "us-east-1a"), {"id": "subnet-1"}),
    Observed(WEB, Firewall("web", None), {"id": "sg-1"}),
    Observed(DB, Firewall("db", None), {"id": "sg-2"}),
)
PARTS = {"id": "i-1", "root": "vol-1", "interface": "eni-1", "name": SCOPE.native_name("web1")}


def launch(**changes):
    call = DRIVER.next_call(evolve(HOST, **changes), None, THERE)
    assert call.action == "RunInstances"
    return call.parameters


def differing():
    """Every way in which a host can differ that a call can change."""
    choices = {
        "firewall": (WEB, DB),
        "machine_type": ("t3.small", "t3.medium"),
        "power": ("running", "stopped"),
        "tags": ({"stage": "one"}, {"stage": "two", "more": "yes"}, {}),
        "deletion_protection": (False, True),
    }
    for values in itertools.product(*choices.values()):
        for open_metadata in (False, True):
            seen = evolve(HOST, **dict(zip(choices, values, strict=True)))
            parts = {**PARTS, "imds": "optional"} if open_metadata else PARTS
            yield Observed(HOST.address, seen, parts, "pending" if open_metadata else "ready")


def test_a_second_network_interface_is_seen_and_refused():
    """What its groups let through is no part of the declaration."""
    record = {
        "instanceId": "i-1",
        "imageId": "ami-1",
        "instanceType": "t3.small",
        "instanceState": {"name": "running"},
        "placement": {"availabilityZone": "us-east-1a"},
        "privateIpAddress": "10.10.0.4",
        "subnetId": "subnet-1",
        "groupSet": [{"groupId": "sg-1"}],
        "tagSet": tags("instance.web1", image="debian-12"),
        "networkInterfaceSet": [
            {"networkInterfaceId": "eni-1", "attachment": {"deviceIndex": "0"}},
            {"networkInterfaceId": "eni-2", "attachment": {"deviceIndex": "1"}},
        ],
    }
    told = answers(DRIVER, DescribeInstances=[record])
    (seen,) = DRIVER.assemble(told, names(sg_1="firewall.web", subnet_1="subnet.web-0"))
    assert seen.spec.firewall is None
    refused = DRIVER.next_call(evolve(seen.spec, firewall=WEB), evolve(seen, state="ready"), THERE)
    assert isinstance(refused, Refuse)
    assert "eni-2" in refused.reason


def test_every_state_that_can_be_mended_in_place_is_mended():
    for seen in differing():
        for power in ("running", "stopped"):
            taken = actions(way(DRIVER, evolve(HOST, power=power), seen, THERE))
            assert len(taken) <= 8, taken
            assert ("ModifyInstanceMetadataOptions" in taken) == ("imds" in seen.parts)
            if seen.spec.machine_type != HOST.machine_type and seen.spec.power == "running":
                assert taken.index("StopInstances") < len(taken) - 1 - taken[::-1].index(
                    "ModifyInstanceAttribute"
                )


def test_a_machine_type_changes_only_while_the_host_stands_still():
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/change-instance-type-of-ebs-backed-instance.html."""
    seen = Observed(HOST.address, evolve(HOST, machine_type="t3.medium"), PARTS)
    assert actions(way(DRIVER, HOST, seen, THERE)) == [
        "StopInstances",
        "ModifyInstanceAttribute",
        "StartInstances",
    ]


def test_a_launch_is_encrypted_private_and_wants_sessions_of_its_metadata():
    given = launch(key="alias/payments", disk_gib=30)
    assert given["BlockDeviceMapping"] == [
        {
            "DeviceName": "/dev/xvda",
            "Ebs": {
                "VolumeSize": 30,
                "VolumeType": "gp3",
                "Encrypted": True,
                "KmsKeyId": "alias/payments",
                "DeleteOnTermination": True,
            },
        }
    ]
    assert given["MetadataOptions"]["HttpTokens"] == "required"
    (interface,) = given["NetworkInterface"]
    assert interface["AssociatePublicIpAddress"] is False
    assert interface["PrivateIpAddress"] == "10.10.0.4"
    assert (interface["SubnetId"], interface["SecurityGroupId"]) == ("subnet-1", ["sg-1"])
    assert (given["MinCount"], given["MaxCount"]) == (1, 1)


def test_the_root_disk_is_where_its_image_has_it():
    assert launch(image="ubuntu-24.04")["BlockDeviceMapping"][0]["DeviceName"] == "/dev/sda1"


def test_an_image_whose_root_disk_nobody_knows_is_refused():
    refused = DRIVER.next_call(evolve(HOST, image="ami-123"), None, THERE)
    assert isinstance(refused, Refuse)
    assert "debian-12" in refused.fix


def test_all_that_a_launch_makes_bears_the_owner():
    specified = {each["ResourceType"]: each["Tag"] for each in launch()["TagSpecification"]}
    assert set(specified) == {"instance", "volume", "network-interface"}
    for tagged in specified.values():
        said = {tag["Key"]: tag["Value"] for tag in tagged}
        assert said["portinfra:scope"] == "payments/production"
        assert said["portinfra:address"] == "instance.web1"
        assert said["portinfra:attempt"] == "attempt-2"
        assert said["stage"] == "one"


def test_a_token_is_short_stays_and_dies_with_the_host():
    token = launch()["ClientToken"]
    assert token == launch()["ClientToken"]
    assert len(token) <= 64
    again = DRIVER.next_call(HOST, None, evolve(THERE, removals={HOST.address: 1}))
    assert again.parameters["ClientToken"] != token


def test_user_data_and_keys_reach_the_host_together():
    both = base64.b64decode(
        launch(user_data="#!/bin/sh\necho hello\n", ssh_keys=("ssh-ed25519 AAAA me",))["UserData"]
    )
    assert b"multipart/mixed" in both
    assert b'ssh_authorized_keys:\n  - "ssh-ed25519 AAAA me"' in both
    assert b"text/x-shellscript" in both
    assert base64.b64decode(launch(user_data="#!/bin/sh\n")["UserData"]) == b"#!/bin/sh\n"
    assert launch()["UserData"] is None


def record(state="running", attempt="attempt-1", id="i-1", reason=None, name=None, **more):
    return {
        "instanceId": id,
        "instanceState": {"name": state},
        "instanceType": "t3.small",
        "imageId": "ami-1",
        "subnetId": "subnet-1",
        "privateIpAddress": "10.10.0.4",
        "placement": {"availabilityZone": "us-east-1a"},
        "groupSet": [{"groupId": "sg-1"}],
        "rootDeviceName": "/dev/xvda",
        "blockDeviceMapping": [{"deviceName": "/dev/xvda", "ebs": {"volumeId": "vol-1"}}],
        "networkInterfaceSet": [{"networkInterfaceId": "eni-1"}],
        "metadataOptions": {"httpTokens": "required"},
        "stateReason": reason,
        "tagSet": [
            *tags("instance.web1", attempt, name=name, image="debian-12"),
            {"key": "stage", "value": "one"},
        ],
        **more,
    }


ROOT = {
    "volumeId": "vol-1",
    "size": "20",
    "encrypted": "true",
    "kmsKeyId": "arn:aws:kms:us-east-1:1:key/k",
    "tagSet": tags("instance.web1", part="root"),
}
KNOWN = names(subnet_1="subnet.web-0", sg_1="firewall.web", sg_2="firewall.db")


def seen_of(*records, roots=(ROOT,)):
    told = answers(DRIVER, DescribeInstances=list(records), DescribeVolumes=list(roots))
    return DRIVER.assemble(told, KNOWN)


def test_what_is_read_back_is_what_was_declared():
    (seen,) = seen_of(record())
    assert seen.spec == HOST
    assert seen.parts == PARTS
    assert DRIVER.next_call(HOST, seen, THERE).value == "done"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"groupSet": [{"groupId": "sg-1"}, {"groupId": "sg-9"}]}, "firewall"),
        ({"groupSet": [{"groupId": "sg-9"}]}, "firewall"),
        ({"privateIpAddress": "10.10.0.5"}, "private_address"),
        ({"instanceType": "t3.large"}, "machine_type"),
        ({"instanceState": {"name": "stopped"}}, "power"),
    ],
)
def test_what_somebody_changed_is_seen(changed, field):
    (seen,) = seen_of(record(**changed))
    assert getattr(seen.spec, field) != getattr(HOST, field)


def test_a_root_disk_that_is_not_encrypted_is_seen():
    (seen,) = seen_of(record(), roots=[{**ROOT, "encrypted": "false"}])
    assert seen.spec.key not in (None, UNSEEN)


def test_a_root_disk_without_our_tag_is_looked_for():
    (seen,) = seen_of(record(), roots=[])
    assert seen.spec.disk_gib is UNSEEN
    call = DRIVER.detail(seen)
    known = DRIVER.absorb(seen, call, {"volumeSet": [ROOT]})
    assert known.spec == HOST
    assert DRIVER.detail(known) is None


@pytest.mark.parametrize("state", ["pending", "stopping"])
def test_what_is_on_its_way_is_waited_for(state):
    (seen,) = seen_of(record(state))
    assert isinstance(DRIVER.next_call(HOST, seen, THERE), Wait)


DIED_OF_ITS_KEY = errors.fault("Client.InternalError", "Client error on launch")


def test_a_host_that_died_on_its_way_up_is_a_fault_and_another_takes_its_place():
    died = {"code": "Client.InternalError", "message": "Client error on launch"}
    (seen,) = seen_of(record("terminated", reason=died))
    assert seen.fault == DIED_OF_ITS_KEY
    assert DRIVER.next_call(HOST, seen, THERE).action == "TerminateInstances"
    by_hand = {"code": "Client.UserInitiatedShutdown", "message": "User initiated shutdown"}
    assert seen_of(record("terminated", reason=by_hand)) == []


def test_a_stopped_host_tells_why_its_start_failed_and_is_not_made_again():
    failed = {"code": "Client.InternalError", "message": "Client error on launch"}
    (seen,) = seen_of(record("stopped", reason=failed))
    assert seen.failed_change == DIED_OF_ITS_KEY
    assert DRIVER.next_call(HOST, seen, THERE).action == "StartInstances"
    for code in ("Client.UserInitiatedShutdown", "Client.UserInitiatedHibernate"):
        (seen,) = seen_of(record("stopped", reason={"code": code, "message": "User initiated"}))
        assert seen.failed_change is None


def test_a_host_that_lives_hides_one_that_died():
    died = {"code": "Server.InternalError", "message": "Server.InternalError"}
    (seen,) = seen_of(record("terminated", id="i-0", reason=died), record("running"))
    assert (seen.id, seen.fault) == ("i-1", None)


def test_two_living_hosts_of_one_address_are_both_shown():
    """They may hold data: core reports it, and touches neither."""
    found = seen_of(record(), record(id="i-2", attempt="attempt-2"))
    assert [seen.id for seen in found] == ["i-1", "i-2"]
    assert all(seen.extras == () for seen in found)


ARN = "arn:aws:iam::123456789012:instance-profile/teams/backup"


OTHER = "arn:aws:iam::123456789012:instance-profile/other/backup"


def wants(profile):
    """A host with this profile."""
    return evolve(HOST, native={"instance_profile": profile})


def launched(native, profile):
    """What is seen of a host that was launched with these options, and has this profile now."""
    there = {"arn": profile} if profile else None
    (seen,) = seen_of(record(clientToken=launch(native=native)["ClientToken"], iamInstanceProfile=there))
    return seen


@pytest.mark.parametrize(("profile", "parameter"), [("backup", {"Name": "backup"}), (ARN, {"Arn": ARN})])
@pytest.mark.parametrize("before", ["backup", ARN])
def test_a_profile_is_compared_as_it_is_asked_for_however_that_was_once(profile, parameter, before):
    """The same profile by its name, and by its ARN with a path: a change of spelling is none."""
    assert launch(native=wants(profile).native)["IamInstanceProfile"] == parameter
    seen = launched({"instance_profile": before}, ARN)
    assert seen.spec == wants(profile)
    assert wants(profile) == seen.spec
    assert (seen.spec.native["instance_profile"] != profile) is False
    assert DRIVER.next_call(wants(profile), seen, THERE) is DONE


@pytest.mark.parametrize(("asked", "there"), [("backup", f"{ARN}2"), (ARN, OTHER), ("backup", None)])
def test_a_profile_that_somebody_changed_or_took_away_is_seen(asked, there):
    seen = launched({"instance_profile": asked}, there)
    assert seen.spec != wants(asked)
    assert wants(asked) != seen.spec
    assert seen.spec.native == ({"instance_profile": there} if there else {})
    assert "native" in DRIVER.replaces


def test_a_profile_that_is_declared_no_more_is_seen():
    assert launched({"instance_profile": "backup"}, ARN).spec != HOST


def test_a_profile_that_nobody_asked_for_replaces_no_host():
    """Systems Manager gives one to every host that has none."""
    assert launched({}, ARN).spec == HOST


def test_whether_a_profile_was_asked_for_stands_in_what_nobody_can_take_away():
    """As EC2 tells the client token of a host's launch; tags come and go."""
    asked, none = launch(native={"instance_profile": "p" * 128}), launch()
    assert asked["ClientToken"] != none["ClientToken"]
    assert len(asked["ClientToken"]) == len(none["ClientToken"]) == 64
    assert asked["TagSpecification"] == none["TagSpecification"]
    assert none["IamInstanceProfile"] is None


@pytest.mark.parametrize("profile", [7, "", None, ["backup"], "back up", "arn:aws:iam::1:role/backup"])
def test_what_can_be_no_profile_is_refused(profile):
    refused = DRIVER.next_call(evolve(HOST, native={"instance_profile": profile}), None, THERE)
    assert isinstance(refused, Refuse)
    assert "instance_profile" in refused.reason
    assert "instance-profile/NAME" in refused.fix


def told(**changes):
    return base64.b64decode(launch(**changes)["UserData"]).decode()


def test_volumes_are_mounted_by_the_names_that_they_are_attached_under():
    script = told(mounts=(Mount("data", "/srv"), Mount("wal", "/wal", restored=True)))
    assert script.startswith("#cloud-boothook\n#!/bin/sh\n")
    assert script.splitlines()[-2:] == [
        f"volume {devices.device('data')} /srv blank",
        f"volume {devices.device('wal')} /wal data",
    ]


def test_what_is_ours_to_say_has_room_beside_the_users_own():
    own = "#" + "x" * (CAPABILITIES.user_data_max_bytes - 1)
    assert len(told(mounts=(Mount("data", "/srv"),), user_data=own, ssh_keys=("k" * 400,))) <= 16_384


def test_volumes_that_a_host_could_not_tell_apart_are_refused():
    assert devices.device("a2") == devices.device("a3")
    refused = DRIVER.next_call(evolve(HOST, mounts=(Mount("a2", "/a"), Mount("a3", "/b"))), None, THERE)
    assert isinstance(refused, Refuse)
    assert "a2, a3" in refused.reason


def test_a_host_without_such_disks_looks_in_vain():
    look = subprocess.run(["sh", "-c", devices.LOOK], capture_output=True, text=True, check=False)
    assert (look.returncode, look.stderr) == (0, "")


def test_a_boot_script_comes_first_and_compressed():
    """EC2 counts 16,384 bytes before they are encoded; cloud-init reads gzip as the text itself."""
    script = "#!/bin/sh\n(\necho files\n)\n"
    data = base64.b64decode(launch(mounts=(Mount("data", "/srv"),), boot_script=script)["UserData"])
    text = gzip.decompress(data).decode()
    assert text.startswith(f"#cloud-boothook\n{script}#!/bin/sh\n")
    assert text.splitlines()[-1].startswith("volume ")
    assert data == base64.b64decode(launch(mounts=(Mount("data", "/srv"),), boot_script=script)["UserData"])
    host = evolve(HOST, mounts=(Mount("data", "/srv"),), boot_script=script)
    assert AwsPlugin().birth_bytes(host) == len(data)


def test_while_a_run_waits_for_hosts_it_lists_no_volumes():
    everything = [call.action for call in DRIVER.survey(SCOPE)]
    awaited = [call.action for call in DRIVER.survey(SCOPE, [Observed(HOST.address, HOST, {"id": "i-1"})])]
    assert everything == ["DescribeInstances", "DescribeVolumes"]
    assert awaited == ["DescribeInstances"]
    assert {"disk_gib", "key"} <= DRIVER.replaces, "nothing that only a volume shows changes in place"
