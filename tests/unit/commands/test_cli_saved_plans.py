"""A saved plan is applied as it was looked at, or refused."""

import json
from pathlib import Path

import pytest
from attrs import evolve

from portinfra import Role, Topology


def test_a_saved_plan_is_applied_without_a_question(world, tmp_path):
    saved = str(tmp_path / "p.json")
    assert world.run("plan", "--out", saved).exit_code == 0
    assert world.run("apply", "--plan", saved).exit_code == 0
    assert "Nothing to do" in world.run("plan").stdout


def test_a_saved_plan_that_was_applied_in_part_may_be_applied_again(applied, tmp_path):
    saved = str(tmp_path / "p.json")
    larger = applied.changing("web", count=3).changing("db", count=2)
    larger.run("plan", "--out", saved)
    assert larger.run("apply", "--only", "web", "--yes").exit_code == 0
    assert larger.run("apply", "--plan", saved).exit_code == 0
    assert "Nothing to do" in larger.run("plan").stdout


def test_a_saved_plan_goes_to_the_place_it_was_made_for(world, tmp_path):
    saved = str(tmp_path / "p.json")
    world.run("plan", "--out", saved, "--on", "fake:eu-west-1")
    assert world.run("apply", "--plan", saved).exit_code == 0
    assert {item["region"] for item in world.cloud.ground_truth()} == {"eu-west-1"}


def test_a_saved_plan_of_a_destroy_destroys(applied, tmp_path):
    saved = str(tmp_path / "p.json")
    applied.run("plan", "--destroy", "--allow-data-loss", "all", "--out", saved)
    assert applied.run("apply", "--plan", saved).exit_code == 0
    assert applied.cloud.ground_truth() == []


def test_a_saved_plan_is_refused_once_more_would_be_done(world, tmp_path):
    saved = str(tmp_path / "p.json")
    world.run("plan", "--out", saved)
    result = world.changing("web", count=3).run("apply", "--plan", saved)
    assert result.exit_code == 3
    assert "out of date: the declaration has changed since." in result.stderr
    assert "Not in it: create instance.web3" in result.stderr
    assert f"plan demo --out {saved}\n" in result.stderr
    assert world.cloud.ground_truth() == []


def test_the_command_for_a_new_plan_names_a_place_and_a_topology_that_the_declaration_leaves_open(
    world, tmp_path
):
    def beside_another(world):
        both = (*world.declared.topologies, Topology("other", [Role("app", count=1)]))
        return evolve(world, declared=evolve(world.declared, topologies=both))

    saved = str(tmp_path / "p.json")
    beside_another(world).run("plan", "--topology", "shop", "--on", "fake:eu-west-1", "--out", saved)
    result = beside_another(world.changing("web", count=3)).run("apply", "--plan", saved)
    assert result.exit_code == 3
    assert f"plan demo --out {saved} --topology shop --on fake:eu-west-1\n" in result.stderr


def test_a_saved_plan_that_is_stale_names_what_has_become_different_there(applied, tmp_path):
    saved = str(tmp_path / "p.json")
    larger = applied.changing("web", count=3)
    larger.run("plan", "--only", "web", "--out", saved)
    rule = {"protocol": "tcp", "first": 22, "last": 22, "peer": "0.0.0.0/0"}
    applied.by_hand("AllowTraffic", id=applied.id("firewall", "web"), direction="ingress", rules=[rule])
    result = larger.run("apply", "--plan", saved)
    assert result.exit_code == 3
    assert "the environment has changed since. Not in it: update firewall-rules.web" in result.stderr
    assert "plan demo --only web --out" in result.stderr


def test_a_saved_plan_excludes_options_and_other_environments(world, tmp_path):
    saved = str(tmp_path / "p.json")
    world.run("plan", "--out", saved)
    assert world.run("apply", "--plan", saved, "--only", "web").exit_code == 2
    assert world.run("apply", "other", "--plan", saved).exit_code == 2
    assert world.run("apply", "--plan", str(tmp_path / "none.json")).exit_code == 2
    (tmp_path / "p.json").write_text("[]")
    assert world.run("apply", "--plan", saved).exit_code == 2


def test_a_plan_that_nobody_may_apply_is_shown_with_the_reason_and_not_saved(applied, tmp_path):
    saved = tmp_path / "p.json"
    protected = applied.changing("web", deletion_protection=True)
    assert protected.run("apply", "--yes").exit_code == 0
    result = protected.run("plan", "--replace", "instance.web1", "--out", str(saved))
    assert result.exit_code == 3
    assert "protected" in result.stdout
    assert not saved.exists()
    assert protected.run("apply", "--replace", "instance.web1", "--yes").exit_code == 3


@pytest.mark.parametrize("change", [{"user_data": "#!/bin/sh\n# another\n"}, {"size": "large"}])
def test_a_stale_plan_says_that_a_change_in_it_has_other_content(world, tmp_path, change):
    saved = str(tmp_path / "p.json")
    world.run("plan", "--out", saved)
    result = world.changing("db", **change).run("apply", "--plan", saved)
    assert result.exit_code == 3
    assert "the declaration has changed since." in result.stderr
    assert "Not in it" not in result.stderr
    assert "In it, but the resource or user data of hosts is different now: create " in result.stderr


DAMAGE = {
    "a digest of zeros": lambda plan: {**plan, "digest": "0" * 64},
    "no digest": lambda plan: {name: value for name, value in plan.items() if name != "digest"},
    "options that are text": lambda plan: {**plan, "options": "x"},
    "another option": lambda plan: {**plan, "options": {**plan["options"], "only": ["db"]}},
    "an option that is a number": lambda plan: {**plan, "options": {**plan["options"], "only": [1]}},
    "another environment": lambda plan: {**plan, "scope": "shop/other"},
    "fewer fingerprints": lambda plan: {**plan, "fingerprints": plan["fingerprints"][1:]},
    "changes that are text": lambda plan: {**plan, "changes": "x"},
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_plan_file_that_was_changed_is_refused(world, tmp_path, damage):
    saved = tmp_path / "p.json"
    world.run("plan", "--out", str(saved))
    saved.write_text(json.dumps(DAMAGE[damage](json.loads(saved.read_text()))))
    assert_bad_plan(world, saved)


def test_a_plan_file_of_nested_lists_is_refused(world, tmp_path):
    saved = tmp_path / "p.json"
    saved.write_text("[" * 100_000)
    assert_bad_plan(world, saved)


def assert_bad_plan(world, saved: Path) -> None:
    result = world.run("apply", "--plan", str(saved))
    assert result.exit_code == 2
    assert "Make one: python shop.py plan --out FILE" in result.stderr
    assert world.cloud.ground_truth() == []


def test_a_plan_file_may_have_another_layout(world, tmp_path):
    saved = tmp_path / "p.json"
    world.run("plan", "--out", str(saved))
    saved.write_text(json.dumps(json.loads(saved.read_text()), sort_keys=True, ensure_ascii=True))
    assert world.run("apply", "--plan", str(saved)).exit_code == 0


def test_a_saved_plan_is_refused_where_the_declaration_has_changed_and_nothing_is_left_to_do(
    applied, tmp_path
):
    saved = str(tmp_path / "p.json")
    applied.changing("web", count=3).run("plan", "--out", saved)
    result = applied.run("apply", "--plan", saved)
    assert result.exit_code == 3
    assert "out of date: the declaration has changed since." in result.stderr
    assert "In it, and not in a new plan: create instance.web3" in result.stderr
    assert "Make a new plan, read it, and apply it: python shop.py plan demo --out" in result.stderr
    assert "Nothing to do" not in result.stdout


def test_a_saved_plan_is_refused_where_a_changed_declaration_would_do_less(applied, tmp_path):
    saved = str(tmp_path / "p.json")
    applied.changing("web", count=3).changing("db", count=2).run("plan", "--out", saved)
    result = applied.changing("web", count=3).run("apply", "--plan", saved)
    assert result.exit_code == 3
    assert "In it, and not in a new plan: " in result.stderr
    assert "instance.db2" in result.stderr
    assert "instance.web3" not in result.stderr


def test_a_saved_plan_is_applied_where_a_changed_declaration_has_the_same_plan(applied, tmp_path):
    saved = str(tmp_path / "p.json")
    applied.changing("web", count=3).run("plan", "--out", saved)
    reworded = applied.changing("web", count=3, public="all customers")
    assert reworded.run("apply", "--plan", saved).exit_code == 0
    assert "Nothing to do" in reworded.run("plan").stdout


def test_a_saved_plan_whose_volume_is_deleted_already_may_be_applied_again(applied, tmp_path):
    saved = str(tmp_path / "p.json")
    larger = applied.changing("db", count=2)
    assert larger.run("apply", "--yes").exit_code == 0
    assert applied.run("plan", "--allow-data-loss", "volume.db2-data", "--out", saved).exit_code == 0
    assert applied.run("apply", "--plan", saved).exit_code == 0
    again = applied.run("apply", "--plan", saved)
    assert again.exit_code == 0, again.stderr
    assert "Nothing to do" in again.stdout
