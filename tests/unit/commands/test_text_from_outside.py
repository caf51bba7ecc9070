"""Text of others reaches no terminal as it is, and no error repeats the value of a variable."""

import json
import sys

import pytest
from attrs import evolve

from portinfra import INTERNET, Topology, Wave, allow

HIDDEN = "two\nlines\r\u202eback\u2028end"
CODES = "two\\nlines\\r\\u202eback\\u2028end"


@pytest.fixture
def outspoken(world):
    """A topology whose reasons and tags hold what XML can carry and a terminal would obey."""
    (shop,) = world.declared.topologies
    web, db = (
        evolve(role, tags={"note": HIDDEN}, waive={"check/fewer-than-three": HIDDEN}) for role in shop.roles
    )
    flows = [allow(INTERNET, web, tcp=443, why=HIDDEN), allow(web, db, tcp=5432, why="orders")]
    return evolve(world, declared=evolve(world.declared, topologies=(Topology("shop", [web, db], flows),)))


@pytest.mark.parametrize(
    "arguments",
    [("plan", "--full"), ("check",), ("check", "--path", "internet", "web"), ("lockin",), ("status",)]
    + [("graph", "--format", each) for each in ("svg", "mermaid", "dot")],
)
def test_control_and_bidirectional_characters_are_codes_in_every_output(outspoken, arguments):
    result = outspoken.run(*arguments)
    printed = result.stdout + result.stderr
    assert not any(character in printed for character in "\r\u202e\u2028")


@pytest.mark.parametrize(
    "arguments", [("plan", "--full"), ("check",), ("check", "--path", "internet", "web")]
)
def test_a_line_end_within_a_value_begins_no_line(outspoken, arguments):
    assert CODES in outspoken.run(*arguments).stdout


@pytest.mark.parametrize("arguments", [("plan", "--json"), ("render", "--json"), ("check", "--json")])
def test_json_holds_them_as_its_own_escapes(outspoken, arguments):
    printed = outspoken.run(*arguments).stdout
    assert not any(character in printed for character in "\r\u202e\u2028")
    assert HIDDEN in list(walk(json.loads(printed)))


def walk(value):
    """Every text in a document."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from walk(each)
    else:
        yield value


SECRET = "s3cret"
DECLARED = """
variable "token" { sensitive = true }
variable "hosts" { type = number }
topology "shop" {
  role "web" {
    count     = var.hosts
    user_data = "#!/bin/sh\\n# ${var.token}"
  }
}
environment "demo" { on = "fake:us-east-1" }
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "demo", "--var", "token", SECRET),
        ("plan", "--var", "token", SECRET),
        ("plan", "--var", SECRET),
        ("plan", "demo", "--var", f"token={SECRET}", "--var", "hosts=1", SECRET),
        ("plan", "--var", "token=a", SECRET, "--var", "hosts=1"),
        ("plan", "--on", "--var", f"token={SECRET}"),
        ("plan", "--jsn", "--var", f"token={SECRET}"),
        ("plan", f"--var=token={SECRET}", f"--var=hosts={SECRET}"),
        ("plan", f"--var=token={SECRET}", f"--var=tokne={SECRET}", "--var=hosts=1"),
    ],
)
@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_an_error_of_the_command_line_repeats_no_value_of_a_variable(
    tmp_path, monkeypatch, capsys, arguments, as_json
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.hcl").write_text(DECLARED)
    monkeypatch.setattr(sys, "argv", ["portinfra", *arguments, *as_json])
    from portinfra.commands.main import main

    with pytest.raises(SystemExit) as ended:
        main()
    printed = "".join(capsys.readouterr())
    assert ended.value.code in (1, 2)
    assert SECRET not in printed


def test_what_a_hook_prints_is_codes_on_the_terminal_and_on_the_page(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    says = "printf '\\033[2J\\377\\342\\200\\256back'; exit 1"
    failing = run.plan(waves=[Wave(["db"], gates=says, limit="5s"), ["web"]])
    run("dr", "replicate", about=failing)
    result = run("dr", "drill", about=failing)
    assert result.exit_code == 1
    (page,) = tmp_path.rglob("drill-*.html")
    for printed in (result.stdout + result.stderr, page.read_text(encoding="utf-8")):
        assert "\\u001b[2J" in printed
        assert "\\u202eback" in printed
        assert not any(character in printed for character in "\x1b\u202e")
