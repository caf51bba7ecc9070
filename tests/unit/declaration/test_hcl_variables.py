"""Variables: where their values come from, and that secrets stay secret."""

import pytest

from portinfra.errors import DeclarationError

USE = '\nenvironment "e" {\n  on   = "a:b"\n  tags = { it = jsonencode(var.it) }\n}'


def test_the_argument_goes_before_the_environment_and_that_before_the_default(load_hcl, monkeypatch):
    text = 'variable "it" {\n  default = "default"\n}' + USE
    assert load_hcl(text).environment().tags["it"] == '"default"'
    monkeypatch.setenv("PORTINFRA_VAR_it", "environment")
    assert load_hcl(text).environment().tags["it"] == '"environment"'
    assert load_hcl(text, it="argument").environment().tags["it"] == '"argument"'


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("string", "3", '"3"'),
        ("number", "3", "3"),
        ("bool", "true", "true"),
        ("list(string)", '["a"]', '["a"]'),
        ("map(number)", "{ a = 1 }", '{"a":1}'),
        ("any", "[1, true]", "[1,true]"),
        ("any", "plain words", '"plain words"'),
    ],
)
def test_a_given_value_is_read_as_its_type(kind, given, value, load_hcl):
    text = f'variable "it" {{\n  type = {kind}\n}}' + USE
    assert load_hcl(text, it=given).environment().tags["it"] == value


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("number", "three"),
        ("number", '"3"'),
        ("number", "1 + 1"),
        ("bool", "2"),
        ("list(string)", "[[]]"),
        ("map(string)", "[]"),
    ],
)
def test_a_given_value_of_another_type_is_refused_without_showing_it(kind, given, findings_of):
    (found,) = findings_of(f'variable "it" {{\n  type = {kind}\n}}', it=given)
    assert found[1] == 1
    assert "'it'" in found[2]


def test_a_variable_without_a_value_is_an_error_that_says_how_to_give_one(findings_of):
    (found,) = findings_of('variable "it" {\n}' + USE)
    assert found[1] == 1
    assert "--var it=" in found[2]
    assert "PORTINFRA_VAR_it" in found[2]


def test_a_value_for_an_unknown_variable_is_an_error(findings_of):
    (found,) = findings_of('variable "size" {\n  default = 1\n}', siez="2")
    assert "Did you mean 'size'?" in found[2]


@pytest.mark.parametrize(
    "use",
    [
        "size = var.key",
        "tags = { a = local.derived }",
        'user_data = upper("a", var.key)',
        "user_data = file(var.key)",
        "user_data = { hunter2 = 1 }[0]",
        "user_data = local.map[var.key]",
        "user_data = [var.key]",
        'count = var.key == "a" ? 1 : 2',
        "cuont = var.key",
        "native = { aws = { a = var.key } }",
        "user_data = 1 + var.key",
        "user_data = local.keyed.nope",
        "user_data = cidrsubnet(var.key, 1, 1)",
    ],
)
def test_a_sensitive_value_appears_in_no_error(use, load_hcl):
    text = (
        'variable "key" {\n  sensitive = true\n}\nlocals {\n  derived = "x${var.key}"\n  map = { a = 1 }\n'
        '  keyed = { (var.key) = 1 }\n}\ntopology "p" {\n  role "w" {\n    ' + use + "\n  }\n}"
    )
    text = text.replace("hunter2", "a")
    with pytest.raises(DeclarationError) as error:
        load_hcl(text, key="hunter2")
    said = f"{error.value} {error.value.fix} {[str(f) for f in error.value.findings]}"
    assert "hunter2" not in said


@pytest.mark.parametrize("default", ["hunter2", "1 + hunter2", '"hunter2', "[1 hunter2]", "hunter2()"])
def test_a_broken_sensitive_default_appears_in_no_error(default, load_hcl):
    with pytest.raises(DeclarationError) as error:
        load_hcl(f'variable "key" {{\n  default   = {default}\n  sensitive = true\n}}')
    assert "hunter2" not in f"{error.value} {error.value.fix} {[str(f) for f in error.value.findings]}"


def test_a_sensitive_value_may_be_used_in_user_data(load_hcl):
    text = (
        'variable "key" {\n  sensitive = true\n}\n'
        'topology "p" {\n  role "w" {\n    user_data = "k=${var.key}"\n  }\n}'
    )
    declared = load_hcl(text, key="hunter2")
    assert declared.topology().role("w").user_data == "k=hunter2"
    assert "hunter2" not in repr(declared)
