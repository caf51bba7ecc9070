"""The commands as a user meets them: what they print, what they ask, how they end."""

import json
import re
import subprocess
import sys

import pytest
from attrs import evolve

from portinfra import Environment, workflow
from portinfra.present.console import terminal


def test_plan_says_what_would_be_created_and_changes_nothing(world):
    result = world.run("plan")
    assert result.exit_code == 0
    assert "shop/demo on fake:us-east-1, account 111122223333" in result.stdout
    assert "2 instances (web1, web2)" in result.stdout
    assert "Plan: 18 to create." in result.stdout
    assert world.cloud.books() == []


def test_the_same_command_line_works_with_options_before_and_after_the_environment(world):
    assert (
        world.run("plan", "--only", "web", "demo").stdout == world.run("plan", "demo", "--only", "web").stdout
    )


def test_detailed_exitcode_tells_changes_from_none(world):
    assert world.run("plan", "--detailed-exitcode").exit_code == 2
    assert world.run("apply", "--yes").exit_code == 0
    assert world.run("plan", "--detailed-exitcode").exit_code == 0


def test_apply_shows_the_plan_does_it_and_says_so(world):
    result = world.run("apply", "--yes")
    assert "Plan: 18 to create." in result.stdout
    assert "A fresh look finds shop/demo as declared." in result.stdout
    assert "[18/18]" in result.stderr
    assert "Nothing to do" in world.run("apply").stdout


def test_without_a_terminal_nothing_is_applied_unless_agreed_to_beforehand(world):
    result = world.run("apply")
    assert result.exit_code == 3
    assert "nothing was changed" in result.stderr
    assert "python shop.py apply --yes" in result.stderr
    assert world.cloud.books() == []


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("YES", 0), ("n", 3), ("", 3)])
def test_apply_asks_at_a_terminal(world, monkeypatch, answer, code):
    monkeypatch.setattr(terminal, "interactive", lambda: True)
    result = world.run("apply", answer=f"{answer}\n")
    assert "Apply these changes? [y/N]" in result.stderr
    assert result.exit_code == code
    assert bool(world.cloud.books()) == (code == 0)


def test_destroy_wants_the_scope_typed(applied, monkeypatch):
    monkeypatch.setattr(terminal, "interactive", lambda: True)
    assert applied.run("destroy", answer="yes\n").exit_code == 3
    result = applied.run("destroy", answer="shop/demo\n")
    assert result.exit_code == 0
    assert {item["kind"] for item in applied.cloud.books()} == {"volume", "claim"}


def test_destroy_keeps_volumes_until_their_loss_is_allowed(applied):
    kept = applied.run("destroy", "--yes").stdout
    assert "volume.db1-data  it holds data" in kept
    assert "--allow-data-loss" in kept
    lost = applied.run("destroy", "--yes", "--allow-data-loss", "volume.db1-data").stdout
    assert "all that it holds is lost" in lost
    assert "Nothing of shop/demo is left." in lost
    assert applied.cloud.books() == []


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
    assert {item["region"] for item in world.cloud.books()} == {"eu-west-1"}


def test_a_saved_plan_of_a_destroy_destroys(applied, tmp_path):
    saved = str(tmp_path / "p.json")
    applied.run("plan", "--destroy", "--allow-data-loss", "all", "--out", saved)
    assert applied.run("apply", "--plan", saved).exit_code == 0
    assert applied.cloud.books() == []


def test_a_saved_plan_is_refused_once_more_would_be_done(world, tmp_path):
    saved = str(tmp_path / "p.json")
    world.run("plan", "--out", saved)
    result = world.changing("web", count=3).run("apply", "--plan", saved)
    assert result.exit_code == 3
    assert "out of date" in result.stderr
    assert world.cloud.books() == []


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
    protected = applied.changing("web", protect=True)
    assert protected.run("apply", "--yes").exit_code == 0
    result = protected.run("plan", "--replace", "instance.web1", "--out", str(saved))
    assert result.exit_code == 3
    assert "protected" in result.stdout
    assert not saved.exists()
    assert protected.run("apply", "--replace", "instance.web1", "--yes").exit_code == 3


def test_status_ends_with_zero_when_nothing_differs(applied):
    result = applied.run("status")
    assert result.exit_code == 0
    assert "Nothing differs" in result.stdout
    assert "last applied by" in result.stdout


def test_status_names_a_port_that_was_opened_by_hand_and_apply_closes_it(applied):
    rule = {"protocol": "tcp", "first": 22, "last": 22, "peer": "0.0.0.0/0"}
    applied.by_hand("AllowTraffic", id=applied.id("firewall", "web"), direction="ingress", rules=[rule])
    result = applied.run("status")
    assert result.exit_code == 2
    assert "firewall-rules.web differs" in result.stdout
    assert "ingress: - tcp 22 with internet" in result.stdout
    applied.run("apply", "--yes")
    assert applied.run("status").exit_code == 0


def test_status_names_a_machine_that_was_stopped(applied):
    applied.by_hand("StopInstance", id=applied.id("instance", "web2"))
    assert "power: stopped → running" in applied.run("status").stdout


def test_status_names_what_is_missing_and_what_nothing_declares(applied):
    result = applied.changing("web", count=1).run("status")
    assert re.search(r"instance\.web2\b.* not declared", result.stdout)
    result = applied.changing("web", count=3).run("status")
    assert re.search(r"instance\.web3\b.* missing", result.stdout)
    result = applied.changing("web", count=9).run("status")
    assert re.search(r"web missing: 7 instances \(web3 … web9\)", result.stdout)


def test_a_zone_that_does_not_answer_is_unknown_never_empty(applied):
    applied.cloud.unreachable.add("us-east-1a")
    status = applied.run("status")
    assert status.exit_code == 2
    assert "us-east-1a did not answer" in status.stdout
    assert applied.run("plan").exit_code == 3
    accepted = applied.run("plan", "--without-zone", "us-east-1a")
    assert accepted.exit_code == 0
    assert "as declared" not in accepted.stdout


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("plan", "dmeo"), "demo"),
        (("plan", "--topology", "shpo"), "shop"),
        (("plan", "--only", "wbe"), "web"),
        (("plan", "--replace", "instance.web7"), "instance.web"),
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


def test_a_bad_declaration_shows_every_finding_at_its_line(world):
    result = world.changing("web", count=-1).changing("db", count=-1).run("plan")
    assert result.exit_code == 1
    assert result.stderr.count("conftest.py:") >= 2
    assert "Traceback" not in result.stderr


def test_an_apply_that_fails_lists_what_failed_and_how_to_resume(world):
    world.cloud.set_capacity("us-east-1a", "f1.small", 0)
    result = world.run("apply", "--yes")
    assert result.exit_code == 1
    assert "failed   instance.web1" in result.stderr
    assert "blocked  " in result.stderr
    assert "of 18 steps done" in result.stderr
    assert result.stderr.rstrip().endswith("python shop.py apply --yes")


def test_an_interrupted_apply_says_how_to_resume(world, monkeypatch):
    def interrupted(*arguments, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(workflow, "apply", interrupted)
    result = world.run("apply", "--yes")
    assert result.exit_code == 130
    assert "the calls under way have ended" in result.stderr
    assert "python shop.py apply --yes" in result.stderr


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


def test_output_has_the_addresses_that_scripts_want(applied):
    hosts = json.loads(applied.run("output", "--json").stdout)["hosts"]
    assert list(hosts) == ["db1", "web1", "web2"]
    assert hosts["web1"]["private_address"] == "10.0.0.4"
    assert hosts["web1"]["public_address"].startswith("198.")
    assert hosts["db1"]["public_address"] is None


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


def test_offline_commands_need_no_provider(world):
    result = world.run("inventory", "--on", "mars:olympus")
    assert result.exit_code == 0
    assert "not checked" in result.stderr
    assert world.run("plan", "--on", "mars:olympus").exit_code == 1


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


def test_a_move_shows_what_it_would_mean_and_changes_nothing(world):
    before = world.cloud.books()
    shown = world.run("move", "--to", "fake:eu-west-1", "--plan").stdout
    assert world.cloud.books() == before
    assert "shop/demo from fake:us-east-1 to fake:eu-west-1" in shown
    assert "3 hosts of 2 roles, each with its private address" in shown
    assert "1 volume of 10 GiB, new and empty" in shown
    for words in (
        ["environment.demo.account", "111122223333"],
        ["role.db.size", "f1.small"],
        ["web", "2", "small", "f1.small", "1 vCPU, 2 GiB", "debian-12"],
    ):
        assert any(all(word in line for word in words) for line in shown.splitlines()), words
    calls = workflow.plan(*world.selection).budget.calls
    assert f"at least {calls} API calls" in shown


def test_a_move_takes_account_and_key_of_what_is_declared_there(world):
    there = Environment("elsewhere", on="fake:eu-west-1", account="444455556666", key="alias/there")
    both = evolve(
        world, declared=evolve(world.declared, environments=(world.declared.environments[0], there))
    )
    found = json.loads(both.run("move", "demo", "--to", there.on, "--plan", "--json").stdout)
    assert (found["account"], found["scope"]) == ("444455556666", "shop/demo")
    told = both.run("move", "demo", "--to", there.on, "--plan", "--account", "777788889999", "--json").stdout
    assert json.loads(told)["account"] == "777788889999"


def test_what_cannot_be_had_at_the_other_place_is_said_and_refuses_the_move(world):
    refused = world.changing("web", image="ubuntu-99.04").run("move", "--to", "fake:eu-west-1", "--plan")
    assert refused.exit_code == 1
    assert "ubuntu-99.04" in refused.stderr + refused.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [((), "--to"), (("--to", "mars", "--plan"), "--to mars"), (("--to", "fake:eu-west-1"), "--plan")],
)
def test_a_move_wants_a_place_and_does_nothing_by_itself(world, arguments, told):
    result = world.run("move", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert not world.cloud.books()


def test_a_claim_is_released_only_when_agreed_to(applied, monkeypatch):
    held = evolve(workflow.claims(*applied.selection)[-1], released=False)
    released = []
    monkeypatch.setattr(workflow, "claims", lambda *_: [evolve(held, released=bool(released))])
    monkeypatch.setattr(workflow, "release", lambda *_: released.append(True))
    assert "held by" in applied.run("claim").stdout
    assert applied.run("claim", "--release").exit_code == 3
    assert not released
    assert "free" in applied.run("claim", "--release", "--yes").stdout
    assert released


def test_a_script_does_not_offer_what_is_for_files(world):
    usage = world.run("plan", "--help").stdout
    assert "--file" not in usage
    assert "--var" not in usage


def test_the_program_reads_files_and_variables(tmp_path):
    (tmp_path / "shop.hcl").write_text(
        """
        variable "servers" { type = number }
        topology "shop" {
          role "web" { count = var.servers }
        }
        environment "demo" { on = "fake:us-east-1" }
        """
    )
    result = _portinfra(tmp_path, "inventory", "--json", "--var", "servers=2", "-f", "shop.hcl")
    assert [host["name"] for host in json.loads(result.stdout)["hosts"]] == ["web1", "web2"]
    assert _portinfra(tmp_path, "inventory", "--var", "servers").returncode == 2


def test_help_needs_neither_rich_nor_a_provider(tmp_path):
    code = (
        "import sys; from portinfra.present.cli import main\n"
        "try: main()\n"
        "except SystemExit: print([name for name in ('rich', 'hcl2', 'tenacity', 'sqlite3') "
        "if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "Commands:" in shown.stdout
    assert shown.stdout.splitlines()[-1] == "[]"


def _portinfra(directory, *arguments):
    code = "from portinfra.present.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=directory, check=False
    )


def test_the_version_is_told_and_a_slip_of_the_pen_is_json_where_json_is_asked_for(tmp_path):
    assert re.fullmatch(r"portinfra \d+\.\d+\.\d+\n", _portinfra(tmp_path, "--version").stdout)
    slip = _portinfra(tmp_path, "plan", "--jsn")
    assert (slip.returncode, slip.stdout) == (2, "")
    assert "No such option: --jsn" in slip.stderr
    told = _portinfra(tmp_path, "plan", "--json", "--jsn")
    assert told.returncode == 2
    assert json.loads(told.stdout)["message"].startswith("No such option: --jsn")


def test_the_least_permissions_are_printed_as_the_providers_own_tools_take_them(world):
    result = world.run("providers", "aws", "--iam-policy")
    assert result.exit_code == 0
    policy = json.loads(result.stdout)
    actions = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert {"ec2:RunInstances", "ec2:DescribeVpcs"} <= actions


@pytest.mark.parametrize(
    ("arguments", "advice"), [((), "portinfra providers aws --iam-policy"), (("fake",), "aws or gcp")]
)
def test_permissions_of_nobody_are_bad_usage(world, arguments, advice):
    result = world.run("providers", *arguments, "--iam-policy")
    assert result.exit_code != 0
    assert advice in result.stderr
