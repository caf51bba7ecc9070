"""The advice about a protected resource: once a user has followed it, the same plan has no such error."""

import pytest
from attrs import evolve
from toy import applied, plan_of, topology

from portinfra import Role, Volume
from portinfra.model.location import Location

DB = Role("db", count=3, volumes=[Volume("data", gib=10), Volume("log", gib=1)])
PROTECTED = evolve(DB, deletion_protection=True)


def with_protected_volume(role):
    data, *others = role.volumes
    return evolve(role, volumes=[evolve(data, deletion_protection=True), *others])


def without_protection(role):
    return evolve(
        role,
        deletion_protection=False,
        volumes=[evolve(each, deletion_protection=False) for each in role.volumes],
    )


def protection_errors(declared, world, destroy):
    lose_all = frozenset({"all"})
    plan = plan_of(topology(*declared), world, destroy=destroy, allow_data_loss=lose_all)
    return [each for each in plan.errors if each.rule == "plan/protected"]


SITUATIONS = {
    "a role protects, and all is destroyed": (
        [PROTECTED],
        [PROTECTED],
        [DB],
        "Write deletion_protection=False in its role, apply that, and plan again.",
    ),
    "a volume protects, and all is destroyed": (
        [with_protected_volume(DB)],
        [with_protected_volume(DB)],
        [DB],
        "Write deletion_protection=False in its volume block 'data', apply that, and plan again.",
    ),
    "the declaration protects no longer, and all is destroyed": (
        [PROTECTED],
        [DB],
        [DB],
        "Apply the declaration with deletion_protection=False, and plan again.",
    ),
    "the count is lower": (
        [PROTECTED],
        [evolve(PROTECTED, count=1)],
        [DB],
        "Set the count of 'db' to 3 again, with deletion_protection=False in its role, and apply that. "
        "Then reduce the count and plan again.",
    ),
    "the count is lower, and the protection is removed by the same edit": (
        [PROTECTED],
        [evolve(DB, count=1)],
        [DB],
        "Set the count of 'db' to 3 again, with deletion_protection=False, and apply that. "
        "Then reduce the count and plan again.",
    ),
    "a volume is removed": (
        [PROTECTED],
        [evolve(DB, volumes=DB.volumes[:1])],
        [DB],
        "Declare its volume 'log' again, with deletion_protection=False, and apply that. "
        "Then remove the volume again.",
    ),
    "hosts are replaced": (
        [PROTECTED],
        [evolve(PROTECTED, image="ubuntu-24.04")],
        [DB],
        "Write deletion_protection=False in its role, apply that without the change that replaces it, "
        "and plan again.",
    ),
    "the role is removed": (
        [PROTECTED, Role("web", count=1, slot=1)],
        [Role("web", count=1, slot=1)],
        [DB, Role("web", count=1, slot=1)],
        "Declare its role 'db' again, with deletion_protection=False, apply that, and plan again.",
    ),
}
"""What is applied; what is declared now; what the advice says to apply first; and the advice."""


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_advice_leads_to_a_plan_that_is_not_refused(situation):
    before, declared, between, advice = SITUATIONS[situation]
    destroy = situation.endswith("destroyed")
    errors = protection_errors(declared, applied(topology(*before)), destroy)
    assert {each.fix for each in errors} == {advice}
    assert not protection_errors(between, applied(topology(*before)), destroy=False)
    later = [without_protection(role) for role in declared]
    assert not protection_errors(later, applied(topology(*between)), destroy)


def test_the_finding_points_at_the_line_that_protects():
    line = Location("shop.hcl", 31)
    data = evolve(
        DB.volumes[0],
        deletion_protection=True,
        location=Location("shop.hcl", 28, attributes={"deletion_protection": line}),
    )
    role = evolve(DB, volumes=[data])
    errors = protection_errors([role], applied(topology(role)), destroy=True)
    assert {error.location for error in errors} == {line}
