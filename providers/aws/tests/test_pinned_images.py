"""An image that an environment names by its id, ami-…."""

import pytest
from attrs import evolve

from bed import engine
from bed.conformance_bed import AwsBed
from bed.identities import ACCOUNT
from portinfra.testing.conformance.stage import Stage

OLDER_UBUNTU, OF_ARM = "ami-0a1b2c3d4e5f60022", "ami-0a1b2c3d4e5f60013"


@pytest.fixture
def bed(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with AwsBed() as bed:
        yield bed
        assert bed.ec2.violations == []
        assert bed.ec2.gaps == []


def pinned(bed, image):
    return Stage(bed, evolve(bed.environment, images={"debian-12": image}))


def test_hosts_start_from_the_image_that_is_named_by_its_id(bed):
    stage = pinned(bed, OLDER_UBUNTU)
    stage.bring(bed.before)
    assert stage.plan(bed.before).empty
    hosts = engine.backend(ACCOUNT, stage.environment.region).all_instances()
    assert {host.image_id for host in hosts} == {OLDER_UBUNTU}
    stage.remove(bed.before)
    assert bed.ground_truth() == []


def naming(topology, **attributes):
    return evolve(topology, roles=[evolve(role, **attributes) for role in topology.roles])


def test_a_role_may_name_the_id_of_an_image_itself(bed):
    stage = Stage(bed, bed.environment)
    declared = naming(bed.before, image=OLDER_UBUNTU)
    stage.bring(declared)
    assert stage.plan(declared).empty
    hosts = engine.backend(ACCOUNT, stage.environment.region).all_instances()
    assert {host.image_id for host in hosts} == {OLDER_UBUNTU}


def test_a_role_may_name_a_machine_type_of_any_family_itself(bed):
    assert Stage(bed, bed.environment).plan(naming(bed.before, size="r5.large")).errors == ()


@pytest.mark.parametrize("image", ["ami-0000000000000dead", "ami-DEAD", OF_ARM])
def test_an_id_that_a_role_names_and_that_starts_no_host_is_refused_by_the_plan(bed, image):
    stage = Stage(bed, bed.environment)
    (error,) = stage.plan(naming(bed.before, image=image)).errors
    assert (error.rule, error.subject) == ("catalogue/unknown-image", "role.web.image")
    assert error.location.line


@pytest.mark.parametrize("image", ["ami-0000000000000dead", OF_ARM])
def test_an_id_that_starts_no_host_here_is_refused_by_the_plan(bed, image):
    (error,) = pinned(bed, image).plan(bed.before).errors
    assert (error.rule, error.subject) == ("catalogue/unknown-image", "role.web.image")
    assert f"has no image '{image}', and web1, web2, db1, old1 need it" in error.message
