"""Subnets, firewalls, volumes, attachments and addresses: half-made states, and what is read back."""

import itertools

import pytest
from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import (
    Attachment,
    Firewall,
    FirewallRules,
    Network,
    PublicAddress,
    Rule,
    Snapshot,
    Subnet,
    Volume,
)
from portinfra.provider.interface import DONE, Refuse, Wait
from portinfra_aws import errors
from portinfra_aws.devices import DEVICES
from portinfra_aws.drivers.attachment import AttachmentDriver
from portinfra_aws.drivers.firewall import FirewallDriver
from portinfra_aws.drivers.firewall_rules import FirewallRulesDriver
from portinfra_aws.drivers.instance import InstanceDriver
from portinfra_aws.drivers.public_address import PublicAddressDriver
from portinfra_aws.drivers.snapshot import SnapshotDriver
from portinfra_aws.drivers.subnet import SubnetDriver
from portinfra_aws.drivers.volume import VolumeDriver
from walking import SCOPE, actions, answers, names, refs, tags, way

NETWORK = Address("network.main")
MAIN = Observed(NETWORK, Network("main", "10.10.0.0/16"), {"id": "vpc-1", "table": "rtb-1"})
GROUPS = [Observed(Address(f"firewall.{n}"), Firewall(n, NETWORK), {"id": f"sg-{n}"}) for n in ("web", "db")]
HOST = Observed(Address("instance.web1"), Firewall("web1", NETWORK), {"id": "i-1"})
DISK = Observed(Address("volume.web1-data"), Volume("web1-data", 2, zone="a"), {"id": "vol-1"})
THERE = refs(MAIN, *GROUPS, HOST, DISK)

SUBNET = Subnet("web-0", NETWORK, "10.10.0.0/24", "us-east-1a", True)


def native(name):
    return SCOPE.native_name(name)


def test_a_subnet_from_every_half_made_state():
    driver = SubnetDriver()
    for public, automatic, wanted in itertools.product((False, True), repeat=3):
        parts = {"id": "subnet-1", "name": native("web-0")}
        parts |= {"association": "rtbassoc-1"} if public else {}
        parts |= {"auto-public": "yes"} if automatic else {}
        seen = Observed(SUBNET.address, evolve(SUBNET, public=public), parts)
        taken = actions(way(driver, evolve(SUBNET, public=wanted), seen, THERE))
        assert len(taken) == automatic + (public != wanted)
        assert not automatic or taken[0] == "ModifySubnetAttribute"


def test_a_private_subnet_is_associated_with_nothing():
    assert actions(way(SubnetDriver(), evolve(SUBNET, public=False), None, THERE)) == ["CreateSubnet"]
    assert actions(way(SubnetDriver(), SUBNET, None, THERE)) == ["CreateSubnet", "AssociateRouteTable"]


def test_a_group_is_closed_outwards_before_it_is_ready():
    driver = FirewallDriver()
    want = Firewall("web", NETWORK)
    calls = way(driver, want, None, refs(MAIN))
    assert actions(calls) == ["CreateSecurityGroup", "RevokeSecurityGroupEgress"]
    assert calls[1].parameters["IpPermissions"] == [
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ]
    record = {
        "groupId": "sg-1",
        "groupName": native("web"),
        "vpcId": "vpc-1",
        "tagSet": tags("firewall.web"),
        "ipPermissions": "",
        "ipPermissionsEgress": [{"ipProtocol": "-1", "ipRanges": [{"cidrIp": "0.0.0.0/0"}]}],
    }
    (seen,) = driver.assemble(answers(driver, DescribeSecurityGroups=[record]), names(vpc_1="network.main"))
    assert seen.state == "pending"
    assert actions(way(driver, want, seen, refs(MAIN))) == ["RevokeSecurityGroupEgress"]
    closed = {**record, "ipPermissionsEgress": ""}
    (seen,) = driver.assemble(answers(driver, DescribeSecurityGroups=[closed]), names(vpc_1="network.main"))
    assert driver.next_call(want, seen, refs(MAIN)) is DONE


def test_a_group_of_a_new_role_takes_another_name_than_a_renamed_one_kept():
    kept = Observed(
        Address("firewall.store"), Firewall("store", NETWORK), {"id": "sg-1", "group-name": native("db")}
    )
    call = FirewallDriver().next_call(Firewall("db", NETWORK), None, refs(MAIN, kept))
    assert call.parameters["GroupName"] == f"{native('db')}-2"


@pytest.mark.parametrize("scope", [Scope("sg", "production"), SCOPE])
def test_no_group_is_named_as_the_ids_of_groups_are(scope):
    """EC2 refuses it; and the short form of a long name begins with the role's."""
    name = "web" if scope.topology == "sg" else f"sg-{'x' * 50}"
    call = FirewallDriver().next_call(Firewall(name, NETWORK), None, evolve(refs(MAIN), scope=scope))
    assert call.parameters["GroupName"] == f"portinfra-{scope.native_name(name)}"
    (spec,) = call.parameters["TagSpecification"]
    assert {"Key": "Name", "Value": scope.native_name(name)} in spec["Tag"]


RULES = (
    Rule("tcp", 443, 443, "0.0.0.0/0"),
    Rule("tcp", 5432, 5433, "firewall.db"),
    Rule("icmp", 0, 0, "firewall.db"),
    Rule("udp", 53, 53, "10.0.0.0/8"),
)


def subsets(rules):
    return [tuple(sorted(chosen)) for n in range(3) for chosen in itertools.combinations(rules, n)]


def test_rules_are_tightened_before_they_are_loosened_whatever_was_there():
    driver = FirewallRulesDriver()
    firewall = Address("firewall.web")
    for before, after in itertools.product(subsets(RULES), repeat=2):
        seen = Observed(
            Address("firewall-rules.web"),
            FirewallRules("web", firewall, before, after),
            {"firewall": "sg-web"},
        )
        calls = way(driver, FirewallRules("web", firewall, after, before), seen, THERE)
        verbs = [action.partition("SecurityGroup")[0] for action in actions(calls)]
        assert verbs == sorted(verbs, reverse=True), verbs
        assert len(verbs) <= 4
        for call in calls:
            assert call.parameters["GroupId"] == "sg-web"


def test_what_a_rule_says_comes_back_as_it_was_said():
    from portinfra_aws.drivers import permissions

    sent = permissions.native(RULES, THERE)
    known = names(**{"sg-db": "firewall.db"})
    listed = [
        {
            "ipProtocol": each["IpProtocol"],
            "fromPort": str(each.get("FromPort", "")),
            "toPort": str(each.get("ToPort", "")),
            "groups": [{"groupId": group["GroupId"]} for group in each.get("Groups", ())],
            "ipRanges": [{"cidrIp": one["CidrIp"]} for one in each.get("IpRanges", ())],
        }
        for each in sent
    ]
    assert permissions.to_rules(listed, known) == tuple(sorted(RULES))


@pytest.mark.parametrize(
    "record",
    [
        {"ipProtocol": "icmp", "fromPort": "8", "toPort": "0", "ipRanges": [{"cidrIp": "0.0.0.0/0"}]},
        {"ipProtocol": "-1", "groups": [{"groupId": "sg-strange"}]},
        {"ipProtocol": "tcp", "fromPort": "1", "toPort": "2", "ipv6Ranges": [{"cidrIpv6": "::/0"}]},
        {"ipProtocol": "tcp", "fromPort": "1", "toPort": "2", "prefixListIds": [{"prefixListId": "pl-1"}]},
        {"ipProtocol": "50", "ipRanges": [{"cidrIp": "10.0.0.0/8"}]},
    ],
)
def test_a_rule_that_we_have_no_words_for_is_seen_and_can_be_revoked(record):
    from portinfra_aws.drivers import permissions

    found = permissions.to_rules([record], names())
    assert len(found) == 1
    (told,) = permissions.native(found, THERE)
    assert str(told["IpProtocol"]) == record["ipProtocol"]
    if "fromPort" in record:
        assert (str(told["FromPort"]), str(told["ToPort"])) == (record["fromPort"], record["toPort"])


VOLUME = Volume("db1-data", 5, zone="us-east-1a", key="alias/payments")


def volume(**more):
    return {
        "volumeId": "vol-1",
        "size": "5",
        "status": "available",
        "availabilityZone": "us-east-1a",
        "encrypted": "true",
        "kmsKeyId": "arn:aws:kms:us-east-1:1:key/k",
        "attachmentSet": "",
        "tagSet": tags("volume.db1-data", key="alias/payments"),
        **more,
    }


def volumes(*records):
    driver = VolumeDriver()
    return driver.assemble(answers(driver, DescribeVolumes=list(records)), names())


def test_a_volume_is_encrypted_with_the_key_that_was_named_and_says_so():
    call = VolumeDriver().next_call(VOLUME, None, refs())
    assert (call.parameters["Encrypted"], call.parameters["KmsKeyId"]) == (True, "alias/payments")
    assert call.parameters["VolumeType"] == "gp3"
    (seen,) = volumes(volume())
    assert seen.spec == VOLUME
    (plain,) = volumes(volume(encrypted="false"))
    assert plain.spec.key != VOLUME.key


def test_a_key_that_was_named_by_its_arn_is_compared_with_it():
    arn = "arn:aws:kms:us-east-1:1:key/k"
    (seen,) = volumes(volume(tagSet=tags("volume.db1-data", key=arn)))
    assert seen.spec.key == arn
    (other,) = volumes(volume(tagSet=tags("volume.db1-data", key=arn), kmsKeyId=arn + "2"))
    assert other.spec.key == arn + "2"


def test_a_volume_grows_in_place_and_is_waited_for():
    driver = VolumeDriver()
    (seen,) = volumes(volume(size="2"))
    call = driver.next_call(VOLUME, seen, refs())
    assert (call.action, call.parameters["Size"]) == ("ModifyVolume", 5)
    after = driver.absorb(seen, call, {"volumeModification": {"modificationState": "modifying"}})
    assert isinstance(driver.next_call(VOLUME, after, refs()), Wait)
    done = driver.absorb(seen, call, {"volumeModification": {"modificationState": "optimizing"}})
    assert driver.next_call(VOLUME, done, refs()) is DONE


def test_a_volume_that_vanishes_again_and_again_is_refused():
    """A key that cannot be used lets CreateVolume succeed; the volume is gone a moment later."""
    often = evolve(refs(), removals={VOLUME.address: 3})
    refused = VolumeDriver().next_call(VOLUME, None, often)
    assert isinstance(refused, Refuse)
    assert "alias/payments" in refused.fix


def test_a_copied_volume_of_another_name_is_ours_only_while_it_is_in_use():
    copied = tags("volume.db1-data", name="a-copy")
    assert len(volumes(volume(), volume(volumeId="vol-2", tagSet=copied))) == 1
    assert volumes(volume(tagSet=copied)) == []
    assert len(volumes(volume(tagSet=copied, attachmentSet=[{"status": "attached"}]))) == 1


def test_no_two_volumes_of_a_host_come_to_lie_on_one_device():
    driver = AttachmentDriver()
    seen = dict(THERE.seen)
    for number in range(len(DEVICES)):
        name = f"web1-{number}"
        disk = Observed(Address(f"volume.{name}"), Volume(name, 1, zone="a"), {"id": f"vol-{number}"})
        seen[disk.address] = disk
        want = Attachment(name, HOST.address, disk.address, str(number))
        call = driver.next_call(want, None, evolve(THERE, seen=seen))
        seen[want.address] = driver.absorb(None, call, None)
    devices = [each.parts["device"] for each in seen.values() if isinstance(each.spec, Attachment)]
    assert sorted(devices) == sorted(DEVICES)


def test_the_path_of_a_volume_in_its_host_follows_from_its_id():
    driver = AttachmentDriver()
    want = Attachment("web1-data", HOST.address, DISK.address, "data")
    call = driver.next_call(want, None, THERE)
    assert call.after.parts["path"] == "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol1"
    attached = {"instanceId": "i-1", "status": "attached", "device": call.parameters["Device"]}
    record = volume(attachmentSet=[attached], tagSet=tags("volume.web1-data"))
    (seen,) = driver.assemble(
        answers(driver, DescribeVolumes=[record]), names(vol_1="volume.web1-data", i_1="instance.web1")
    )
    assert seen.spec == want
    assert seen.parts == call.after.parts


@pytest.mark.parametrize(("status", "state"), [("attaching", "pending"), ("busy", "deleting")])
def test_an_attachment_on_its_way_is_waited_for(status, state):
    driver = AttachmentDriver()
    record = volume(attachmentSet=[{"instanceId": "i-1", "status": status, "device": "/dev/xvdba"}])
    known = names(vol_1="volume.db1-data", i_1="instance.db1")
    (seen,) = driver.assemble(answers(driver, DescribeVolumes=[record]), known)
    assert seen.state == state
    assert isinstance(driver.next_call(seen.spec, seen, refs()), Wait)


def test_an_address_from_every_half_made_state():
    driver = PublicAddressDriver()
    for bound, wanted in itertools.product((None, HOST.address), repeat=2):
        parts = {"id": "eipalloc-1", "ip": "1.2.3.4", "name": native("web1")}
        parts |= {"association": "eipassoc-1"} if bound else {}
        seen = Observed(Address("public-address.web1"), PublicAddress("web1", bound), parts)
        taken = actions(way(driver, PublicAddress("web1", wanted), seen, THERE))
        assert taken == ([] if bound == wanted else ["AssociateAddress" if wanted else "DisassociateAddress"])
        removed = actions(way(driver, None, seen, THERE))
        assert removed == [*(["DisassociateAddress"] if bound else []), "ReleaseAddress"]


def test_of_addresses_that_one_run_made_twice_the_bound_one_stays():
    """AllocateAddress has no token: a lost answer makes two."""
    driver = PublicAddressDriver()
    both = [
        {"allocationId": f"eipalloc-{n}", "publicIp": f"1.2.3.{n}", "tagSet": tags("public-address.web1")}
        for n in (1, 2)
    ]
    both[1] |= {"associationId": "eipassoc-1", "instanceId": "i-1"}
    (seen,) = driver.assemble(answers(driver, DescribeAddresses=both), names(i_1="instance.web1"))
    assert (seen.id, seen.extras) == ("eipalloc-2", ({"id": "eipalloc-1"},))


def test_a_snapshot_made_twice_is_shown_twice_for_it_holds_data():
    driver = SnapshotDriver()
    both = [
        {
            "snapshotId": f"snap-{n}",
            "volumeId": "vol-1",
            "status": "completed",
            "tagSet": tags("snapshot.today"),
        }
        for n in (1, 2)
    ]
    found = driver.assemble(answers(driver, DescribeSnapshots=both), names(vol_1="volume.db1-data"))
    assert [seen.id for seen in found] == ["snap-1", "snap-2"]
    assert found[0].spec == Snapshot("today", Address("volume.db1-data"))
    (pending,) = driver.assemble(
        answers(driver, DescribeSnapshots=[{**both[0], "status": "pending"}]), names(vol_1="volume.db1-data")
    )
    assert isinstance(driver.next_call(pending.spec, pending, refs()), Wait)


COPY = Snapshot("today", copy_of="us-east-1/snap-1", key="alias/recovery")


def copied(**more):
    driver = SnapshotDriver()
    record = {
        "snapshotId": "snap-2",
        "volumeId": "vol-ffffffff",
        "status": "completed",
        "encrypted": "true",
        "kmsKeyId": "arn:aws:kms:us-west-2:1:key/k",
        "tagSet": tags("snapshot.today", key="alias/recovery", **{"copy-of": COPY.copy_of}),
        **more,
    }
    (seen,) = driver.assemble(answers(driver, DescribeSnapshots=[record]), names())
    return seen


def test_a_copy_is_encrypted_anew_and_read_back():
    call = SnapshotDriver().next_call(COPY, None, refs())
    assert (call.action, call.safe) == ("CopySnapshot", False)
    said = {
        "SourceRegion": "us-east-1",
        "SourceSnapshotId": "snap-1",
        "Encrypted": True,
        "KmsKeyId": "alias/recovery",
    }
    assert {name: call.parameters[name] for name in said} == said
    assert SnapshotDriver().absorb(None, call, {"snapshotId": "snap-2"}).state == "pending"
    assert copied().spec == COPY


def test_a_copy_that_is_not_encrypted_differs_from_every_one_that_is_wanted():
    assert copied(encrypted="false").spec.key not in (None, COPY.key)


def test_a_copy_that_failed_says_why():
    failed = copied(status="error", statusMessage="the key is disabled")
    assert failed.fault == errors.storage_fault("the key is disabled", "")


def test_a_tag_that_is_not_the_users_to_set_is_refused():
    for key in ("Name", "portinfra:scope", "aws:cloudformation"):
        want = Firewall("web", NETWORK, tags={key: "x"})
        assert isinstance(FirewallDriver().next_call(want, None, refs(MAIN)), Refuse)


def test_tags_are_added_and_taken_away_one_call_each():
    driver = FirewallDriver()
    seen = Observed(
        Address("firewall.web"),
        Firewall("web", NETWORK, tags={"old": "1", "same": "1"}),
        {"id": "sg-web", "name": native("web")},
    )
    want = Firewall("web", NETWORK, tags={"same": "2", "new": "1"})
    calls = way(driver, want, seen, refs(MAIN))
    assert actions(calls) == ["CreateTags", "DeleteTags"]
    assert calls[1].parameters["Tag"] == [{"Key": "old"}]


def test_a_renaming_rewrites_owner_and_name_together():
    driver = FirewallDriver()
    seen = Observed(Address("firewall.db"), Firewall("db", NETWORK), {"id": "sg-1", "name": native("db")})
    (call,) = way(driver, Firewall("store", NETWORK), seen, refs(MAIN))
    said = {tag["Key"]: tag["Value"] for tag in call.parameters["Tag"]}
    assert (said["portinfra:address"], said["Name"]) == ("firewall.store", native("store"))
    assert call.address == "firewall.store"


@pytest.mark.parametrize(
    ("driver", "record", "ready"),
    [
        (VolumeDriver(), lambda state: {"status": state}, ("available", "in-use")),
        (SnapshotDriver(), lambda state: {"status": state}, ("completed",)),
        (InstanceDriver(), lambda state: {"instanceState": {"name": state}}, ("running", "stopped")),
    ],
)
def test_a_state_that_nobody_knows_is_no_readiness(driver, record, ready):
    assert {driver.state(record(state)) for state in ready} == {"ready"}
    for state in ("pending", "creating", "something-new", ""):
        assert driver.state(record(state)) == "pending"


def test_a_copy_waits_while_the_region_makes_as_many_as_it_takes():
    """20 at once: "Quotas for Amazon EBS"."""

    def copy(number, state):
        return Observed(
            Address(f"snapshot.c{number}"), Snapshot(f"c{number}", copy_of="us-east-1/snap-1"), state=state
        )

    want = Snapshot("mine", copy_of="us-east-1/snap-2")
    busy = [copy(number, "pending") for number in range(20)]
    assert isinstance(SnapshotDriver().next_call(want, None, refs(*busy)), Wait)
    assert (
        SnapshotDriver().next_call(want, None, refs(*busy[:19], copy(20, "ready"))).action == "CopySnapshot"
    )
    taken = Snapshot("taken", Address("volume.data"))
    volume = Observed(Address("volume.data"), Volume("data", 10), {"id": "vol-1"})
    assert SnapshotDriver().next_call(taken, None, refs(*busy, volume)).action == "CreateSnapshot"
