from copy import copy
from itertools import pairwise

from attrs import evolve
from toy import CATALOGUE, DRIVERS, PRODUCTION, applied, plan_of, precedes, topology

from portinfra import PlanOptions, Role, Volume, allow
from portinfra.errors import NoCapacity
from portinfra.model.address import Address
from portinfra.model.change import Step
from portinfra.model.observed import Fault
from portinfra.model.resources import Rule
from portinfra.placement import place
from portinfra.planning.make_plan import make_plan
from portinfra.planning.readiness import is_rolling, rolling_roles

DB = Role("db", count=6, public="yes", volumes=[Volume("data", gib=10)])


def test_rules_come_before_any_host_that_bears_them():
    plan = plan_of(topology(Role("web", count=1), Role("db", count=1), flows=[allow("web", "db", tcp=1)]))
    assert precedes(plan, ("converge", "firewall.db"), ("converge", "firewall-rules.web"))
    assert precedes(plan, ("converge", "firewall-rules.web"), ("converge", "instance.web1"))


def test_deletion_goes_against_references():
    plan = plan_of(topology(DB), applied(topology(DB)), destroy=True)
    assert precedes(plan, ("remove", "instance.db1"), ("remove", "subnet.db-0"))
    assert precedes(plan, ("remove", "subnet.db-0"), ("remove", "network.main"))
    assert precedes(plan, ("remove", "firewall-rules.db"), ("remove", "firewall.db"))


def test_nothing_is_taken_from_a_host_that_goes_it_lets_go_by_itself():
    plan = plan_of(topology(DB), applied(topology(DB)), destroy=True, allow_data_loss=frozenset({"all"}))
    assert precedes(plan, ("remove", "instance.db1"), ("remove", "attachment.db1-data"))
    assert precedes(plan, ("remove", "attachment.db1-data"), ("remove", "volume.db1-data"))
    everything = len(applied(topology(DB)).resources)
    attachments = [step for step in plan.steps if step.address.kind == "attachment"]
    assert plan.budget.calls == everything - len(attachments)
    without = plan_of(topology(evolve(DB, volumes=())), applied(topology(DB)))
    assert without.budget.calls == len(attachments), "from hosts that stay, volumes are detached"


def test_a_rule_lets_go_of_a_firewall_before_that_is_deleted():
    flows = [allow("web", "db", tcp=5432)]
    both = topology(Role("db", count=1), Role("web", count=1), flows=flows)
    plan = plan_of(topology(Role("db", count=1)), applied(both))
    assert precedes(plan, ("converge", "firewall-rules.db"), ("remove", "firewall.web"))


def test_a_host_is_deleted_made_and_attached_again_in_this_order():
    plan = plan_of(topology(DB), applied(topology(DB)), replace=frozenset({"instance.db1"}))
    order = list(plan.steps)
    assert [(step.phase, step.address) for step in order] == [
        ("remove", "instance.db1"),
        ("converge", "instance.db1"),
        ("remove", "attachment.db1-data"),
        ("converge", "public-address.db1"),
        ("converge", "attachment.db1-data"),
    ]


def test_hosts_are_replaced_one_by_one_and_one_zone_after_the_other():
    plan = plan_of(topology(evolve(DB, image="ubuntu-24.04")), applied(topology(DB)))
    turns = ["db1", "db4", "db2", "db5", "db3", "db6"]
    for host, following in pairwise(turns):
        healthy = ("converge", f"attachment.{host}-data")
        assert precedes(plan, healthy, ("remove", f"attachment.{following}-data"))
        assert precedes(plan, healthy, ("remove", f"instance.{following}"))


def test_as_many_hosts_go_down_at_a_time_as_the_role_allows():
    changed = evolve(DB, size="medium", max_unavailable=2)
    plan = plan_of(topology(changed), applied(topology(evolve(DB, max_unavailable=2))))
    together, later = ("converge", "instance.db4"), ("converge", "instance.db2")
    assert not precedes(plan, ("converge", "instance.db1"), together)
    assert precedes(plan, together, later)


def test_missing_hosts_come_back_before_others_go_down():
    world = applied(topology(DB))
    short = evolve(world, resources={a: s for a, s in world.resources.items() if "db2" not in a})
    plan = plan_of(topology(evolve(DB, size="medium")), short)
    assert precedes(plan, ("converge", "instance.db2"), ("converge", "instance.db1"))


def test_an_address_is_free_before_another_host_takes_it():
    four = evolve(PRODUCTION, zones=[f"zone-{letter}" for letter in "abcd"])
    web = topology(Role("web", count=8))
    plan = plan_of(web, applied(web), environment=four)
    taken = plan.wanted["instance.web5"].private_address
    (tenant,) = [
        a for a, s in plan.observation.resources.items() if getattr(s.spec, "private_address", "") == taken
    ]
    assert tenant != "instance.web5"
    assert precedes(plan, ("remove", tenant), ("converge", "instance.web5"))


def seen_as(world, address, **attributes):
    seen = evolve(world.resources[address], **attributes)
    return evolve(world, resources={**world.resources, address: seen})


RESIZED = topology(evolve(DB, count=3, size="medium"))


def test_what_is_not_ready_yet_is_finished_before_another_goes_down():
    world = seen_as(applied(RESIZED), "instance.db2", state="pending")
    small = world.resources["instance.db3"].spec
    world = seen_as(world, "instance.db3", spec=evolve(small, machine_type="t1"))
    plan = plan_of(RESIZED, world)
    assert precedes(plan, ("converge", "instance.db2"), ("converge", "instance.db3"))


def test_what_lacks_its_volume_is_finished_before_another_goes_down():
    world = applied(RESIZED)
    small = world.resources["instance.db3"].spec
    world = seen_as(world, "instance.db3", spec=evolve(small, machine_type="t1"))
    detached = {a: seen for a, seen in world.resources.items() if a != "attachment.db2-data"}
    plan = plan_of(RESIZED, evolve(world, resources=detached))
    assert precedes(plan, ("converge", "attachment.db2-data"), ("converge", "instance.db3"))


def test_hosts_that_are_down_already_go_first_and_together():
    world = applied(topology(evolve(DB, count=4)))
    for host in ("db2", "db3"):
        world = seen_as(world, f"instance.{host}", fault=Fault(NoCapacity, "the machine under it broke"))
    plan = plan_of(topology(evolve(DB, count=4, image="ubuntu-24.04")), world)
    for healthy in ("db1", "db4"):
        for down in ("db2", "db3"):
            assert precedes(plan, ("converge", f"instance.{down}"), ("remove", f"instance.{healthy}"))
    assert not precedes(plan, ("converge", "instance.db2"), ("remove", "instance.db3"))


def test_rules_let_go_of_a_firewall_that_is_replaced_before_it_goes():
    flows = [allow("web", "db", tcp=5432)]
    both = topology(Role("db", count=1), Role("web", count=1), flows=flows)
    plan = plan_of(both, applied(both), replace=frozenset({"firewall.web"}))
    assert precedes(plan, ("remove", "firewall-rules.db"), ("remove", "firewall.web"))
    assert precedes(plan, ("converge", "firewall.web"), ("converge", "firewall-rules.db"))


def test_rules_that_close_traffic_come_before_rules_that_would_let_it_pass_at_the_other_end():
    roles = Role("web", count=1), Role("db", count=1)
    before = topology(*roles, flows=[allow("web", "10.0.0.0/8", tcp="22-24")])
    after = topology(
        *roles, flows=[allow("web", "10.0.0.0/8", tcp="24-25"), allow("10.0.0.0/8", "db", tcp="22-24")]
    )
    plan = plan_of(after, applied(before))
    assert precedes(plan, ("tighten", "firewall-rules.web"), ("converge", "firewall-rules.db"))
    assert precedes(plan, ("tighten", "firewall-rules.web"), ("converge", "firewall-rules.web"))
    assert plan.tightened["firewall-rules.web"].egress == (Rule("tcp", 24, 24, "10.0.0.0/8"),)
    assert Step("tighten", "firewall-rules.db") not in plan.steps


def test_rules_close_traffic_after_their_renamed_firewall_has_its_new_owner():
    db, far = Role("db", count=1), "10.0.0.0/8"
    before = topology(Role("web", count=1), db, flows=[allow("web", far, tcp="22-24")])
    flows = [allow("shop", far, tcp="24-25"), allow(far, "db", tcp="22-24")]
    plan = plan_of(topology(Role("shop", count=1, renamed_from="web"), db, flows=flows), applied(before))
    assert precedes(plan, ("converge", "firewall.shop"), ("tighten", "firewall-rules.shop"))


def test_rules_of_a_role_that_goes_are_removed_before_the_other_end_opens():
    before = topology(Role("web"), Role("db"), Role("old"), flows=[allow("old", "10.0.0.0/8", tcp=22)])
    after = topology(Role("web"), Role("db"), flows=[allow("10.0.0.0/8", "db", tcp=22)])
    plan = plan_of(after, applied(before))
    assert precedes(plan, ("remove", "firewall-rules.old"), ("converge", "firewall-rules.db"))


def test_where_no_two_ends_can_meet_a_change_of_rules_is_one_step_each():
    roles = Role("web", count=1), Role("db", count=1)
    before = topology(*roles, flows=[allow("web", "db", tcp="5432-5440")])
    after = topology(*roles, flows=[allow("web", "db", tcp="5435-5445"), allow("db", "web", tcp=22)])
    plan = plan_of(after, applied(before))
    assert sorted(plan.steps) == [
        ("converge", "firewall-rules.db"),
        ("converge", "firewall-rules.web"),
    ]
    assert plan.budget.calls == 2


def test_a_role_takes_the_place_of_another_while_rules_refer_to_both():
    def shop(name):
        flows = [
            allow("web", name, tcp=6379, why="sessions"),
            allow(name, "app", tcp=8443, why="answers"),
            allow(name, name, tcp=16379, why="replicas"),
        ]
        roles = [Role("web", count=1), Role(name, count=1), Role("app", count=1)]
        return topology(*roles, flows=flows)

    plan = plan_of(shop("cache"), applied(shop("redis")))
    assert plan.findings == ()
    order = list(plan.steps)
    for rules in ("firewall-rules.web", "firewall-rules.app"):
        assert Address("firewall.redis") not in plan.tightened[rules].references()
        released, gone, again = (
            order.index(step)
            for step in (("tighten", rules), ("remove", "firewall.redis"), ("converge", rules))
        )
        assert released < gone < again


TWO_ROLES = topology(Role("db", count=3), Role("web", count=3))


HOLDS = {"instance": ("subnet", "firewall"), "subnet": ("network",), "firewall": ("network",)}


def replaced_plan(declared, *addresses):
    """The plan that replaces resources of `TWO_ROLES` where others hold on to them."""
    holding = {kind: copy(driver) for kind, driver in DRIVERS.items()}
    for kind, driver in holding.items():
        driver.holds = frozenset(HOLDS.get(kind.kind, driver.holds))
    options = PlanOptions(replace=addresses)
    return make_plan(place(declared, PRODUCTION), CATALOGUE, applied(TWO_ROLES), holding, options)


def at_once(plan):
    return [each for each in plan.findings if each.rule == "plan/all-at-once"]


def test_hosts_of_a_role_go_down_at_once_where_what_they_need_is_replaced():
    plan = replaced_plan(TWO_ROLES, "firewall.db")
    (warning,) = at_once(plan)
    assert warning.message == (
        "hosts of db go down at the same time, and not one after the other: "
        "firewall.db is replaced, which they need"
    )
    assert warning.fix.endswith("down during the apply, or leave out --replace firewall.db.")
    (db,) = rolling_roles(plan)
    assert not is_rolling(plan, db)


def test_one_warning_names_all_roles_that_go_down_for_the_same_reason():
    plan = replaced_plan(TWO_ROLES, "network.main")
    (warning,) = at_once(plan)
    assert warning.message.startswith("hosts of db, web go down at the same time")
    assert warning.message.endswith("network.main is replaced, which they need")


def test_other_roles_go_down_host_by_host_all_the_same():
    changed = topology(Role("db", count=3), Role("web", count=3, size="medium"))
    plan = replaced_plan(changed, "firewall.db")
    (warning,) = at_once(plan)
    assert "hosts of db go down" in warning.message
    assert precedes(plan, ("converge", "instance.web1"), ("converge", "instance.web2"))
    assert [role.name for role in rolling_roles(plan) if is_rolling(plan, role)] == ["web"]


def test_hosts_that_exchange_their_addresses_go_down_at_once():
    web = topology(Role("web", count=8, size="medium"))
    four = evolve(PRODUCTION, zones=[f"zone-{letter}" for letter in "abcd"])
    plan = plan_of(web, applied(topology(Role("web", count=8))), environment=four)
    (warning,) = at_once(plan)
    assert warning.message.endswith("they exchange their addresses")
    assert "separate applies" in warning.fix
