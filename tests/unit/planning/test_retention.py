import pytest
from attrs import evolve
from toy import PRODUCTION, actions, applied, plan_of, topology

from portinfra import Role, Volume, allow
from portinfra.model.address import Address
from portinfra.model.observed import Observed
from portinfra.model.resources import Snapshot
from portinfra.planning.retention import zone_of

DB = Role("db", count=2, volumes=[Volume("data", gib=10)])


def test_a_volume_that_nothing_declares_any_more_is_kept_and_listed():
    plan = plan_of(topology(evolve(DB, count=1)), applied(topology(DB)))
    assert actions(plan) == {
        "instance.db2": "delete",
        "attachment.db2-data": "delete",
        "volume.db2-data": "keep",
    }
    assert "--allow-data-loss volume.db2-data" in plan.kept[0].reason
    assert plan.budget.calls == 1


def test_destroying_keeps_volumes_too():
    plan = plan_of(topology(DB), applied(topology(DB)), destroy=True)
    assert {change.address for change in plan.kept} == {"volume.db1-data", "volume.db2-data"}


def test_data_may_be_lost_by_address_or_all_of_it():
    smaller, world = topology(evolve(DB, count=1)), applied(topology(DB))
    for allowed in ("volume.db2-data", "all"):
        assert not plan_of(smaller, world, allow_data_loss=frozenset({allowed})).kept
    assert plan_of(smaller, world, allow_data_loss=frozenset({"volume.db1-data"})).kept


def test_a_volume_that_would_shrink_stays_and_all_else_changes():
    shrunk = topology(evolve(DB, count=1, size="medium", volumes=[Volume("data", gib=5)]))
    plan = plan_of(shrunk, applied(topology(evolve(DB, count=1))))
    assert actions(plan) == {"volume.db1-data": "keep", "instance.db1": "update"}


def test_a_volume_that_would_move_keeps_its_host_as_it_is_and_says_what_waits_for_it():
    three = evolve(DB, count=3)
    fewer = evolve(PRODUCTION, zones=["zone-a", "zone-b"])
    plan = plan_of(topology(evolve(three, size="medium")), applied(topology(three)), environment=fewer)
    assert actions(plan)["volume.db3-data"] == "keep"
    assert "instance.db3" not in actions(plan)
    assert "these stay with it: instance.db3" in plan.kept[0].reason
    assert actions(plan)["instance.db1"] == "update"


def test_a_snapshot_that_nothing_declares_is_kept_and_listed():
    world = applied(topology(DB))
    taken = Snapshot("db1-data-1", Address("volume.db1-data"))
    world.resources[taken.address] = Observed(taken.address, taken, {"id": "s"})
    (kept,) = plan_of(topology(DB), world).kept
    assert kept.address == taken.address
    allowed = plan_of(topology(DB), world, allow_data_loss=frozenset({taken.address}))
    assert actions(allowed) == {taken.address: "delete"}


def test_only_a_role_is_only_that_role_whatever_the_others_are_called():
    world = applied(topology(DB, Role("db2a", count=1, volumes=[Volume("log", gib=1)])))
    assert not plan_of(topology(DB), world, only=frozenset({"db"})).changes
    gone = plan_of(topology(DB), world, only=frozenset({"db2a"}), allow_data_loss=frozenset({"all"}))
    assert {address.name for address in actions(gone)} == {"db2a", "db2a-0", "db2a1", "db2a1-log"} | {
        f"db2a-{zone}" for zone in range(1, 4) if f"subnet.db2a-{zone}" in world.resources
    }


def test_a_firewall_that_the_rules_of_others_name_does_not_go_alone():
    flows = [allow("web", "db", tcp=5432)]
    both = topology(DB, Role("web", count=1), flows=flows)
    alone = plan_of(both, applied(both), destroy=True, only=frozenset({"web"}))
    (error,) = alone.errors
    assert (error.rule, error.subject) == ("plan/still-named", "firewall.web")
    assert "--only db" in error.fix
    assert not plan_of(both, applied(both), destroy=True, only=frozenset({"web", "db"})).errors


def test_a_volume_grows_without_anybodys_leave():
    grown = topology(evolve(DB, volumes=[Volume("data", gib=20)]))
    assert actions(plan_of(grown, applied(topology(DB)))) == {
        "volume.db1-data": "update",
        "volume.db2-data": "update",
    }


def test_protection_outlasts_every_permission():
    protected = topology(evolve(DB, deletion_protection=True))
    world = applied(protected)
    plan = plan_of(protected, world, destroy=True, allow_data_loss=frozenset({"all"}))
    assert {finding.rule for finding in plan.errors} == {"plan/protected"}
    assert {finding.subject for finding in plan.errors} >= {"instance.db1", "volume.db1-data"}
    gone = plan_of(topology(Role("web", slot=5)), world, allow_data_loss=frozenset({"all"}))
    assert {finding.rule for finding in gone.errors} == {"plan/protected"}


def test_protection_that_comes_with_a_lower_count_holds():
    fewer = evolve(DB, count=1, deletion_protection=True)
    plan = plan_of(topology(fewer), applied(topology(DB)))
    assert {finding.subject for finding in plan.errors} == {"instance.db2"}
    (error,) = plan.errors
    assert error.fix == "Write deletion_protection=False in its role, and plan again."
    allowed = plan_of(topology(fewer), applied(topology(DB)), allow_data_loss=frozenset({"all"}))
    assert {finding.subject for finding in allowed.errors} == {"instance.db2", "volume.db2-data"}


def test_protection_of_a_volume_that_comes_with_a_lower_count_holds():
    fewer = evolve(DB, count=1, volumes=[Volume("data", gib=10, deletion_protection=True)])
    plan = plan_of(topology(fewer), applied(topology(DB)), allow_data_loss=frozenset({"all"}))
    assert [(each.rule, each.subject) for each in plan.errors] == [("plan/protected", "volume.db2-data")]


def test_protection_that_comes_with_a_lower_count_and_a_new_name_holds():
    renamed = Role("data", count=1, volumes=DB.volumes, renamed_from="db", deletion_protection=True)
    plan = plan_of(topology(renamed), applied(topology(DB)))
    assert "instance.db2" in [each.subject for each in plan.errors if each.rule == "plan/protected"]


def test_a_volume_without_protection_beside_a_protected_one_may_be_lost():
    both = evolve(DB, volumes=[Volume("data", gib=10), Volume("more-data", gib=10)])
    fewer = evolve(
        both, count=1, volumes=[Volume("data", gib=10), Volume("more-data", gib=10, deletion_protection=True)]
    )
    plan = plan_of(topology(fewer), applied(topology(both)), allow_data_loss=frozenset({"volume.db2-data"}))
    assert not plan.errors
    assert actions(plan)["volume.db2-data"] == "delete"


def test_protection_of_a_role_that_is_gone_names_the_role():
    protected = applied(topology(evolve(DB, deletion_protection=True), Role("web", count=1)))
    plan = plan_of(topology(Role("web", count=1, slot=1)), protected)
    assert "Declare its role 'db' again, with deletion_protection=False" in plan.errors[0].fix


def test_protection_is_lifted_by_declaring_it_lifted():
    world = applied(topology(evolve(DB, deletion_protection=True)))
    plan = plan_of(topology(DB), world)
    assert not plan.errors
    assert set(actions(plan).values()) == {"update"}


def test_fewer_zones_do_not_drag_a_volume_along():
    two = evolve(PRODUCTION, zones=["zone-a", "zone-b"])
    db = topology(Role("db", count=3, volumes=[Volume("data", gib=10)]))
    world = applied(db)
    plan = plan_of(db, world, environment=two)
    assert actions(plan)["volume.db3-data"] == "keep"
    assert "instance.db3" not in actions(plan)
    assert "subnet.db-2" not in actions(plan)


def test_what_lies_in_no_zone_is_not_deleted_while_a_zone_is_silent():
    world = applied(topology(Role("web", count=3), Role("old", count=1)))
    there = {a: s for a, s in world.resources.items() if zone_of(s.spec) != "zone-a"}
    silent = evolve(world, resources=there, unknown=frozenset({"zone-a"}))
    plan = plan_of(topology(Role("web", count=3)), silent, without_zones=frozenset({"zone-a"}))
    assert set(actions(plan)) == {"subnet.old-1", "subnet.old-2"}


def test_what_needs_the_place_of_something_that_waits_for_a_silent_zone_waits_too():
    before = applied(topology(Role("old", count=3)))
    there = {}
    for address, seen in before.resources.items():
        if zone_of(seen.spec) != "zone-a":
            regional = seen.spec.kind == "subnet"
            there[address] = evolve(seen, spec=evolve(seen.spec, zone="")) if regional else seen
    silent = evolve(before, resources=there, unknown=frozenset({"zone-a"}))
    plan = plan_of(topology(Role("new", count=3)), silent, without_zones=frozenset({"zone-a"}))
    assert "delete" not in {actions(plan).get("subnet.old-1"), actions(plan).get("subnet.old-2")}
    assert not [
        a for a, action in actions(plan).items() if action == "create" and a.kind in ("subnet", "instance")
    ]


def test_what_something_that_waits_stands_on_waits_too():
    before = applied(topology(Role("old", count=3, public="customers")))
    there = {a: s for a, s in before.resources.items() if zone_of(s.spec) != "zone-a"}
    silent = evolve(before, resources=there, unknown=frozenset({"zone-a"}))
    plan = plan_of(topology(Role("new", count=1)), silent, without_zones=frozenset({"zone-a"}))
    assert not {a for a, action in actions(plan).items() if action == "delete"} & {
        "public-address.old2",
        "instance.old2",
    }


def test_a_protection_that_is_declared_and_not_applied_yet_protects_too():
    world = applied(topology(evolve(DB, deletion_protection=False)))
    plan = plan_of(
        topology(evolve(DB, deletion_protection=True)),
        world,
        destroy=True,
        allow_data_loss=frozenset({"all"}),
    )
    assert "plan/protected" in {finding.rule for finding in plan.errors}


@pytest.mark.parametrize(
    ("zones", "sentences"),
    [
        pytest.param({"zone-a"}, {"zone-a is left out: 1 change waits for it"}, id="one zone, one change"),
        pytest.param(
            {"zone-a", "zone-b"},
            {"zone-a, zone-b are left out: 2 changes wait for them"},
            id="the number is of both zones",
        ),
    ],
)
def test_the_number_of_changes_that_wait_names_all_zones_that_it_is_about(zones, sentences):
    web = Role("web", count=3)
    larger = topology(evolve(web, size="medium"))
    plan = plan_of(larger, applied(topology(web)), without_zones=frozenset(zones))
    assert {each.message for each in plan.findings if each.rule == "plan/unknown-zone"} == sentences
