"""`python shop.py …` and `portinfra … -f shop.py` do the same: both read the arguments of `cli(…)`."""

import inspect
import re
import runpy

import pytest

import portinfra
from portinfra.commands import main
from portinfra.declaration.load import load
from portinfra.errors import DeclarationError

DECLARED = """
from portinfra import Environment, RecoveryPlan, Role, Topology, cli, rule


@rule("acme/none", severity="error", fix="Declare no role.")
def none(context):
    for role in context.roles:
        yield role, "it is a role"


web = Role("web", count=1, waive={"R6": "small"})
shop, lab = Topology("shop", roles=[web]), Topology("lab", roles=[web])
production = Environment("production", on="fake:us-east-1", account="1", key="a", cidr="10.1.0.0/16")
recovery = Environment("recovery", on="fake:eu-west-1", account="2", key="b", cidr="10.2.0.0/16")
disaster = RecoveryPlan("shop", production, recovery, rpo="4h", rto="1h", waves=[["web"]])
"""

GIVEN = {
    "topologies": "shop",
    "environments": "environments=[production, recovery]",
    "recovery": "recovery=disaster",
    "rules": "rules=[none]",
}
COMMANDS = (("check", "production"), ("dr", "runbook"))
GUARDED = 'if __name__ == "__main__":\n    {}\n'


@pytest.fixture
def both_ways(tmp_path, monkeypatch, capsys):
    """Return a function: how a command of a script ends, and what it prints, by each of the two ways."""

    def ended(call):
        with pytest.raises(SystemExit) as end:
            call()
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    def run(text, command):
        (tmp_path / "shop.py").write_text(text)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["shop.py", *command])
        script = ended(lambda: runpy.run_path("shop.py", run_name="__main__"))
        monkeypatch.setattr("sys.argv", ["portinfra", *command, "-f", "shop.py"])
        return plain(script), plain(ended(main.main))

    return run


def script(arguments, form=GUARDED):
    call = f"cli({', '.join(arguments)})"
    return "import portinfra as its\n" + DECLARED + form.format(call)


def plain(result):
    """Return what a command printed, without line breaks and the program that a user calls it by."""
    code, *texts = result
    programs = re.compile("python shop.py|portinfra| -f shop.py")
    return code, *(" ".join(programs.sub("", text).split()) for text in texts)


@pytest.mark.parametrize("name", inspect.signature(portinfra.cli).parameters)
def test_every_argument_of_cli_counts_both_ways(both_ways, name):
    others = [text for each, text in GIVEN.items() if each != name]
    differs = False
    for command in COMMANDS:
        whole = both_ways(script(GIVEN.values()), command)
        without = both_ways(script(others), command)
        assert whole[0] == whole[1]
        assert without[0] == without[1]
        differs = differs or whole != without
    assert differs


@pytest.mark.parametrize("form", ["{}\n", GUARDED.replace("{}", "its.{}")], ids=["unguarded", "by module"])
def test_cli_is_found_however_it_is_called(both_ways, form):
    one, other = both_ways(script(GIVEN.values(), form), ("check", "production"))
    assert one == other
    assert "acme/none" in one[1]


@pytest.mark.parametrize("name", GIVEN)
def test_an_argument_of_a_wrong_class_is_refused_in_the_same_words(both_ways, name):
    wrong = {**GIVEN, name: "3" if name == "topologies" else f"{name}=[3]"}
    one, other = both_ways(script(wrong.values()), ("check", "production"))
    assert one == other
    assert f"error: {name} of cli() must be" in one[2]


def test_a_script_without_a_call_of_cli_declares_what_is_at_its_top_level(tmp_path):
    (tmp_path / "shop.py").write_text(DECLARED)
    declared = load(tmp_path / "shop.py")
    assert [each.name for each in declared.topologies] == ["shop", "lab"]
    assert [each.id for each in declared.rules] == ["acme/none"]


def test_a_name_that_only_the_guarded_block_sets_is_an_error_with_its_line(tmp_path):
    block = 'if __name__ == "__main__":\n    places = [production]\n    cli(shop, environments=places)\n'
    (tmp_path / "shop.py").write_text(DECLARED + block)
    with pytest.raises(DeclarationError, match=r"cli\(\) uses 'places'") as error:
        load(tmp_path / "shop.py")
    assert error.value.location.line == len((DECLARED + block).splitlines())


def test_nothing_but_the_call_is_executed_below_the_guard(tmp_path):
    block = 'if __name__ == "__main__":\n    raise SystemExit\n    cli(shop, environments=[production])\n'
    (tmp_path / "shop.py").write_text(DECLARED + block)
    assert [each.name for each in load(tmp_path / "shop.py").topologies] == ["shop"]
