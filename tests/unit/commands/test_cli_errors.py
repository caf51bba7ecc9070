"""What fails, or makes no sense, is said in words with what to do next, and ends with a code of its own."""

import json

import pytest
from attrs import evolve

from portinfra import Environment, workflow


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("plan", "dmeo"), "demo"),
        (("plan", "de"), "Did you mean 'demo'?"),
        (("apply", "p.json"), "apply --plan p.json"),
        (("plan", "--topology", "shpo"), "shop"),
        (("plan", "--only", "wbe"), "web"),
        (("plan", "--replace", "instance.web7"), "instance.web"),
        (("plan", "--allow-data-loss", "db1-data"), "volume.db1-data"),
        (("plan", "--allow-data-loss", "volume.db1-dta"), "volume.db1-data"),
        (("plan", "--without-zone", "us-east-1x"), "us-east-1"),
        (("plan", "--on", "fake"), "PROVIDER:LOCATION"),
    ],
)
def test_a_name_that_nobody_knows_is_bad_usage_with_a_suggestion(world, arguments, hint):
    result = world.run(*arguments)
    assert result.exit_code == 2
    assert hint in result.stderr.splitlines()[1]


def test_the_environment_must_be_named_where_there_are_several(world):
    several = evolve(
        world.declared, environments=(*world.declared.environments, Environment("b", "fake:eu-1"))
    )
    result = evolve(world, declared=several).run("plan")
    assert result.exit_code == 2
    assert "one of: demo, b" in result.stderr


def test_what_is_missing_in_a_declaration_is_named_with_its_article(world):
    without = evolve(world, declared=evolve(world.declared, environments=()))
    assert "Declare an environment, or name another file with -f." in without.run("check").stderr


def test_a_bad_declaration_shows_every_finding_at_its_line(world):
    result = world.changing("web", count=-1).changing("db", count=-1).run("plan")
    assert result.exit_code == 1
    assert result.stderr.count("conftest.py:") >= 2
    assert "Traceback" not in result.stderr


def test_what_portinfra_does_not_know_is_no_traceback_either(world, monkeypatch):
    def broken(*arguments, **named):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(workflow, "plan", broken)
    result = world.run("plan")
    assert result.exit_code == 1
    assert "ZeroDivisionError: oh" in result.stderr
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("PORTINFRA_DEBUG", "1")
    assert "Traceback" in world.run("plan").stderr


@pytest.mark.parametrize("code", [1, 2, 3])
def test_errors_in_json_end_with_the_same_exit_codes(world, code):
    broken = world.changing("web", count=-1)
    result = {
        1: lambda: broken.run("plan", "--json"),
        2: lambda: world.run("plan", "nope", "--json"),
        3: lambda: world.run("apply", "--json"),
    }[code]()
    document = json.loads(result.stdout)
    assert document["schema"] == "portinfra.error/1"
    assert document["exit_code"] == result.exit_code == code


def test_a_file_that_cannot_be_written_is_answered_by_its_cause(world, tmp_path):
    result = world.run("plan", "--out", str(tmp_path))
    assert result.exit_code == 1
    assert "Make room" not in result.stderr
    assert "It is a directory. Name another file" in result.stderr
