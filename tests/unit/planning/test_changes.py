import pytest
from attrs import evolve
from toy import CATALOGUE, actions, applied, plan_of, topology

from portinfra import INTERNET, Role, Volume, allow
from portinfra.errors import NoCapacity
from portinfra.model.observed import UNSEEN, Fault
from portinfra.model.resources import FirewallRules, Rule


def changed(observation, address, **attributes):
    seen = observation.resources[address]
    drifted = evolve(seen, spec=evolve(seen.spec, **attributes))
    return evolve(observation, resources={**observation.resources, address: drifted})


def test_nothing_there_means_everything_is_created():
    plan = plan_of(topology(Role("web", count=1)))
    assert plan.summary() == {"create": 7, "update": 0, "replace": 0, "delete": 0}
    assert plan.budget.calls == 7


def test_the_plan_of_what_was_applied_is_empty():
    web = topology(Role("web", public="yes", volumes=[Volume("data", gib=1)]))
    assert plan_of(web, applied(web)).empty
    assert plan_of(web, applied(web)).changes == ()


def test_each_difference_is_named_with_both_its_values():
    web = topology(Role("web", count=1, size="medium"))
    (change,) = plan_of(web, changed(applied(web), "instance.web1", machine_type="t1")).changes
    assert (change.action, change.address, change.reason) == ("update", "instance.web1", "machine type")
    assert [(d.field, d.before, d.after) for d in change.differences] == [("machine_type", "t1", "t2")]
    assert change.interrupts


def test_a_port_that_somebody_opened_is_drift():
    web = topology(Role("web", count=1, public="yes"), flows=[allow(INTERNET, "web", tcp=443)])
    world = applied(web)
    open_ssh = (Rule("tcp", 22, 22, "0.0.0.0/0"), Rule("tcp", 443, 443, "0.0.0.0/0"))
    (change,) = plan_of(web, changed(world, "firewall-rules.web", ingress=open_ssh)).changes
    assert isinstance(change.before, FirewallRules)
    assert (change.action, change.differences[0].before) == ("update", open_ssh)


def test_an_attribute_that_no_list_tells_is_unknown_and_no_difference():
    web = topology(Role("web", count=1))
    assert plan_of(web, changed(applied(web), "instance.web1", subnet=UNSEEN)).empty


def test_what_nothing_declares_is_deleted():
    plan = plan_of(topology(Role("web", count=1)), applied(topology(Role("web", count=2))))
    assert actions(plan) == {"instance.web2": "delete"}


def test_an_attribute_that_is_ignored_is_left_alone():
    web = topology(Role("web", count=1, ignore=["machine_type"]))
    assert plan_of(web, changed(applied(web), "instance.web1", machine_type="t3")).empty


def test_what_cannot_change_in_place_is_replaced_with_what_holds_on_to_it():
    web = topology(Role("web", count=1, volumes=[Volume("data", gib=1)]))
    world = changed(applied(web), "instance.web1", disk_gib=10)
    assert actions(plan_of(web, world)) == {
        "instance.web1": "replace",
        "attachment.web1-data": "replace",
    }


def test_what_merely_refers_to_a_replaced_host_is_bound_to_the_new_one():
    web = topology(Role("web", count=1, public="yes"))
    plan = plan_of(web, applied(web), replace=frozenset({"instance.web1"}))
    assert actions(plan) == {"instance.web1": "replace", "public-address.web1": "update"}


def test_a_running_host_keeps_its_image_until_it_is_refreshed():
    web = topology(Role("web", count=1))
    world = changed(applied(web), "instance.web1", image_id="debian-12-v1")
    assert plan_of(web, world).empty
    assert actions(plan_of(web, world, refresh_images=True)) == {"instance.web1": "replace"}


@pytest.mark.parametrize(
    ("before", "after", "runs", "has"),
    [
        ("debian-12", "debian-12-v2", "debian-12-v2", "debian-12-v2"),
        ("debian-12-v2", "debian-12", "debian-12-v2", "debian-12-v2"),
        ("debian-12", "ami-1", "ami-1", "ami-1 /dev/xvda"),
    ],
)
def test_a_host_that_runs_the_image_already_keeps_running(before, after, runs, has):
    world = applied(topology(Role("web", count=1, image=before)), catalogue=images(**{before: runs}))
    declared = topology(Role("web", count=1, image=after))
    for refresh in (False, True):
        plan = plan_of(declared, world, catalogue=images(**{after: has}), refresh_images=refresh)
        assert plan.empty
        assert not plan.errors
    plan = plan_of(declared, world, catalogue=images(**{after: has}), replace=frozenset({"instance.web1"}))
    host = next(change.after for change in plan.changes if change.address == "instance.web1")
    assert (host.image, host.image_id) == (after, has)


def test_a_host_that_runs_another_image_is_replaced():
    world = applied(topology(Role("web", count=1)))
    declared = topology(Role("web", count=1, image="debian-12-v1"))
    plan = plan_of(declared, world, catalogue=images(**{"debian-12-v1": "debian-12-v1"}))
    assert actions(plan)["instance.web1"] == "replace"


def images(**ids):
    return evolve(CATALOGUE, images=ids)


def test_what_failed_after_it_was_accepted_is_replaced():
    web = topology(Role("web", count=1))
    world = applied(web)
    failed = evolve(world.resources["instance.web1"], fault=Fault(NoCapacity, "none left", "STOCKOUT"))
    world = evolve(world, resources={**world.resources, "instance.web1": failed})
    (change,) = plan_of(web, world).changes
    assert (change.action, change.reason) == ("replace", "it failed: none left (STOCKOUT)")


def test_what_is_not_ready_yet_is_waited_for():
    web = topology(Role("web", count=1))
    world = applied(web)
    pending = evolve(world.resources["instance.web1"], state="pending")
    plan = plan_of(web, evolve(world, resources={**world.resources, "instance.web1": pending}))
    assert (actions(plan), plan.budget.calls) == ({"instance.web1": "update"}, 0)


def test_only_one_role_and_what_it_needs():
    both = topology(Role("web", count=1), Role("db", count=1))
    planned = set(actions(plan_of(both, only=frozenset({"db"}))))
    assert planned == {
        "network.main",
        "subnet.db-0",
        "subnet.db-1",
        "subnet.db-2",
        "firewall.db",
        "firewall-rules.db",
        "instance.db1",
    }


def test_one_resource_is_replaced_because_somebody_asks():
    web = topology(Role("web"))
    plan = plan_of(web, applied(web), replace=frozenset({"instance.web2"}))
    assert actions(plan) == {"instance.web2": "replace"}


def test_a_renamed_role_keeps_its_resources():
    before = topology(Role("database", count=2, volumes=[Volume("data", gib=1)]))
    after = topology(Role("db", count=2, volumes=[Volume("data", gib=1)], renamed_from="database"))
    plan = plan_of(after, applied(before))
    assert set(actions(plan).values()) == {"update"}
    renamed = {change.address: change.renamed_from for change in plan.changes}
    assert renamed["instance.db1"] == "instance.database1"
    assert renamed["volume.db2-data"] == "volume.database2-data"


def test_zones_that_resources_have_win_over_the_catalogues_order():
    web = topology(Role("web", count=3))
    world = applied(web)
    reordered = evolve(CATALOGUE, zones=tuple(reversed(CATALOGUE.zones)))
    assert plan_of(web, world, catalogue=reordered).empty


def test_unknown_sizes_images_and_quotas_are_findings_that_help():
    odd = topology(Role("web", count=1, size="mediun", image="debian-13"))
    findings = {finding.rule: finding for finding in plan_of(odd).errors}
    assert "medium" in findings["catalogue/unknown-size"].fix
    assert "debian-12" in findings["catalogue/unknown-image"].fix
    assert findings["catalogue/unknown-size"].location == odd.roles[0].location


def test_doubles_that_nothing_explains_are_reported_and_left_alone():
    web = topology(Role("web", count=1))
    world = evolve(applied(web), unexplained=("network.main: a beside b",))
    plan = plan_of(web, world)
    assert plan.empty
    assert [finding.rule for finding in plan.findings] == ["plan/unexplained-double"]


def test_a_place_that_does_not_answer_is_left_alone():
    web = topology(Role("web", count=3, size="medium"))
    world = changed(applied(topology(Role("web", count=3))), "instance.web2", machine_type="t1")
    silent = evolve(world, unknown=frozenset({"zone-b"}))
    plan = plan_of(web, silent)
    assert set(actions(plan)) == {"instance.web1", "instance.web3"}
    assert [finding.rule for finding in plan.errors] == ["plan/unknown-zone"]
    assert not plan_of(web, silent, without_zones=frozenset({"zone-b"})).errors


def test_nothing_that_a_silent_place_may_stand_on_is_destroyed():
    web = topology(Role("web", count=3))
    world = applied(web)
    there = {a: s for a, s in world.resources.items() if a not in ("instance.web2", "subnet.web-1")}
    silent = evolve(world, resources=there, unknown=frozenset({"zone-b"}))
    plan = plan_of(web, silent, destroy=True, without_zones=frozenset({"zone-b"}))
    assert set(actions(plan)) == {
        "instance.web1",
        "instance.web3",
        "subnet.web-0",
        "subnet.web-2",
    }


def test_an_attribute_that_could_not_be_read_differs_from_nothing():
    web = topology(Role("web", count=1, volumes=[Volume("data", gib=1)]))
    world = changed(applied(web), "volume.web1-data", key=UNSEEN, tags=UNSEEN)
    assert plan_of(web, changed(world, "instance.web1", subnet=UNSEEN, image=UNSEEN)).empty
