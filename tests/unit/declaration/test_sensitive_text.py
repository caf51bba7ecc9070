"""User data that was made from sensitive variables is written with references to them, and loads again."""

import copy
import pickle

import pytest

from portinfra.declaration.hcl.write import to_hcl

SECRET = 'hunter2 "quoted" ${x}\n'
HEAD = """
variable "key" {
  sensitive = true
}
variable "pin" {
  sensitive = true
  type      = number
  default   = 4711
}
locals {
  derived = "#!/bin/sh\\nkey ${var.key} cost $"
}
"""


def declared(load_hcl, user_data):
    return load_hcl(
        HEAD + f'topology "p" {{\n  role "web" {{\n    user_data = {user_data}\n  }}\n}}', key=SECRET
    )


@pytest.mark.parametrize(
    "user_data",
    [
        "var.key",
        '"a ${var.key} b"',
        '"${var.key}${var.key}"',
        '"costs 5$${x} $${var.key}${var.key}"',
        '"${local.derived}${var.key}"',
        'format("%s/%s", var.key, "x")',
        'join(" ", ["a", var.key])',
    ],
)
def test_where_a_value_was_only_put_in_the_variable_itself_is_written(load_hcl, user_data):
    before = declared(load_hcl, user_data)
    text = to_hcl(before)
    assert "hunter2" not in text
    assert 'variable "key" {\n  sensitive = true\n}' in text
    assert load_hcl(text, key=SECRET).topology() == before.topology()


@pytest.mark.parametrize(
    "user_data",
    [
        "base64encode(var.key)",
        "jsonencode(var.key)",
        "upper(var.key)",
        '"${var.pin} ${var.key}"',
        '"${var.key == "a" ? "x" : "y"}"',
        '"${upper(var.key)} ${var.key}"',
    ],
)
def test_where_a_value_was_computed_with_a_variable_stands_for_the_whole_text(load_hcl, user_data):
    before = declared(load_hcl, user_data)
    text = to_hcl(before)
    assert "hunter2" not in text.lower()
    assert "4711" not in text
    assert "# The whole user data of the role web, which was computed with key" in text
    whole = before.topology().role("web").user_data
    assert load_hcl(text, **{"p_web_user_data": str(whole)}).topology() == before.topology()


def test_what_no_sensitive_variable_went_into_is_written_as_it_is(load_hcl):
    text = to_hcl(declared(load_hcl, '"#!/bin/sh"'))
    assert text == 'topology "p" {\n  role "web" {\n    user_data = "#!/bin/sh"\n  }\n}\n'


def test_a_copy_is_as_sensitive(load_hcl):
    topology = declared(load_hcl, '"a ${var.key} b"').topology()
    for copied in (copy.deepcopy(topology), pickle.loads(pickle.dumps(topology))):
        assert copied == topology
        made, again = topology.role("web").user_data, copied.role("web").user_data
        assert (again.variables, again.pieces) == (made.variables, made.pieces)


def test_its_text_is_not_in_what_python_prints_of_it(load_hcl):
    made = declared(load_hcl, "var.key").topology().role("web").user_data
    assert made == SECRET
    assert "hunter2" not in f"{made!r}{[made]}"
