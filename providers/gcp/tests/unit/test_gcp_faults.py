"""What Compute Engine accepted and then did not make: the class of the reason, and Compute Engine's word."""

import pytest
from attrs import evolve

from portinfra.errors import PermissionDenied, Unavailable
from portinfra.model.address import Scope
from portinfra.model.observed import Fault
from portinfra.model.resources import Snapshot, Volume
from portinfra.provider.interface import Names, Refs, Wait
from portinfra_gcp import marks
from portinfra_gcp.drivers import reading
from portinfra_gcp.drivers.instance import InstanceDriver
from portinfra_gcp.drivers.snapshot import SnapshotDriver
from portinfra_gcp.drivers.volume import VolumeDriver
from portinfra_gcp.keys import Keyring

SCOPE = Scope("sample", "production")
REFS = Refs(SCOPE, "attempt-1", {})
KEYRING = Keyring("acme", "europe-west1")
PREFIX = "https://compute.googleapis.com/compute/v1/projects/acme/"
PLACES = {"disks": "zones/europe-west1-b", "snapshots": "global"}
MORE = {"sizeGb": "10", "zone": f"{PREFIX}zones/europe-west1-b"}
VOLUME = Volume("log", 10, zone="europe-west1-b")
SNAPSHOT = Snapshot("log", None)


def seen(driver, want, status, operation=None, **more):
    """What one list of a resource in a status tells, perhaps while an operation is under way."""
    name = SCOPE.native_name(want.name)
    link = f"{PREFIX}{PLACES[driver.collection]}/{driver.collection}/{name}"
    record = {
        "name": name,
        "selfLink": link,
        "description": marks.description(want, REFS),
        "status": status,
        **MORE,
        **more,
    }
    listing, operations = driver.listing(SCOPE), reading.operations()
    under_way = [{"targetLink": link, "operationType": operation}] if operation else []
    answers = {listing: [{"items": [record]}], operations: [{"items": under_way}]}
    (found,) = driver.assemble(answers, Names(SCOPE, {}))
    return found


@pytest.mark.parametrize(
    ("driver", "want", "status", "error"),
    [
        (VolumeDriver, VOLUME, "FAILED", PermissionDenied),
        (VolumeDriver, VOLUME, "UNAVAILABLE", PermissionDenied),
        (SnapshotDriver, SNAPSHOT, "FAILED", Unavailable),
    ],
)
def test_a_resource_that_was_not_made_has_a_fault_with_its_class_and_status(driver, want, status, error):
    found = seen(driver(KEYRING), want, status)
    assert isinstance(found.fault, Fault)
    assert (found.fault.error, found.fault.code) == (error, status)
    assert driver(KEYRING).next_call(want, found, REFS).action.endswith(".delete")


@pytest.mark.parametrize(("driver", "want"), [(VolumeDriver, VOLUME), (SnapshotDriver, SNAPSHOT)])
def test_what_failed_and_is_being_deleted_is_not_deleted_again(driver, want):
    found = seen(driver(KEYRING), want, "FAILED", "delete")
    assert found.fault is None
    for wanted in (want, None):
        assert driver(KEYRING).next_call(wanted, found, REFS) == Wait("being deleted")


def test_nothing_is_asked_of_a_resource_with_an_operation_under_way_not_even_its_deletion():
    found = seen(VolumeDriver(KEYRING), VOLUME, "READY", "setLabels")
    for wanted in (evolve(VOLUME, gib=20), None):
        assert VolumeDriver(KEYRING).next_call(wanted, found, REFS) == Wait("being created")


@pytest.mark.parametrize(
    ("driver", "ready"),
    [
        (VolumeDriver(KEYRING), ("READY",)),
        (SnapshotDriver(KEYRING), ("READY",)),
        (InstanceDriver(KEYRING), ("RUNNING", "TERMINATED", "STOPPED", "SUSPENDED")),
    ],
)
def test_a_status_that_nobody_knows_is_no_readiness(driver, ready):
    assert {driver.state({"status": status}) for status in ready} == {"ready"}
    for status in ("CREATING", "STAGING", "SOMETHING_NEW", ""):
        assert driver.state({"status": status}) == "pending"


def test_labels_of_googles_services_stay_when_ours_are_written():
    """The request replaces all labels; its fingerprint refuses it where they have changed meanwhile."""
    foreign = {"goog-gke-node": "", "goog-ops-agent-policy": "v2"}
    mine = marks.labels(VOLUME, REFS, SCOPE.native_name("log"))
    found = seen(VolumeDriver(KEYRING), VOLUME, "READY", labels={**mine, **foreign}, labelFingerprint="abc=")
    assert found.spec.tags == {}
    call = VolumeDriver(KEYRING).next_call(evolve(VOLUME, tags={"team": "a"}), found, REFS)
    assert call.action == "disks.setLabels"
    assert call.parameters["body"]["labelFingerprint"] == "abc="
    labels = call.parameters["body"]["labels"]
    assert foreign.items() <= labels.items()
    assert labels["team"] == "a"
