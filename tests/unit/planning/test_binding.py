"""What an ordinal stands for is told by what is there, and never guessed while a zone is silent."""

import pytest
from attrs import evolve
from toy import CATALOGUE, PRODUCTION, applied, plan_of, topology

from portinfra import Role, Volume
from portinfra.model.catalogue import MachineType
from portinfra.model.observed import Observation

DB = topology(Role("db", count=3, volumes=[Volume("data", gib=10)]))
ALL_ZONES = frozenset({"zone-a", "zone-b", "zone-c", "zone-d"})


def without_zone_a():
    """The location as it once was: its first zone did not offer the machine type."""
    return evolve(CATALOGUE, machine_types={"t1": MachineType("t1", 1, 1, ALL_ZONES - {"zone-a"})})


def seen_without(*silent):
    """What is told of a world in zones b, c and d, whose subnets lie in no zone, while some do not answer."""
    world = applied(DB, catalogue=without_zone_a())
    told = {
        address: evolve(seen, spec=evolve(seen.spec, zone=0)) if address.kind == "subnet" else seen
        for address, seen in world.resources.items()
        if getattr(seen.spec, "zone", None) not in silent
    }
    return Observation(told, unknown=frozenset(silent))


def zones(plan):
    return {spec.zone for address, spec in plan.wanted.items() if address.kind == "volume"}


def test_a_zone_that_is_silent_is_the_one_that_nothing_seen_stands_for():
    plan = plan_of(DB, seen_without("zone-b"), without_zones=frozenset({"zone-b"}))
    assert zones(plan) == {"zone-b", "zone-c", "zone-d"}
    assert not plan.errors
    assert not any(change.action == "create" for change in plan.changes)


def test_of_several_that_are_silent_it_does_not_matter_which_is_which():
    silent = frozenset({"zone-b", "zone-d"})
    plan = plan_of(DB, seen_without(*silent), without_zones=silent)
    assert zones(plan) == {"zone-b", "zone-c", "zone-d"}
    assert not any(change.action == "create" for change in plan.changes)


def seen_of_fewer(*silent):
    """What is seen where some zones are silent, and nothing exists in `zone-c`."""
    world = seen_without(*silent)
    fewer = {a: seen for a, seen in world.resources.items() if getattr(seen.spec, "zone", "") != "zone-c"}
    return evolve(world, resources=fewer)


@pytest.mark.parametrize(
    ("silent", "message", "fix"),
    [
        (
            ("zone-b",),
            "zone-b does not answer, or --without-zone excludes it. What is seen does not say which of the "
            "environment's zones it is",
            "Wait for it, or name",
        ),
        (
            ("zone-b", "zone-d"),
            "zone-b, zone-d do not answer, or --without-zone excludes them. What is seen does not say which "
            "of the environment's zones they are",
            "Wait for them, or name",
        ),
    ],
    ids=["one", "two"],
)
def test_where_more_is_missing_than_is_silent_nothing_is_guessed(silent, message, fix):
    plan = plan_of(DB, seen_of_fewer(*silent), without_zones=frozenset(silent))
    (error,) = plan.errors
    assert (error.rule, error.message) == ("plan/untold-zone", message)
    assert error.fix.startswith(fix)
    assert "zones=[" in error.fix
    named = evolve(PRODUCTION, zones=["zone-b", "zone-c", "zone-d"])
    told = plan_of(DB, seen_of_fewer(*silent), environment=named, without_zones=frozenset(silent))
    assert not told.errors


def test_a_zone_that_is_declared_and_lacks_the_machine_type_is_told_of_once_a_role():
    named = evolve(PRODUCTION, zones=["zone-b", "zone-a", "zone-c"])
    plan = plan_of(DB, catalogue=without_zone_a(), environment=named)
    (error,) = plan.errors
    assert (error.rule, error.subject) == ("catalogue/not-in-zone", "role.db.size")
    assert "zone-a offers no t1" in error.message
    assert "zone-b, zone-c, zone-d" in error.fix


def test_a_first_plan_may_leave_a_zone_out():
    plan = plan_of(DB, Observation(unknown=frozenset({"zone-b"})), without_zones=frozenset({"zone-b"}))
    assert not plan.errors
    assert zones(plan) == {"zone-a", "zone-b", "zone-c"}
    assert {change.after.zone for change in plan.changes if change.address.kind == "volume"} == {
        "zone-a",
        "zone-c",
    }
