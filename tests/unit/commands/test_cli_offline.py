"""Commands that show a declaration, and providers, without asking any cloud."""

import json

import pytest
from attrs import evolve

from portinfra import Environment

DEMO = Environment("demo", on="fake:us-east-1", account="111122223333")
OFFLINE = [
    ("render",),
    ("render", "--format", "hcl"),
    ("graph", "--format", "mermaid"),
    ("inventory",),
    ("providers", "fake"),
    ("lockin",),
]


@pytest.mark.parametrize("arguments", OFFLINE, ids=" ".join)
def test_these_commands_ask_no_cloud(world, arguments):
    assert world.run(*arguments).exit_code == 0
    assert not world.cloud.log


@pytest.mark.parametrize("arguments", [*OFFLINE, ("check",)], ids=" ".join)
def test_a_command_that_reads_no_cloud_never_calls_it_as_declared(world, arguments):
    """Nothing exists, so `plan` and `status` find all of it missing."""
    assert "as declared" not in world.run(*arguments).stdout


@pytest.mark.parametrize("command", ["inventory", "render", "graph"])
def test_commands_that_show_a_declaration_need_no_provider(world, command):
    result = world.run(command, "--on", "mars:olympus")
    assert result.exit_code == 0
    assert "not checked" in result.stderr


@pytest.mark.parametrize("command", ["plan", "check", "status"])
def test_commands_that_judge_a_declaration_need_its_provider(world, command):
    result = world.run(command, "--on", "mars:olympus")
    assert result.exit_code == 1
    assert "there is no provider 'mars'" in result.stderr


@pytest.mark.parametrize("command", ["inventory", "check", "render", "graph", "plan"])
def test_a_misspelt_provider_is_an_error_of_each_command_and_names_the_option(world, command):
    result = world.run(command, "--on", "fkae:us-east-1")
    assert result.exit_code == 1
    assert "--on fkae:us-east-1: there is no provider 'fkae'" in result.stderr
    assert "Did you mean 'fake'?" in result.stderr


def test_render_shows_hosts_subnets_and_rules(world):
    shown = world.run("render").stdout
    for words in (
        ["web2", "1", "10.0.1.4", "small"],
        ["db-0", "0", "10.0.4.0/24"],
        ["web", "out", "tcp 5432"],
    ):
        assert any(all(word in line for word in words) for line in shown.splitlines()), words


def test_lockin_lists_what_belongs_to_one_provider(world):
    native = world.changing("web", native={"fake": {"host_group": "a"}})
    ties = json.loads(native.run("lockin", "--json").stdout)["ties"]
    assert {tie["subject"] for tie in ties} == {
        "role.db.size",
        "role.web.native.host_group",
        "environment.demo.on",
        "environment.demo.account",
    }


def test_the_least_permissions_are_printed_as_the_providers_own_tools_take_them(world):
    result = world.run("providers", "aws", "--iam-policy")
    assert result.exit_code == 0
    policy = json.loads(result.stdout)
    actions = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert {"ec2:RunInstances", "ec2:DescribeVpcs"} <= actions


@pytest.mark.parametrize(
    ("arguments", "advice"), [((), "python shop.py providers aws --iam-policy"), (("fake",), "aws or gcp")]
)
def test_permissions_of_nobody_are_bad_usage(world, arguments, advice):
    result = world.run("providers", *arguments, "--iam-policy")
    assert result.exit_code != 0
    assert advice in result.stderr


@pytest.mark.parametrize("command", ["check", "plan", "lockin"])
def test_options_of_a_provider_that_is_not_known_are_a_warning(world, command):
    result = world.changing("web", native={"gpc": {"threads": 1}}).run(command)
    assert result.exit_code == 0
    assert "warning: role.web.native.gpc: no provider 'gpc' is known here" in result.stderr
    assert "Did you mean 'gcp'?" in result.stderr


@pytest.mark.parametrize("provider", ["gcp", "fake", "mars"])
def test_options_of_a_provider_that_is_known_or_declared_are_no_warning(world, provider):
    on_mars = evolve(DEMO, name="olympus", on="mars:olympus", account="4")
    declared = evolve(world.declared, environments=(DEMO, on_mars))
    with_options = evolve(world, declared=declared).changing("web", native={provider: {}})
    assert "provider" not in with_options.run("lockin", "demo").stderr


@pytest.mark.parametrize(
    ("name", "format", "begins"),
    [
        ("x.svg", (), "<svg"),
        ("x", (), "<svg"),
        ("x.DOT", (), "digraph"),
        ("x.gv", (), "digraph"),
        ("x.mmd", (), "flowchart"),
        ("x.md", ("--format", "mermaid"), "flowchart"),
    ],
)
def test_a_picture_has_the_format_that_is_given_or_that_the_ending_of_its_file_means(
    world, tmp_path, name, format, begins
):
    assert world.run("graph", "-o", str(tmp_path / name), *format).exit_code == 0
    assert begins in (tmp_path / name).read_text()[:200]


def test_a_picture_of_a_format_that_graph_does_not_draw_is_bad_usage(world, tmp_path):
    result = world.run("graph", "-o", str(tmp_path / "x.png"))
    assert result.exit_code == 2
    assert "graph draws no .png files" in result.stderr
    assert not list(tmp_path.iterdir())
