"""A plan says what it means for the files of hosts, and says nothing where no files are rendered."""

import pytest
from attrs import evolve
from service_shop import PRODUCTION, SHOP, with_count

from portinfra import Role, Service, Topology, allow, apply, plan
from portinfra.errors import PolicyError, ValidationError


@pytest.fixture(autouse=True)
def cloud(fake_cloud):
    return fake_cloud


def found(topology, environment=PRODUCTION):
    made = plan(topology, environment)
    return {each.rule: each for each in made.findings if each.rule.startswith("hosts/")}


def brought(topology):
    apply(plan(topology, PRODUCTION), seed=0)
    return topology


def test_new_hosts_need_packages_and_certificates():
    assert found(SHOP).keys() == {"hosts/needs"}
    assert found(brought(SHOP)) == {}


def test_without_delivery_a_plan_says_nothing_of_files():
    assert found(evolve(SHOP, delivery="")) == {}


@pytest.mark.parametrize(
    ("role", "peers"), [("app", "web, db, logs"), ("logs", "web, app"), ("web", "app, db, logs")]
)
def test_another_count_changes_files_of_the_roles_that_share_a_flow(role, peers):
    brought(SHOP)
    note = found(with_count(SHOP, role, 7))["hosts/changed"]
    assert note.message.startswith(f"files on existing hosts of {peers} may differ from the declaration")
    assert (note.severity, "hosts files production --into DIR" in note.fix) == ("note", True)
    assert note.location == SHOP.location


@pytest.mark.parametrize(
    ("delivery", "advice"),
    [("files", "Copy the files"), ("puppet", "deploy it with r10k"), ("ansible", "run ansible-playbook")],
)
def test_a_plan_names_the_command_and_the_tool_of_its_delivery(delivery, advice):
    brought(SHOP)
    fix = found(evolve(with_count(SHOP, "app", 7), delivery=delivery))["hosts/changed"].fix
    assert f"hosts {delivery} production --into DIR" in fix
    assert advice in fix


def test_another_flow_changes_the_files_of_its_two_roles():
    brought(SHOP)
    more = evolve(SHOP, flows=[*SHOP.flows, allow("db", "logs", udp=514, why="logs")])
    assert "existing hosts of db, logs may" in found(more)["hosts/changed"].message


def test_another_image_changes_no_file():
    brought(SHOP)
    assert found(SHOP.with_role(evolve(SHOP.role("logs"), size="medium"))) == {}


def test_files_without_room_are_named():
    """A host of this role calls 1,500 servers; the simulator takes 16,384 bytes, compressed."""
    api = Service("api", tcp=8443, local_port=8002)
    roles = [Role("web", count=1), Role("app", count=1500, offers=api)]
    environment = evolve(PRODUCTION, cidr="10.0.0.0/8", subnet_prefix=20)
    large = Topology("shop", roles, [allow("web", api, why="orders")], delivery="files")
    left_out = found(large, environment)["hosts/left-out"]
    assert left_out.subject == "role.web"
    assert "/etc/hosts, /etc/haproxy/haproxy.cfg" in left_out.message


def test_user_data_that_leaves_no_room_for_the_script_is_an_error_of_the_plan():
    """The simulator takes 16,384 bytes, as EC2 does."""
    full = SHOP.with_role(evolve(SHOP.role("app"), user_data="#!/bin/sh\n" + "#" * 16_000))
    made = found(full)
    assert made.keys() == {"hosts/needs", "hosts/no-room"}
    assert (made["hosts/no-room"].subject, made["hosts/no-room"].severity) == ("role.app", "error")
    assert made["hosts/no-room"].message.startswith("app1 cannot be created")
    with pytest.raises(ValidationError, match="app1 cannot be created"):
        apply(plan(full, PRODUCTION), seed=0)


def test_a_service_without_servers_stops_an_apply():
    nowhere = evolve(PRODUCTION, roles={"app": {"count": 0}})
    with pytest.raises(PolicyError, match="which no host of 'app' offers in production"):
        apply(plan(SHOP, nowhere))


def test_a_plan_with_another_error_says_nothing_of_its_changes():
    """Its subnets would move, and so would every file."""
    moved = evolve(brought(SHOP), roles=tuple(reversed(SHOP.roles)))
    assert found(moved) == {}
    assert plan(moved, PRODUCTION).errors
