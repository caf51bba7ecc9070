"""An attribute is described once, in its class: HCL, findings and the reference page know it from there."""

import attributes_page
import pytest
from attrs import evolve, field, frozen

from portinfra.declaration.declared import Declared
from portinfra.declaration.hcl.blocks import Reader
from portinfra.declaration.hcl.scope import Computed, Scope
from portinfra.declaration.hcl.syntax import parse
from portinfra.declaration.hcl.write import block_of, to_hcl
from portinfra.errors import DeclarationError
from portinfra.model import convert
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.resources import Volume
from portinfra.model.schema import Kind, attributes
from portinfra.model.topology import Role, Topology
from portinfra.model.vault import Vault
from portinfra.validation.types import sound

EVERY = list(attributes_page.classes().values())


@frozen(field_transformer=convert.refuse_text)
class RackedRole(Role):
    """A role whose hosts are in one rack."""

    rack: int = 0
    """The number of the rack: 0 is | by the door."""
    pin: str = field(default="", repr=False, metadata={"secret": True})
    """What opens the rack."""


@frozen(field_transformer=convert.refuse_text)
class Hall(Topology):
    """A topology of such roles."""

    roles: tuple[RackedRole, ...] = field(
        kw_only=True, converter=tuple, metadata={"block": "role", "example": 'RackedRole("web")'}
    )


WEB = RackedRole("web", rack=7)
HALL = Hall("hall", roles=[WEB])
TEXT = """\
topology "hall" {
  role "web" {
    rack = 7
  }
}
"""


def read(text, **secrets):
    """Return the value of a text and what is wrong with it: line, message and fix."""
    (block,) = parse(text, "hall.hcl").blocks
    variables = {name: Computed(value, frozenset({name})) for name, value in secrets.items()}
    reader = Reader(Scope(variables, {}))
    value = reader.read_block(Hall, block)
    return value, [(found.location.line, f"{found.message}. {found.fix}") for found in reader.findings]


def test_a_new_attribute_is_read_from_hcl():
    assert read(TEXT) == (HALL, [])


def test_a_new_attribute_is_written_to_hcl():
    assert "\n".join(block_of(HALL, "topology")) + "\n" == TEXT


def test_a_new_secret_is_written_as_a_variable():
    hall, findings = read(TEXT.replace("rack = 7", "pin = var.code"), code="1234")
    assert (hall.roles[0].pin, findings) == ("1234", [])
    written = to_hcl(Declared((hall,)))
    assert 'variable "code"' in written
    assert "pin = var.code" in written
    assert "1234" not in written


def test_a_new_attribute_that_is_no_secret_takes_no_sensitive_variable():
    _, ((found, message),) = read(TEXT.replace("rack = 7", "rack = var.code"), code="1234")
    assert found == 3
    assert "plans show 'rack'" in message


def test_a_new_attribute_with_its_default_is_not_written():
    assert "rack" not in "\n".join(block_of(evolve(HALL, roles=[RackedRole("web")]), "topology"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('rack = "seven"', "'rack' must be a whole number, and is text"),
        ("rakc = 7", "Did you mean 'rack'?"),
    ],
)
def test_a_mistake_in_a_new_attribute_is_found_in_hcl_with_its_line(line, words):
    _, ((found, message),) = read(TEXT.replace("rack = 7", line))
    assert found == 3
    assert words in message


def test_a_new_attribute_outside_of_its_block_is_told_where_it_belongs():
    _, ((found, message),) = read(TEXT.replace("}\n}", "}\n  rack = 7\n}"))
    assert found == 5
    assert "It belongs in a role block." in message


def test_a_wrong_type_of_a_new_attribute_is_found_in_python_with_its_line():
    findings = []
    whole = sound(evolve(HALL, roles=[evolve(WEB, rack="7")]), "topology.hall", "topology", findings)
    (found,) = findings
    assert str(found).endswith(
        "role.web.rack: must be a whole number, and is text\n  Give rack as a whole number."
    )
    assert (found.rule, found.location) == ("topology/wrong-type", WEB.location)
    assert whole.roles[0].rack == 0


def test_a_stranger_among_new_parts_is_found():
    findings = []
    sound(evolve(HALL, roles=["web"]), "topology.hall", "topology", findings)
    assert [(found.subject, found.fix) for found in findings] == [
        ("topology.hall.roles", 'Each must be a RackedRole, made by RackedRole("web").')
    ]


def test_a_new_attribute_is_on_the_reference_page():
    row = "| `rack` | whole number | `0` | The number of the rack: 0 is \\| by the door. | `rack` |"
    assert row in attributes_page.section(RackedRole, "role").splitlines()


@pytest.mark.parametrize("of", EVERY)
def test_every_attribute_is_explained(of):
    assert {each.name for each in attributes(of)} <= set(attributes_page.docstrings(of))


def test_the_reference_page_is_up_to_date():
    assert attributes_page.PAGE.read_text(encoding="utf-8") == attributes_page.page(), (
        "Run .venv/bin/python tools/attributes_page.py"
    )


def test_the_kind_of_every_attribute_that_a_user_sets_is_known():
    unknown = {(of, each.name) for of in EVERY for each in attributes(of) if each.kind is Kind.OTHER}
    placed = {(of, each.name) for of in EVERY for each in attributes(of) if each.metadata.get("placed")}
    assert unknown - placed == {(Vault, "stand")}


def test_every_attribute_is_written_or_refused_or_set_by_placement():
    """What is written loads again: tests/property/test_hcl_round_trip.py."""
    unwritten = {
        (of, each.name)
        for of in EVERY
        for each in attributes(of)
        if not (each.is_label or each.hcl or each.block or each.is_python_only)
    }
    assert unwritten == {(Volume, "zone"), (Volume, "source")}
    for of, name in unwritten:
        assert "sets it" in attributes_page.docstrings(of)[name]


def test_what_placement_sets_is_no_part_of_the_written_declaration():
    plain = Topology("p", [Role("db", volumes=[Volume("data", gib=1)])])
    (volume,) = plain.roles[0].volumes
    placed = evolve(plain, roles=[evolve(plain.roles[0], volumes=[evolve(volume, zone=2, source="snap-1")])])
    assert to_hcl(Declared((placed,))) == to_hcl(Declared((plain,)))


def test_a_python_value_that_hcl_cannot_hold_is_refused_and_not_left_out():
    class Stand:
        name = "a stand"

    vault = Vault("vault:shop", "203.0.113.7:22", "sender", "receiver", stand=Stand())
    plan = RecoveryPlan("shop", "a", "b", rpo="1h", rto="1h", waves=[["web"]], vault=vault)
    with pytest.raises(DeclarationError, match="recovery 'shop' has a stand, which HCL cannot hold") as error:
        block_of(plan, "recovery")
    assert error.value.location == vault.location
    assert "leave stand out" in error.value.fix
