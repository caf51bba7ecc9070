"""A subnet that exists never moves: one error says so, and prints the line that keeps it."""

import io

from attrs import evolve
from rich.console import Console
from toy import actions, applied, plan_of, topology

from portinfra import Role
from portinfra.model.location import Location
from portinfra.render.console.plan import show_plan

SHOP = [Role("web", count=1), Role("redis", count=1), Role("app", count=1), Role("db", count=1)]
WEB, REDIS, APP, DB = SHOP


def written_in(file, *roles, **attributes):
    return evolve(topology(*roles), location=Location(file, 4), **attributes)


def error_of(declared, world):
    (finding,) = plan_of(declared, world, allow_data_loss=frozenset({"all"})).findings
    assert finding.rule == "plan/subnet-moves"
    return finding


def test_the_error_prints_the_line_in_the_language_of_the_file():
    world = applied(topology(*SHOP))
    error = error_of(written_in("shop.hcl", WEB, APP, DB), world)
    assert error.fix == 'Add this line to the topology "sample": retired = { redis = 1 }'
    assert error.location == Location("shop.hcl", 4)
    error = error_of(written_in("shop.py", WEB, APP, DB), world)
    assert error.fix == 'Add this line to the topology "sample": retired={"redis": 1}'


def test_with_the_line_only_the_removed_role_goes():
    plan = plan_of(topology(WEB, APP, DB, retired={"redis": 1}), applied(topology(*SHOP)))
    assert not plan.errors
    assert set(actions(plan).values()) == {"delete"}
    assert all("redis" in address for address in actions(plan))


def test_the_line_keeps_what_was_retired_before():
    world = applied(topology(WEB, APP, DB, retired={"redis": 1}))
    error = error_of(written_in("shop.py", WEB, DB, retired={"redis": 1}), world)
    assert error.fix == (
        'Replace `retired` by this line in the topology "sample": retired={"redis": 1, "app": 2}'
    )


def test_a_line_that_was_deleted_by_mistake_is_printed_though_its_role_is_gone():
    world = applied(topology(WEB, APP, retired={"redis": 1}))
    assert error_of(written_in("shop.py", WEB, APP), world).fix.endswith('retired={"gone-1": 1}')


def test_a_role_in_the_middle_is_answered_with_the_order_that_moves_nothing():
    world = applied(topology(WEB, APP))
    error = error_of(topology(WEB, DB, APP), world)
    assert error.fix == "Declare the roles in this order: web, app, db."
    assert not plan_of(topology(WEB, APP, DB), world).errors


def test_a_slot_that_was_changed_is_answered_with_the_former_one():
    world = applied(topology(WEB, APP))
    error = error_of(written_in("shop.hcl", WEB, evolve(APP, slot=7)), world)
    assert error.subject == "role.app.slot"
    assert error.fix == 'Write this in the role "app": slot = 1'


def test_a_person_reads_only_the_error():
    plan = plan_of(topology(WEB, APP, DB), applied(topology(*SHOP)))
    console = Console(file=io.StringIO(), width=200)
    show_plan(plan, console)
    text = console.file.getvalue()
    assert text.count("error:") == 1
    assert "retired=" in text
    assert "Deletions" not in text
    assert "Plan:" not in text
