from itertools import pairwise

from attrs import evolve
from toy import PRODUCTION, applied, plan_of, precedes, topology

from portinfra import Role, Volume, allow

DB = Role("db", count=6, public="yes", volumes=[Volume("data", gib=10)])


def test_rules_come_before_any_host_that_bears_them():
    plan = plan_of(topology(Role("web", count=1), Role("db", count=1), flows=[allow("web", "db", tcp=1)]))
    assert precedes(plan, ("converge", "firewall.db"), ("converge", "firewall-rules.web"))
    assert precedes(plan, ("converge", "firewall-rules.web"), ("converge", "instance.web1"))


def test_deletion_goes_against_references():
    plan = plan_of(topology(DB), applied(topology(DB)), destroy=True)
    assert precedes(plan, ("remove", "attachment.db1-data"), ("remove", "instance.db1"))
    assert precedes(plan, ("remove", "instance.db1"), ("remove", "subnet.db-0"))
    assert precedes(plan, ("remove", "subnet.db-0"), ("remove", "network.main"))
    assert precedes(plan, ("remove", "firewall-rules.db"), ("remove", "firewall.db"))


def test_a_rule_lets_go_of_a_firewall_before_that_is_deleted():
    flows = [allow("web", "db", tcp=5432)]
    both = topology(Role("db", count=1), Role("web", count=1), flows=flows)
    plan = plan_of(topology(Role("db", count=1)), applied(both))
    assert precedes(plan, ("converge", "firewall-rules.db"), ("remove", "firewall.web"))


def test_a_host_is_detached_deleted_made_and_attached_again_in_this_order():
    plan = plan_of(topology(DB), applied(topology(DB)), replace=frozenset({"instance.db1"}))
    order = list(plan.steps)
    assert [(step.phase, step.address) for step in order] == [
        ("remove", "attachment.db1-data"),
        ("remove", "instance.db1"),
        ("converge", "instance.db1"),
        ("converge", "attachment.db1-data"),
        ("converge", "public-address.db1"),
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
