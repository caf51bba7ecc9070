"""What a location offers matters to what a plan creates, and to nothing else."""

from attrs import evolve
from toy import CATALOGUE, PRODUCTION, actions, applied, plan_of, topology

from portinfra import Role
from portinfra.planning.offers import NAMES_SHOWN

WEB = topology(Role("web", count=2))
NEWER = evolve(CATALOGUE, images={**CATALOGUE.images, "debian-12": "debian-12-v3"})
WITHDRAWN = evolve(CATALOGUE, images={"ubuntu-24.04": "ubuntu-v1"})


def image_of(plan, host):
    return plan.wanted[f"instance.{host}"].image_id


def test_a_host_keeps_its_image_and_one_that_is_replaced_starts_from_the_newest():
    """The version that the old host had may be withdrawn."""
    plan = plan_of(WEB, applied(WEB), catalogue=NEWER, replace=frozenset({"instance.web1"}))
    assert (image_of(plan, "web1"), image_of(plan, "web2")) == ("debian-12-v3", "debian-12-v2")
    (change,) = [each for each in plan.changes if each.action == "replace"]
    assert change.after == plan.wanted["instance.web1"]
    assert change.after.image_id == "debian-12-v3"


def test_a_withdrawn_image_has_no_newer_version():
    plan = plan_of(WEB, applied(WEB), catalogue=WITHDRAWN, refresh_images=True)
    assert plan.empty
    assert not plan.errors


def test_a_replacement_needs_the_image_and_names_the_host():
    plan = plan_of(WEB, applied(WEB), catalogue=WITHDRAWN, replace=frozenset({"instance.web2"}))
    (error,) = plan.errors
    assert (error.rule, error.subject) == ("catalogue/unknown-image", "role.web.image")
    assert error.message == "toyland has no image 'debian-12', and web2 needs it"
    assert error.location == WEB.roles[0].location


def test_a_change_in_place_needs_the_machine_type_that_it_changes_to():
    fewer = {name: each for name, each in CATALOGUE.machine_types.items() if name != "t2"}
    larger = topology(Role("web", count=2, size="medium"))
    plan = plan_of(larger, applied(WEB), catalogue=evolve(CATALOGUE, machine_types=fewer))
    (error,) = plan.errors
    assert error.message == "toyland has no machine type 'medium', and web1, web2 need it"


def test_a_message_names_a_few_hosts_and_counts_the_others():
    many = topology(Role("web", count=NAMES_SHOWN + 2))
    (error,) = plan_of(many, catalogue=WITHDRAWN).errors
    assert error.message.endswith("web5, web6 and 2 more need it")


def test_a_version_may_be_named_where_the_location_lists_it():
    listed = evolve(CATALOGUE, images={**CATALOGUE.images, "debian-12-v1": "debian-12-v1"})
    named = evolve(PRODUCTION, images={"debian-12": "debian-12-v1"})
    plan = plan_of(WEB, catalogue=listed, environment=named)
    assert not plan.errors
    assert image_of(plan, "web1") == "debian-12-v1"


def test_a_zone_is_needed_by_what_is_created_in_it():
    zones = ["zone-a", "zone-b", "zone-c"]
    named = evolve(PRODUCTION, zones=zones)
    fewer = evolve(CATALOGUE, zones=tuple(zone for zone in CATALOGUE.zones if zone.name != "zone-c"))
    world = applied(WEB, environment=named)
    one = topology(Role("web", count=1))
    plan = plan_of(one, world, catalogue=fewer, environment=named)
    assert actions(plan) == {"instance.web2": "delete"}
    assert not plan.errors, "resources are in the zone: the location had it"
    three = topology(Role("web", count=3))
    (error,) = plan_of(three, world, catalogue=fewer, environment=named).errors
    assert (error.rule, error.subject) == ("catalogue/unknown-zone", "environment.production.zones")
    assert error.message == "toyland has no zone 'zone-c', and web3 needs it"
