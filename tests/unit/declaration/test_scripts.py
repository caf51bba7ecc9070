"""What portinfra reads of a declaration in Python: its values, its `cli(…)`, and nothing by mistake."""

import textwrap

import pytest

from portinfra.declaration.load import load
from portinfra.errors import DeclarationError


@pytest.fixture
def read(tmp_path):
    """A function that returns what a script declares."""

    def read(text):
        (tmp_path / "shop.py").write_text(textwrap.dedent(text))
        return load(tmp_path / "shop.py")

    return read


@pytest.mark.parametrize("name", ["Topology", "Environment", "RecoveryPlan", "PolicyRule"])
def test_values_of_another_librarys_class_of_the_same_name_are_not_read(name, read):
    declared = read(f"""
        from portinfra import Role
        from portinfra import Topology as Shop
        class {name}: pass
        other = [{name}()]
        shop = Shop("shop", roles=[Role("web")])
    """)
    assert [each.name for each in declared.topologies] == ["shop"]
    assert declared.environments == declared.recoveries == declared.rules == ()


@pytest.mark.parametrize("argument", ["environments", "recovery", "rules"])
def test_cli_refuses_a_value_of_another_librarys_class_of_the_same_name(argument, read):
    name = {"environments": "Environment", "recovery": "RecoveryPlan", "rules": "PolicyRule"}[argument]
    with pytest.raises(DeclarationError, match=f"{argument} of cli") as caught:
        read(f"""
            from portinfra import Role, Topology, cli
            class {name}: pass
            cli(Topology("shop", roles=[Role("web")]), {argument}={name}())
        """)
    assert caught.value.findings[0].rule == "declaration/wrong-type"


def test_a_rule_of_a_script_is_read(read):
    declared = read("""
        from portinfra import rule
        @rule("own/none")
        def none(context):
            return ()
    """)
    assert [each.id for each in declared.rules] == ["own/none"]


SHOP = """\
from portinfra import Environment, Role, Topology{also}
shop = Topology("shop", roles=[Role("web")])
"""
GUARD = 'if __name__ == "__main__":\n    {}\n'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def main():\n    cli(shop)\n" + GUARD.format("main()"), 4),
        (GUARD.format("raise SystemExit(cli(shop))"), 4),
        (GUARD.format("try:\n        cli(shop)\n    finally: pass"), 5),
        ("def main():\n    from portinfra import cli as run\n    run(shop)\n" + GUARD.format("main()"), 5),
    ],
    ids=["in a function", "in an expression", "in a block", "imported in a function"],
)
def test_a_guarded_call_of_cli_that_portinfra_does_not_read_is_an_error(text, line, read):
    """Its rules and topologies would be missing without a word."""
    with pytest.raises(DeclarationError, match="does not read this call of cli") as caught:
        read(SHOP.format(also=", cli") + text)
    assert caught.value.location.line == line


def test_a_script_whose_guard_declares_all_in_another_way_is_an_error(read):
    with pytest.raises(DeclarationError, match="declares nothing") as caught:
        read("def main(): pass\n" + GUARD.format("main()"))
    assert caught.value.location.line == 3


def test_cli_may_be_imported_below_the_guard(read):
    assert read(
        SHOP.format(also="") + GUARD.format("from portinfra import cli; cli(shop, rules=())")
    ).topologies


def test_a_function_that_calls_cli_changes_nothing_in_a_script_without_a_guard(read):
    assert read(SHOP.format(also=", cli") + "def main():\n    cli(shop)\n").topology("shop")


def test_a_name_that_is_missing_elsewhere_is_not_blamed_on_the_guard(read):
    text = "def places():\n    return [production]\n" + GUARD.format("cli(shop, environments=places())")
    with pytest.raises(DeclarationError, match="NameError: name 'production' is not defined") as caught:
        read(SHOP.format(also=", cli") + text)
    assert caught.value.location.line == 4
