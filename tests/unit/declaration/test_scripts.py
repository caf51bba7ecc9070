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
