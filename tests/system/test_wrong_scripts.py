"""A script that declares something wrong says so as `portinfra -f` does, and ends with the same exit code."""

import subprocess
import sys

import pytest

BEGINNING = "from portinfra import INTERNET, Environment, RecoveryPlan, Role, Topology, allow, cli\n"
VALUES = """
web = Role("web", count="3", public="customers")
shop = Topology("shop", [web, "db"], [allow(INTERNET, web, tcp="https", why="customers")])
production = Environment("production", on=3)
cli(shop, environments=[production])
"""
CLASSES = """
cli(Topology("shop", [Role("web")]), environments=["production"], recovery=3)
"""
KEYWORD = """
web = Role("web", cout=3)
cli(Topology("shop", [web]))
"""
SCRIPTS = {
    "values": (
        VALUES,
        [
            "shop.py:3: error: role.web.count: must be a whole number, and is text",
            "shop.py:4: error: topology.shop.roles: contains a value that is text",
            "shop.py:4: error: flow internet → web.tcp: must be ports between 1 and 65535",
            "shop.py:5: error: environment.production.on: must be text, and is a whole number",
        ],
    ),
    "classes": (
        CLASSES,
        [
            "shop.py:3: error: environments of cli() must be an Environment or several, and is or holds text",
            "shop.py:3: error: recovery of cli() must be a RecoveryPlan or several",
        ],
    ),
}


def run(folder, *command):
    done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr.replace(f"{folder}/", "")


PROGRAM = ("-c", "from portinfra.commands.main import main; main()", "plan", "-f", "shop.py")


@pytest.mark.parametrize("script", SCRIPTS)
def test_all_findings_come_at_once_with_their_lines_from_either_door(tmp_path, script):
    text, findings = SCRIPTS[script]
    (tmp_path / "shop.py").write_text(BEGINNING + text, encoding="utf-8")
    by_script, by_program = run(tmp_path, "shop.py", "plan"), run(tmp_path, *PROGRAM)
    assert by_script == by_program
    code, said = by_script
    assert code == 1
    assert [finding for finding in findings if finding not in said] == [], said
    assert said.count(": error: ") == len(findings)


def test_a_misspelt_keyword_ends_python_with_the_finding_as_its_last_line(tmp_path):
    """Python itself ends there: no value exists that could be reported later."""
    (tmp_path / "shop.py").write_text(BEGINNING + KEYWORD, encoding="utf-8")
    code, said = run(tmp_path, "shop.py", "plan")
    *_, finding, advice = said.splitlines()
    assert (code, advice) == (1, "Did you mean 'count'?")
    assert finding.endswith("WrongTypeError: Role has no attribute 'cout'")
    assert 'shop.py", line 3' in said
    found = "shop.py:3: error: Role has no attribute 'cout'\n  Did you mean 'count'?\n"
    assert run(tmp_path, *PROGRAM) == (1, found)
