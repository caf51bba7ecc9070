"""An image that an environment names by its path or self link."""

import pytest
from attrs import evolve

from emulator.conformance_bed import GcpBed
from emulator.identities import PROJECT
from portinfra.testing.conformance.stage import Stage

PATH = "projects/debian-cloud/global/images/debian-12-bookworm-v20251111"
LINK = f"https://www.googleapis.com/compute/v1/{PATH}"


@pytest.fixture
def bed(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with GcpBed() as bed:
        yield bed
        assert bed.gce.violations == []


def pinned(bed, image):
    return Stage(bed, evolve(bed.environment, images={"debian-12": image}))


@pytest.mark.parametrize("image", [PATH, LINK])
def test_hosts_start_from_the_image_that_is_named_by_path_or_link(bed, image):
    stage = pinned(bed, image)
    stage.bring(bed.before)
    assert stage.plan(bed.before).empty
    disks = [disk for disk in bed.gce.projects[PROJECT].all("disks") if "sourceImage" in disk.body]
    assert disks
    assert all(disk.body["sourceImage"].endswith(PATH) for disk in disks)


@pytest.mark.parametrize("image", [PATH, LINK])
def test_a_role_may_name_the_path_or_link_of_an_image_itself(bed, image):
    stage = Stage(bed, bed.environment)
    declared = evolve(bed.before, roles=[evolve(role, image=image) for role in bed.before.roles])
    stage.bring(declared)
    assert stage.plan(declared).empty
    disks = [disk for disk in bed.gce.projects[PROJECT].all("disks") if "sourceImage" in disk.body]
    assert all(disk.body["sourceImage"].endswith(PATH) for disk in disks)
    missing = [evolve(role, image=image.replace("v2025", "v1925")) for role in bed.before.roles]
    (error,) = stage.plan(evolve(bed.before, roles=missing)).errors
    assert (error.rule, error.subject) == ("catalogue/unknown-image", "role.web.image")


def test_a_path_of_no_image_is_refused_by_the_plan(bed):
    (error,) = pinned(bed, PATH.replace("v2025", "v1925")).plan(bed.before).errors
    assert (error.rule, error.subject) == ("catalogue/unknown-image", "role.web.image")
