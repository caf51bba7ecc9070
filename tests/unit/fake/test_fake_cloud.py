"""What the simulator does to its clients, as real clouds do."""

import pytest
from attrs import evolve
from fake_client import ACCOUNT, Client

from portinfra.model.catalogue import Rate
from portinfra.testing.fake import AWS, GCP, LIBVIRT, NAME, FakeCloud, FakeError

HOST = {
    "zone": "us-east-1a",
    "machine_type": "f1.small",
    "image_id": "debian-12-v3",
    "disk_gib": 20,
    "key": "",
    "native": {},
    "ssh_keys": [],
    "user_data": "",
}


@pytest.fixture
def client():
    return Client()


def state(client, plural, id):
    return client.listed(plural)[id]["state"]


def test_a_list_lags_behind_what_was_made_changed_and_deleted(client):
    network = client.network()
    assert network not in client.listed("Networks")
    client.wait(AWS.visibility_seconds)
    assert network in client.listed("Networks")
    client("SetOwner", kind="network", id=network, name="other", tags={})
    assert client.listed("Networks")[network]["name"] == "n"
    client.wait(AWS.visibility_seconds)
    assert client.listed("Networks")[network]["name"] == "other"
    client("DeleteNetwork", id=network)
    assert network in client.listed("Networks")
    client.wait(AWS.visibility_seconds)
    assert network not in client.listed("Networks")


def test_the_books_show_at_once_what_lists_do_not(client):
    network = client.network()
    assert [record["id"] for record in client.cloud.ground_truth(ACCOUNT)] == [network]
    client("DeleteNetwork", id=network)
    assert client.cloud.ground_truth() == []


def test_an_instance_takes_time_to_run_and_to_be_gone_and_stays_listed_as_terminated(client):
    _, subnet, firewall, instance = client.host()
    assert state(client, "Instances", instance) == "running"
    client("DeleteInstance", id=instance)
    client.wait(AWS.visibility_seconds)
    assert state(client, "Instances", instance) == "deleting"
    again = {"subnet": subnet, "firewall": firewall, "name": "j", "private_address": "10.0.0.4", **HOST}
    assert client.refused("CreateInstance", **again) == "AddressConflict"
    client.wait(60)
    assert client.listed("Instances")[instance]["private_address"] == "10.0.0.4"
    assert state(client, "Instances", instance) == "terminated"
    assert client.refused("CreateInstance", **again) == "accepted"
    client.wait(AWS.terminated_seconds + 60)
    assert instance not in client.listed("Instances")


def test_an_instance_may_be_accepted_and_fail_afterwards(client):
    client.cloud.fail_next("instance", "no luck", "AccessDenied")
    *_, instance = client.host()
    assert client.listed("Instances")[instance]["state"] == "failed"
    failed = client.listed("Instances")[instance]
    assert (failed["fault"], failed["fault_code"]) == ("no luck", "AccessDenied")


def test_what_is_in_use_cannot_be_deleted(client):
    network, subnet, firewall, instance = client.host()
    volume = client.volume()
    client.wait(10)
    client("AttachVolume", id=volume, instance=instance, device="data")
    assert client.refused("DeleteNetwork", id=network) == "InUse"
    assert client.refused("DeleteSubnet", id=subnet) == "InUse"
    assert client.refused("DeleteFirewall", id=firewall) == "InUse"
    assert client.refused("DeleteVolume", id=volume) == "InUse"


def test_a_firewall_that_a_rule_of_another_names_cannot_be_deleted(client):
    network = client.network()
    one, two = client.firewall(network, "one"), client.firewall(network, "two")
    rule = {"protocol": "tcp", "first": 1, "last": 1, "peer": two}
    client("AllowTraffic", id=one, direction="ingress", rules=[rule])
    assert client.refused("DeleteFirewall", id=two) == "InUse"
    client("RevokeTraffic", id=one, direction="ingress", rules=[rule])
    assert client.refused("DeleteFirewall", id=two) == "accepted"


def test_a_new_firewall_lets_everything_out_in_the_aws_shape_alone(client):
    firewall = client("CreateFirewall", name="f", network=client.network())["record"]
    assert [rule["peer"] for rule in firewall["egress"]] == ["0.0.0.0/0"]
    elsewhere = Client(shape=NAME)
    firewall = elsewhere("CreateFirewall", name="f", network=elsewhere.network())["record"]
    assert firewall["egress"] == []


def test_a_batch_of_rules_is_all_or_nothing(client):
    firewall = client.firewall(client.network())
    rules = [{"protocol": "tcp", "first": port, "last": port, "peer": "0.0.0.0/0"} for port in (1, 2)]
    client("AllowTraffic", id=firewall, direction="ingress", rules=rules[:1])
    assert client.refused("AllowTraffic", id=firewall, direction="ingress", rules=rules) == "AlreadyExists"
    assert client.refused("RevokeTraffic", id=firewall, direction="ingress", rules=rules) == "NotFound"
    client.wait(AWS.visibility_seconds)
    assert client.listed("Firewalls")[firewall]["ingress"] == rules[:1]


@pytest.mark.parametrize(
    ("cidr", "code"),
    [
        ("10.0.0.0/25", "AddressConflict"),
        ("10.1.0.0/24", "InvalidRequest"),
        ("10.0.1.0/29", "InvalidRequest"),
        ("10.0.1.1/24", "InvalidRequest"),
        ("10.0.1.0/24", "accepted"),
    ],
)
def test_a_subnet_lies_in_its_network_and_beside_the_others(client, cidr, code):
    network = client.network()
    client.subnet(network)
    given = {"name": "t", "network": network, "cidr": cidr, "zone": "us-east-1a", "public": False}
    assert client.refused("CreateSubnet", **given) == code


@pytest.mark.parametrize("address", ["10.0.0.3", "10.0.0.255", "10.0.1.4", "nonsense"])
def test_an_address_that_is_not_usable_in_the_subnet_is_refused(client, address):
    network = client.network()
    given = {"subnet": client.subnet(network), "firewall": client.firewall(network), "name": "i", **HOST}
    assert client.refused("CreateInstance", private_address=address, **given) == "InvalidRequest"


def test_a_token_makes_a_repetition_harmless_and_dies_with_what_it_made(client):
    first = client.volume(token="t")
    assert client.volume(token="t") == first
    client.wait(10)
    client("DeleteVolume", id=first)
    given = {"name": "v", "zone": "us-east-1a", "gib": 10, "key": "", "snapshot": ""}
    assert client.refused("CreateVolume", token="t", **given) == "StaleToken"


def test_a_token_is_refused_with_other_parameters_than_those_of_its_first_request(client):
    client.volume(token="t")
    given = {"name": "v", "zone": "us-east-1a", "gib": 11, "key": "", "snapshot": ""}
    assert client.refused("CreateVolume", token="t", **given) == "InvalidRequest"


def test_networks_and_snapshots_have_no_token_in_the_aws_shape_and_may_be_doubled(client):
    assert client.refused("CreateNetwork", name="n", cidr="10.0.0.0/16", token="t") == "InvalidRequest"
    assert client.network() != client.network()


@pytest.mark.parametrize("shape", [GCP, LIBVIRT, NAME])
def test_names_are_unique_in_the_other_shapes(shape):
    client = Client(shape=evolve(shape, network_cidr=True))
    client.network()
    assert client.refused("CreateNetwork", name="n", cidr="10.0.0.0/16") == "AlreadyExists"


def test_an_owner_goes_only_where_the_shape_has_room_for_it():
    gcp = Client(shape=GCP)
    assert gcp.refused("CreateNetwork", name="n", labels={"a": "b"}) == "InvalidRequest"
    network = gcp.make("CreateNetwork", "n", description="text")
    changed = {"kind": "network", "id": network, "name": "n", "description": "other"}
    assert gcp.refused("SetOwner", **changed) == "InvalidRequest"
    assert gcp.refused("CreatePublicAddress", name="p", labels={"a": "Upper"}) == "InvalidRequest"
    assert gcp.refused("CreatePublicAddress", name="p", labels={"a": "x" * 64}) == "InvalidRequest"


def test_requests_beyond_the_published_rate_are_throttled_until_time_passes():
    client = Client(shape=evolve(AWS, rates={**AWS.rates, "write": Rate(2, 1)}))
    client.network()
    client.network()
    given = {"name": "n", "cidr": "10.0.0.0/16"}
    assert client.refused("CreateNetwork", **given) == "Throttled"
    client.wait(1)
    assert client.refused("CreateNetwork", **given) == "accepted"


def test_a_quota_counts_what_exists(client):
    client.cloud.set_quota("network", 1)
    network = client.network()
    assert client.refused("CreateNetwork", name="m", cidr="10.0.0.0/16") == "QuotaExceeded"
    client("DeleteNetwork", id=network)
    assert client.refused("CreateNetwork", name="m", cidr="10.0.0.0/16") == "accepted"


def test_a_zone_may_have_no_machines_left(client):
    network = client.network()
    client.cloud.set_capacity("us-east-1a", "f1.small", 0)
    given = {"subnet": client.subnet(network), "firewall": client.firewall(network), "name": "i", **HOST}
    assert client.refused("CreateInstance", private_address="10.0.0.4", **given) == "InsufficientCapacity"
    client.cloud.set_capacity("us-east-1a", "f1.small", 1)
    assert client.refused("CreateInstance", private_address="10.0.0.4", **given) == "accepted"


def test_an_unreachable_zone_is_left_out_of_a_list_that_says_so(client):
    *_, instance = client.host()
    client.cloud.unreachable.add("us-east-1a")
    page = client("ListInstances")
    assert page["records"] == []
    assert page["unreachable"] == ["us-east-1a"]
    assert client.refused("StopInstance", id=instance) == "ServiceUnavailable"
    client.cloud.unreachable.discard("us-east-1a")
    assert instance in client.listed("Instances")


def test_where_each_zone_is_listed_by_itself_an_unreachable_one_does_not_answer():
    client = Client(shape=LIBVIRT)
    client.cloud.unreachable.add("us-east-1a")
    assert client.refused("ListInstances", zone="us-east-1a") == "ServiceUnavailable"
    assert client.refused("ListInstances", zone="us-east-1b") == "accepted"


def test_a_volume_is_attached_once_in_its_zone_to_something_that_is_there(client):
    *_, instance = client.host()
    here, there = client.volume(), client.volume("w", zone="us-east-1b")
    assert client.refused("AttachVolume", id=here, instance=instance, device="data") == "InUse"  # pending
    client.wait(10)
    assert client.refused("AttachVolume", id=there, instance=instance, device="data") == "InvalidRequest"
    assert client.refused("AttachVolume", id=here, instance=instance, device="data") == "accepted"
    assert client.refused("AttachVolume", id=here, instance=instance, device="more") == "InUse"
    client("DeleteInstance", id=instance)
    assert client.refused("AttachVolume", id=there, instance=instance, device="data") != "accepted"
    client.wait(60)
    assert client.listed("Volumes")[here]["attachment"] is None


def test_volumes_are_always_encrypted_and_never_shrink(client):
    volume = client.volume(key="alias/k")
    client.wait(10)
    record = client.listed("Volumes")[volume]
    assert (record["encrypted"], record["key"]) == (True, "alias/k")
    assert client.refused("GrowVolume", id=volume, gib=9) == "InvalidRequest"
    assert client.refused("GrowVolume", id=volume, gib=11) == "accepted"


def test_a_snapshot_keeps_what_was_written_and_gives_it_to_new_volumes(client):
    volume = client.volume()
    client.wait(10)
    client.cloud.write(volume, "ledger")
    snapshot = client.make("CreateSnapshot", "x", volume=volume)
    client.cloud.write(volume, b"later")
    client("DeleteVolume", id=volume)
    assert client.cloud.read(volume) == b""
    client.wait(60)
    assert client.cloud.read(client.volume("w", snapshot=snapshot)) == b"ledger"


def test_a_snapshot_of_google_cloud_keeps_what_was_written_before_its_capture():
    client = Client(shape=GCP)
    volume = client.volume()
    client.wait(10)
    client.cloud.write(volume, "before the request")
    snapshot = client.make("CreateSnapshot", "x", volume=volume)
    client.wait(GCP.capture_seconds - 1)
    client.cloud.write(volume, "before the capture")
    assert not client.listed("Snapshots")[snapshot]["captured"]
    client.wait(2)
    client.cloud.write(volume, "after the capture")
    assert client.listed("Snapshots")[snapshot]["captured"]
    client.wait(60)
    assert client.cloud.read(client.volume("w", snapshot=snapshot)) == b"before the capture"


def test_an_instance_is_resized_only_while_it_is_stopped(client):
    *_, instance = client.host()
    assert client.refused("ResizeInstance", id=instance, machine_type="f1.large") == "IncorrectState"
    client("StopInstance", id=instance)
    assert client.refused("StartInstance", id=instance) == "IncorrectState"
    client.wait(30)
    client("ResizeInstance", id=instance, machine_type="f1.large")
    client("StartInstance", id=instance)
    client.wait(30)
    record = client.listed("Instances")[instance]
    assert (record["state"], record["machine_type"]) == ("running", "f1.large")


def test_user_data_is_in_no_list_and_no_book(client):
    network = client.network()
    client.instance(client.subnet(network), client.firewall(network), user_data="canary")
    client.wait(60)
    assert "canary" not in str([client.listed("Instances"), client.cloud.ground_truth()])


def test_accounts_and_regions_know_nothing_of_each_other(client):
    network = client.network()
    for other in (Client(client.cloud, account="other"), Client(client.cloud, region="eu-west-1")):
        other.wait(10)
        assert other.listed("Networks") == {}
        assert other.refused("DeleteNetwork", id=network) == "NotFound"


def test_a_region_may_be_played_in_another_shape_than_its_cloud(client):
    gcp = Client(client.cloud, region="gcp/europe-west1")
    assert gcp.make("CreateNetwork", "n", description="text")
    assert gcp("DescribeRegion")["zones"][0] == "europe-west1a"


def test_a_list_comes_in_pages(client):
    client = Client(shape=evolve(AWS, page_size=2))
    made = [client.network(f"n{number}") for number in range(5)]
    client.wait(10)
    assert len(client("ListNetworks")["records"]) == 2
    assert list(client.listed("Networks")) == made


def test_an_id_may_be_unknown_for_a_moment():
    client = Client(shape=evolve(AWS, reference_lag_seconds=2))
    network = client.network()
    assert client.refused("DeleteNetwork", id=network) == "NotFound"
    client.wait(2)
    assert client.refused("DeleteNetwork", id=network) == "accepted"


def test_of_two_that_take_one_claim_the_second_is_told(client):
    client("CreateClaim", name="claim-1", value="me")
    assert client.refused("CreateClaim", name="claim-1", value="you") == "AlreadyExists"
    assert client.refused("WriteClaim", name="claim-2", value="me") == "NotFound"


def test_hooks_stand_before_and_after_the_effect(client):
    def lose(action, given, answer):
        raise FakeError("ConnectionLost", "lost")

    client.cloud.after_request = lose
    assert client.refused("CreateNetwork", name="n", cidr="10.0.0.0/16") == "ConnectionLost"
    client.cloud.after_request = None
    assert len(client.cloud.ground_truth()) == 1
    client.cloud.before_request = lambda action, given: lose(action, given, None)
    assert client.refused("CreateNetwork", name="m", cidr="10.0.0.0/16") == "ConnectionLost"
    client.cloud.before_request = None
    assert len(client.cloud.ground_truth()) == 1
    assert client.cloud.log["CreateNetwork"] == 2


def test_latency_moves_the_clock_and_nothing_else():
    cloud = FakeCloud(latency=0.5)
    before = cloud.clock.now()
    Client(cloud).network()
    assert cloud.clock.now() == before + 0.5


def test_a_copied_world_goes_its_own_way(client):
    client.network()
    twin = Client(FakeCloud(client.cloud.store.copy()))
    twin.network("m")
    assert (len(client.cloud.ground_truth()), len(twin.cloud.ground_truth())) == (1, 2)


def test_a_list_may_show_any_state_of_a_while_ago():
    """Old and new states come in any order, and those of several records apart; in the end all is shown."""
    client = Client(shape=evolve(AWS, lag_varies=True))

    def watch():
        found = []
        for _ in range(60):
            found.append({id: record["name"] for id, record in client.listed("Networks").items()})
            client.wait(AWS.visibility_seconds / 60)
        return found

    one, two = client.network(), client.network()
    states = watch()
    assert {len(each) for each in states} == {0, 1, 2}
    shown = [one in each for each in states]
    assert sorted(shown) != shown, "no later read shows an older state"
    client("SetOwner", kind="network", id=one, name="other", tags={})
    assert {each[one] for each in watch()} == {"n", "other"}
    client("SetOwner", kind="network", id=one, name="n", tags={})
    assert {each[one] for each in watch()} == {"n", "other"}
    assert client.listed("Networks")[one]["name"] == "n"
    client("DeleteNetwork", id=two)
    assert {two in each for each in watch()} == {True, False}
    assert two not in client.listed("Networks")
