"""Instances: their life, what they are made with, and what cannot be changed while they run."""

import pytest

from emulator import Local
from emulator.hand import DEBIAN, REGION, ZONE, Hand, host, refused


@pytest.fixture
def place(hand: Hand) -> Hand:
    hand.network()
    hand.subnet()
    return hand


def test_an_instance_is_told_with_all_that_it_was_given(place: Hand) -> None:
    place.host(
        labels={"role": "web"},
        tags={"items": ["web", "app"]},
        metadata={"items": [{"key": "user-data", "value": "#cloud-config"}]},
        shielded_instance_config={"enable_secure_boot": True},
    )
    told = place.instance()
    assert (told.status, dict(told.labels), list(told.tags.items)) == (
        "RUNNING",
        {"role": "web"},
        ["app", "web"],
    )
    assert [(item.key, item.value) for item in told.metadata.items] == [("user-data", "#cloud-config")]
    shielded = told.shielded_instance_config
    assert (shielded.enable_secure_boot, shielded.enable_vtpm, shielded.enable_integrity_monitoring) == (
        (True,) * 3
    )
    assert list(told.service_accounts) == []  # only the console and gcloud give the default one
    (disk,) = told.disks
    assert (disk.boot, disk.auto_delete, disk.device_name) == (True, True, "persistent-disk-0")
    assert told.machine_type.endswith(f"/zones/{ZONE}/machineTypes/e2-small")


def test_the_life_of_an_instance(gce: Local, place: Hand) -> None:
    gce.bed.configure(live_clock=False, pending_seconds=10)
    begun = place.begin("Instances", "insert", zone=ZONE, instance_resource=host())
    assert place.instance().status == "PROVISIONING"
    place.wait(begun)
    assert place.instance().status == "RUNNING"
    begun = place.begin("Instances", "stop", zone=ZONE, instance="i")
    assert place.instance().status == "STOPPING"
    with refused(400, "not ready"):
        place.begin("Instances", "start", zone=ZONE, instance="i")
    place.wait(begun)
    assert place.instance().status == "TERMINATED"
    begun = place.begin("Instances", "start", zone=ZONE, instance="i")
    assert place.instance().status == "PROVISIONING"
    place.wait(begun)
    begun = place.begin("Instances", "delete", zone=ZONE, instance="i")
    assert place.instance().status == "STOPPING"
    with refused(400, "not ready"):
        place.begin("Instances", "stop", zone=ZONE, instance="i")
    place.wait(begun)
    with refused(404):
        place.instance()


def test_a_machine_type_changes_only_while_the_instance_is_stopped(place: Hand) -> None:
    place.host()
    larger = {"machine_type": f"zones/{ZONE}/machineTypes/e2-medium"}
    given = {"zone": ZONE, "instance": "i", "instances_set_machine_type_request_resource": larger}
    with refused(400, "TERMINATED"):
        place.do("Instances", "set_machine_type", **given)
    place.do("Instances", "stop", zone=ZONE, instance="i")
    place.do("Instances", "set_machine_type", **given)
    place.do("Instances", "start", zone=ZONE, instance="i")
    assert place.instance().machine_type.endswith("e2-medium")


def test_disks_that_are_to_go_with_an_instance_do_and_others_stay(gce: Local, place: Hand) -> None:
    place.disk("kept")
    boot = {"boot": True, "auto_delete": True, "initialize_params": {"source_image": DEBIAN}}
    params = {"disk_name": "spare", "disk_size_gb": 3, "labels": {"a": "b"}}
    disks = [boot, {"source": f"zones/{ZONE}/disks/kept"}, {"initialize_params": params}]
    place.host(disks=disks)
    assert [disk.device_name for disk in place.instance().disks] == [
        f"persistent-disk-{number}" for number in range(3)
    ]
    place.do("Instances", "set_disk_auto_delete", zone=ZONE, instance="i", device_name="persistent-disk-1",
             auto_delete=True)  # fmt: skip
    place.do("Instances", "delete", zone=ZONE, instance="i")
    assert [line.split(" ")[1] for line in gce.bed.ground_truth() if line.startswith("disk")] == ["spare"]


def test_a_protected_instance_cannot_be_deleted(place: Hand) -> None:
    place.host(deletion_protection=True)
    with refused(400, "protected against deletion"):
        place.do("Instances", "delete", zone=ZONE, instance="i")
    place.do("Instances", "set_deletion_protection", zone=ZONE, resource="i", deletion_protection=False)
    place.do("Instances", "delete", zone=ZONE, instance="i")


def test_a_refused_instance_leaves_no_disk(gce: Local, place: Hand) -> None:
    place.host()
    before = gce.bed.ground_truth()
    with refused(409):
        place.host()
    with refused(404):
        place.host("j", disks=[host()["disks"][0], {"source": f"zones/{ZONE}/disks/none"}])
    place.disk("k")
    with refused(409, "disks/k"):
        place.host("k")
    place.do("Disks", "delete", zone=ZONE, disk="k")
    assert gce.bed.ground_truth() == before


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"machine_type": f"zones/{ZONE}/machineTypes/e2-gigantic"}, 404, "machineTypes/e2-gigantic"),
        ({"machine_type": f"zones/{REGION}-c/machineTypes/e2-small"}, 400, "machine type must be in"),
        ({"machine_type": "e2-small"}, 400, "malformed"),
        ({"network_interfaces": []}, 400, "At least one network interface"),
        ({"network_interfaces": [{"network": "global/networks/n"}]}, 400, "custom subnetmode"),
        ({"network_interfaces": [{"subnetwork": "regions/us-east1/subnetworks/s"}]}, 400, "same region"),
        ({"disks": []}, 400, "At least one disk"),
        ({"disks": [{"boot": True, "initialize_params": {"disk_size_gb": 10}}]}, 400, "needs an image"),
        ({"disks": [{"boot": True, "initialize_params": {"source_image": DEBIAN, "disk_size_gb": 5}}]}, 400,
         "Disk size"),
    ],
)  # fmt: skip
def test_what_an_instance_is_made_of_must_be_there_and_fit(
    place: Hand, more: dict[str, object], status: int, words: str
) -> None:
    with refused(status, words):
        place.host(**more)


def test_the_boot_disk_stays_while_the_instance_runs(place: Hand) -> None:
    place.host()
    given = {"zone": ZONE, "instance": "i", "device_name": "persistent-disk-0"}
    with refused(400, "TERMINATED"):
        place.do("Instances", "detach_disk", **given)
    place.do("Instances", "stop", zone=ZONE, instance="i")
    place.do("Instances", "detach_disk", **given)
