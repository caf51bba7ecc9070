"""Variables: where their values come from, and that secrets stay secret."""

import pytest

from portinfra.declaration.load import load
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
        "user_data = [{ (var.key) = 1, (var.key) = 2 }]",
        'size = try(tonumber(var.key), "small")',
        'size = try(local.map[var.key], "small")',
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


TWO = """
variable "size" {
  type = string
}
variable "hosts" {
  type    = number
  default = 1
}
variable "ports" {
  type    = list(number)
  default = []
}
topology "p" {
  role "w" {
    size   = var.size
    count  = var.hosts
    native = { aws = { ports = var.ports } }
  }
}
"""


@pytest.fixture
def role_of(tmp_path):
    """The role of a declaration with files of values, each given as (name, text)."""

    def read(*files, **variables):
        (tmp_path / "shop.hcl").write_text(TWO)
        for name, text in files:
            (tmp_path / name).write_text(text)
        return (
            load(tmp_path / "shop.hcl", variables, [tmp_path / name for name, _ in files])
            .topology()
            .role("w")
        )

    return read


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tfvars", '# sizes\nsize  = "large"\nhosts = 2\nports = [80, "443"]\n'),
        ("a.json", '{"size": "large", "hosts": 2, "ports": [80, "443"]}'),
        ("a.hcl", 'size = "large"\nhosts = "2"\nports = [80, 443]'),
    ],
)
def test_a_file_of_values_gives_each_its_type(name, text, role_of):
    role = role_of((name, text))
    assert (role.size, role.count, list(role.native["aws"]["ports"])) == ("large", 2, [80, 443])


def test_the_environment_goes_before_the_default_a_file_before_it_a_later_file_and_the_argument_first(
    role_of, monkeypatch
):
    monkeypatch.setenv("PORTINFRA_VAR_size", "environment")
    assert role_of().size == "environment"
    first, second = ("a.tfvars", 'size = "first"\nhosts = 2'), ("b.tfvars", 'size = "second"')
    assert role_of(first).size == "first"
    assert (role_of(first, second).size, role_of(first, second).count) == ("second", 2)
    assert role_of(first, second, size="argument").size == "argument"


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("a.tfvars", 'size = "a"\n\nsiez = "hunter2"', 3, "Did you mean 'size'?"),
        ("a.json", '{\n"size": "a",\n"siez": "hunter2"}', 3, "Did you mean 'size'?"),
        ("a.tfvars", 'size = "a"\nhosts = "hunter2"', 2, "'hosts' must be a number, and is text"),
        ("a.json", '{"size": "a",\n"hosts": "hunter2"}', 2, "'hosts' must be a number, and is text"),
        ("a.tfvars", 'size = "a"\nsize = "hunter2"', 2, "'size' is set twice"),
        ("a.tfvars", "size = hunter2", 1, "the value of 'size' cannot be read"),
        ("a.tfvars", "size = var.hunter2", 1, "the value of 'size' cannot be read"),
        ("a.tfvars", 'size = "hunter2', 1, "a text is not closed"),
        ("a.tfvars", "size = [1 hunter2]", 1, "something comes where"),
        ("a.tfvars", 'size {\n  a = "hunter2"\n}', 1, "a file of values has no blocks"),
        ("a.json", '{"size":\nhunter2}', 2, "this is not JSON"),
        ("a.json", '["hunter2"]', 1, "does not hold a mapping"),
        ("a.json", '{"ports": [],\n"size": NaN}', 2, "NaN is no number in JSON"),
        ("a.json", '{"size": -Infinity}', 1, "-Infinity is no number in JSON"),
        ("a.json", '{"size": "a",\n"size":\n"hunter2"}', 2, "a name is set twice"),
        ("a.json", '{"size": {"hunter2": 1,\n"hunter2": 2}}', 2, "a name is set twice"),
        ("a.tfvars", 'size = { a = 1, a = "hunter2" }', 1, "the value of 'size' cannot be read"),
        ("a.json", '{"size": ' + "[" * 100_000, 1, "nested too deeply"),
        ("a.json", '{"size": ' + "9" * 5000 + "}", 1, "a number is too large"),
    ],
)
def test_a_mistake_in_a_file_of_values_has_its_line_and_shows_no_value(name, text, line, words, role_of):
    with pytest.raises(DeclarationError) as error:
        role_of((name, text))
    finding = next(each for each in error.value.findings if each.location.file.endswith(name))
    assert finding.location.line == line
    assert words in f"{finding.message}. {finding.fix}"
    assert "hunter2" not in f"{error.value} {[str(each) for each in error.value.findings]}"
    assert not any("hunter2" in each.location.source for each in error.value.findings)


def test_a_file_of_values_that_is_not_there_is_an_error(tmp_path):
    (tmp_path / "shop.hcl").write_text(TWO)
    with pytest.raises(DeclarationError, match="the file of values cannot be read"):
        load(tmp_path, {"size": "a"}, [tmp_path / "none.tfvars"])


def test_a_python_declaration_takes_no_values(tmp_path):
    (tmp_path / "shop.py").write_text("")
    with pytest.raises(DeclarationError) as error:
        load(tmp_path / "shop.py", var_files=["a.tfvars"])
    assert "--var-file" in error.value.fix
