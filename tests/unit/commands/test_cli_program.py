"""The program and the script, which are two ways to the same commands."""

import json
import re
import subprocess
import sys

import pytest

from portinfra.declaration.load import load

pytestmark = pytest.mark.slow


def test_a_script_does_not_offer_what_is_for_files(world):
    usage = world.run("plan", "--help").stdout
    assert "--file" not in usage
    assert "--var" not in usage


def _portinfra(directory, *arguments):
    code = "from portinfra.commands.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=directory, check=False
    )


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


def test_what_a_declaration_prints_is_no_part_of_the_result(tmp_path):
    (tmp_path / "shop.py").write_text(
        "from portinfra import Environment, Role, Topology\n"
        "print('loading')\n"
        "shop = Topology('shop', [Role('web', count=1)])\n"
        "demo = Environment('demo', on='fake:us-east-1')\n"
    )
    result = _portinfra(tmp_path, "inventory", "--json", "-f", "shop.py")
    assert [host["name"] for host in json.loads(result.stdout)["hosts"]] == ["web1"]
    assert "loading" in result.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_hcl_reads_back_whatever_the_locale_is(tmp_path, monkeypatch, encoding):
    (tmp_path / "shop.hcl").write_text(
        """
        topology "shop" {
          role "web" {
            count     = 1
            tags      = { team = "é €🙂" }
            user_data = "#!/bin/sh\\n# é €\\n# 🙂\\n"
          }
        }
        environment "demo" { on = "fake:us-east-1" }
        """,
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    code = "from portinfra.commands.main import main; main()"
    arguments = [sys.executable, "-c", code, "render", "--format", "hcl", "-f", "shop.hcl"]
    printed = subprocess.run(arguments, capture_output=True, check=True, cwd=tmp_path).stdout
    (tmp_path / "printed.hcl").write_bytes(printed)
    assert load(tmp_path / "printed.hcl") == load(tmp_path / "shop.hcl")


def test_help_needs_neither_rich_nor_the_model_nor_a_provider(tmp_path):
    code = (
        "import sys; from portinfra.commands.main import main\n"
        "heavy = {'rich', 'hcl2', 'sqlite3', 'portinfra.model', 'portinfra.provider'}\n"
        "try: main()\n"
        "except SystemExit: print(sorted(heavy.intersection(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "Commands:" in shown.stdout
    assert shown.stdout.splitlines()[-1] == "[]"


def test_a_short_plan_into_a_pipe_imports_no_slow_module_and_searches_for_no_reference_cycles(tmp_path):
    (tmp_path / "shop.hcl").write_text(
        'topology "shop" {\n  role "web" {}\n}\nenvironment "demo" { on = "fake:us-east-1" }\n'
    )
    code = (
        "import gc, sys; from portinfra.commands.main import main\n"
        "searches = []; gc.callbacks.append(lambda phase, about: searches.append(phase))\n"
        "unused = {'concurrent.futures', 'portinfra.execution.loop', 'hcl2', 'lark', 'rich'}\n"
        "try: main()\n"
        "except SystemExit: print(searches, sorted(unused.intersection(sys.modules)))"
    )
    arguments = [sys.executable, "-c", code, "plan", "-f", "shop.hcl"]
    shown = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "Plan: " in shown.stdout
    assert shown.stdout.splitlines()[-1] == "[] []"


MODULES_OF_A_PLAN = 267
"""The most modules of this project that a plan without a recovery plan may import.

Raise it only for a module that every plan needs.
"""


def test_a_plan_imports_no_more_modules_than_before_and_none_that_only_others_need(tmp_path):
    (tmp_path / "shop.hcl").write_text(
        'topology "shop" {\n  role "web" {}\n}\nenvironment "demo" { on = "fake:us-east-1" }\n'
    )
    code = (
        "import sys; from portinfra.commands.main import main\n"
        "try: main()\n"
        "except SystemExit: print(*sorted(each for each in sys.modules if each.startswith('portinfra')))"
    )
    arguments = [sys.executable, "-c", code, "plan", "-f", "shop.hcl"]
    shown = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=tmp_path)
    modules = shown.stdout.splitlines()[-1].split()
    foreign = ("portinfra.recovery", "portinfra.rollout", "portinfra.validation.recovery", "portinfra.cloud")
    assert [each for each in modules if each.startswith(foreign)] == []
    assert len(modules) <= MODULES_OF_A_PLAN


def test_the_version_is_told_and_a_slip_of_the_pen_is_json_where_json_is_asked_for(tmp_path):
    assert re.fullmatch(r"portinfra \d+\.\d+\.\d+\n", _portinfra(tmp_path, "--version").stdout)
    slip = _portinfra(tmp_path, "plan", "--jsn")
    assert (slip.returncode, slip.stdout) == (2, "")
    assert "No such option: --jsn" in slip.stderr
    told = _portinfra(tmp_path, "plan", "--json", "--jsn")
    assert told.returncode == 2
    assert json.loads(told.stdout)["message"].startswith("No such option: --jsn")


def test_options_and_commands_of_terraform_are_answered(tmp_path):
    (tmp_path / "shop.hcl").write_text('topology "shop" {\n}\n')
    saved = _portinfra(tmp_path, "plan", "-out=plan", "-f", "shop.hcl")
    assert saved.returncode == 2
    assert "No such option: -out. Write --out PATH" in saved.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["shop.hcl"]
    imported = _portinfra(tmp_path, "import", "web1", "i-1", "--json")
    assert imported.returncode == 2
    assert "manages what it created" in imported.stdout


@pytest.mark.parametrize("group", [(), ("dr",), ("hosts",)])
def test_no_summary_of_a_command_is_cut(group, world):
    listed = world.run(*group, "--help").stdout.partition("Commands:")[2]
    assert listed
    assert [line for line in listed.splitlines() if line.endswith("...")] == []
