"""A subnet that exists never moves: one error says so, and prints the line that keeps it."""

import io
import json
import random
import re

from attrs import evolve
from rich.console import Console
from toy import actions, applied, plan_of, topology

from portinfra import Role
from portinfra.model.location import Location
from portinfra.render.console.plan import show_plan
from portinfra.validation.topologies import topology_findings

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


def test_a_retired_role_whose_slot_is_in_use_is_removed_from_retired():
    world = applied(topology(WEB, APP))
    error = error_of(written_in("shop.hcl", WEB, APP, retired={"cache": 0}), world)
    assert error.fix == 'Remove `retired` from the topology "sample".'
    error = error_of(written_in("shop.hcl", WEB, APP, retired={"cache": 0, "old": 5}), world)
    assert error.fix == 'Replace `retired` by this line in the topology "sample": retired = { old = 5 }'


def test_a_new_role_whose_position_is_a_former_slot_is_given_another():
    world = applied(topology(WEB, APP, DB))
    error = error_of(written_in("shop.hcl", WEB, APP, REDIS, evolve(DB, slot=3)), world)
    assert error.fix == 'Write slot = 3 in the role "redis", slot = 2 in the role "db".'


def test_what_an_error_prints_moves_nothing_once_it_is_written():
    drawn = random.Random(4)
    answered = 0
    for _ in range(250):
        before = draw_topology(drawn)
        after = draw_topology(drawn)
        if any(topology_findings(before)) or any(topology_findings(after)):
            continue
        world = applied(before)
        fixes = fixes_of(after, world)
        if not fixes:
            continue
        answered += 1
        mended = after
        for fix in fixes:
            mended = write(fix, mended)
        case = f"{shape(before)} -> {shape(after)}: {fixes}"
        assert not list(topology_findings(mended)), case
        assert not fixes_of(mended, world), case
    assert answered > 60


def draw_topology(drawn):
    names = drawn.sample(["a", "b", "c", "d", "e"], drawn.randint(1, 4))
    slots = [drawn.choice([None, None, None, drawn.randint(0, 6)]) for _ in names]
    roles = [Role(name, count=1, slot=slot) for name, slot in zip(names, slots, strict=True)]
    retired = {name: drawn.randint(0, 6) for name in ("a", "x", "gone-1") if drawn.random() < 0.2}
    return topology(*roles, retired=retired)


def shape(declared):
    return [(role.name, role.slot) for role in declared.roles], dict(declared.retired)


def fixes_of(declared, world):
    plan = plan_of(declared, world, allow_data_loss=frozenset({"all"}))
    return [finding.fix for finding in plan.errors if finding.rule == "plan/subnet-moves"]


def write(fix, declared):
    """Return the declaration as a reader changes it who does what the error says."""
    roles = {role.name: role for role in declared.roles}
    one = re.findall(r'in the role "([^"]+)": slot=(\d+)', fix)
    several = re.findall(r'slot=(\d+) in the role "([^"]+)"', fix)
    for name, slot in [*one, *((name, slot) for slot, name in several)]:
        roles[name] = evolve(roles[name], slot=int(slot))
    order = re.search(r"in this order: ([^.]*)\.", fix)
    names = order.group(1).split(", ") if order else list(roles)
    retired = re.search(r"retired=(\{.*\})", fix)
    kept = {} if "Remove `retired`" in fix else declared.retired
    kept = json.loads(retired.group(1)) if retired else kept
    return evolve(declared, roles=[roles[name] for name in names], retired=kept)
