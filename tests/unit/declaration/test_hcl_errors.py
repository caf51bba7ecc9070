"""Errors in HCL: all at once, by file and line, in plain words, with what to do."""

import pytest

from portinfra.errors import DeclarationError
from portinfra.render.console.errors import show_error


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("locals {\n  a =\n}", 2, "the line ends where a value should be"),
        ('topology "p" {\n  role "w" {\n  }\n', 1, 'topology "p" opens here and is not closed'),
        ('topology "p" {\n  role "w" {\n    count = 1\n}\n', 2, 'the block role "w" opens here'),
        ('topology "p" {\n  role "w" {\n    tags = {\n  }\n}\n', 3, "a mapping opens here"),
        ('topology "p" {\n  role "w" {\n\n  role "x" {\n  }\n}\n', 2, 'the block role "w" opens here'),
        ('locals {\n  a = "abc\n}', 2, "a text is not closed"),
        ('locals {\n  a = "it\'s\n  b = 1\n  c = "x"\n}', 2, "a text is not closed"),
        ("locals {\n  a = 1, # one\n  b = 2\n}", 2, "Remove it: each attribute has a line of its own."),
        ("locals {\n  a = 1 b = 2\n}", 2, "a line has two attributes or blocks"),
        ("locals {\n  a = @\n}", 2, "'@' comes where a value should be"),
        ("locals {\n  a = [1, 2\n  b = 3\n}", 3, "'b' comes where ',' or ']' should be"),
        ("locals {\n  a = <<EOT\n${1 +}\nEOT\n}", 3, "where a value should be"),
        ("locals {\n  a = <<EOT\nx\n${1\nEOT\n}", 4, "${ is not closed"),
        ('locals {\n  a = "\\q"\n}', 2, "\\q is not an escape"),
        (
            'locals {\n  a = "%{if true}b%{fi}"\n}',
            2,
            "'fi' comes where if, else, endif, for or endfor should be",
        ),
        ("a = 1", 1, "outside of every block"),
        ("locals {\n  count : 3\n}", 2, "there is ':' in place of '='. Write NAME = VALUE."),
        ("locals {\n  a = {\n    b = 1\n    b = 2\n  }\n}", 4, "'b' is set twice"),
        (
            'topology "p" {\n  role "w" {\n    tags = { a = "1", "a" = "2" }\n  }\n}',
            3,
            "'a' is set twice",
        ),
        ('topology "p" {\n  retired = { a = 1, a = 2 }\n}', 2, "'a' is set twice"),
        (
            "locals {\n  a = 011\n}",
            2,
            "a number loses the zeros at its beginning. Put a text, such as an account, in quotes",
        ),
        ("locals {\n  a = [1, -00.5]\n}", 2, "a number loses the zeros at its beginning"),
        ("locals {\n  a = True\n}", 2, "'True' has no value. Write true."),
        (
            "locals {\n  a = role.db\n}",
            2,
            "'role' has no value. Name a role in quotes (\"db\"), or write the value itself.",
        ),
        ('role "w" {\n}', 1, 'Put it into a topology "NAME"'),
        ('topolgy "w" {\n}', 1, "Did you mean 'topology'?"),
        ('topology "p" {\n  rol "w" {\n  }\n}', 2, "Did you mean 'role'?"),
        ("topology {\n}", 1, "has one name"),
        ('topology "p" {\n  role "w" {\n    cuont = 3\n  }\n}', 3, "Did you mean 'count'?"),
        (
            'topology "p" {\n  role "w" {\n    count = "three"\n  }\n}',
            3,
            "must be a whole number, and is text",
        ),
        (
            'topology "p" {\n  role "w" {\n    count = 1.5\n  }\n}',
            3,
            "a whole number, and is a number with a fr",
        ),
        ('topology "p" {\n  role "w" {\n    tags = { a = [] }\n  }\n}', 3, "is a mapping that holds a list"),
        ('topology "p" {\n  role "w" {\n    size = "a"\n    size = "b"\n  }\n}', 4, "'size' is set twice"),
        ('topology "p" {\n  role "w" {\n    volume "d" {\n    }\n  }\n}', 3, "volume 'd' needs 'gib'"),
        ('environment "e" {\n  on = null\n}', 1, "environment 'e' needs 'on'"),
        ('environment "e" {\n  on      = "a:b"\n  account = []\n}', 3, "Give account as text."),
        ('environment "e" {\n  on  = "a:b"\n  dns = {}\n}', 3, "Give dns as"),
        (
            'environment "e" {\n  on = "a:b"\n  role "w" {\n    public = "x"\n  }\n}',
            4,
            "there is no 'public'",
        ),
        (
            'topology "p" {\n  allow {\n    from = web\n    to   = "w"\n  }\n}',
            3,
            'Write text in quotes: "web"',
        ),
        (
            'topology "p" {\n  allow {\n    from = "w"\n    to   = "w"\n    tcp  = 0\n  }\n}',
            5,
            "0 is no port",
        ),
        ("locals {\n  a = locl\n  locl = 1\n}", 2, "Write local.locl"),
        ("locals {\n  size = 1\n  a    = local.siez\n}", 3, "Did you mean 'size'?"),
        ('variable "size" {\n  default = 1\n}\nlocals {\n  a = var.siez\n}', 5, "Did you mean 'size'?"),
        ("locals {\n  a = { size = 1 }\n  b = local.a.siez\n}", 3, "Did you mean 'size'?"),
        ("locals {\n  a = [1]\n  b = local.a[1]\n}", 3, "the list has 1 member"),
        ("locals {\n  a = uper(1)\n}", 2, "Did you mean 'upper'?"),
        ("locals {\n  a = upper([])\n}", 2, "takes text, not a list"),
        ('locals {\n  a = upper("a", "b")\n}', 2, "upper() takes 1 argument, and has 2"),
        ("locals {\n  a = upper()\n}", 2, "upper() takes 1 argument, and has none"),
        ('locals {\n  a = lookup("a")\n}', 2, "lookup() takes 2 arguments or more, and has 1"),
        ('locals {\n  a = file("none.sh")\n}', 2, "'none.sh' cannot be read"),
        ('locals {\n  a = 1 + "a"\n}', 2, "takes numbers, not text"),
        ("locals {\n  a = 1 / 0\n}", 2, "division by zero"),
        ("locals {\n  a = 1 ? 2 : 3\n}", 2, "a condition is true or false"),
        ("locals {\n  a = local.b\n  b = local.a\n}", 2, "a → b → a"),
        ("locals {\n  a = 1\n  a = 2\n}", 3, "already declared"),
        ('topology "p" {\n}\ntopology "p" {\n}', 3, "topology 'p' is already declared"),
        ('topology "${1}" {\n}', 1, "a name cannot be computed"),
    ],
)
def test_an_error_is_named_with_its_line(text, line, words, findings_of):
    findings = findings_of(text)
    assert len(findings) == 1, findings
    assert findings[0][:2] == ("0.hcl", line)
    assert words in findings[0][2]


DOUBLED = "".join(f'  t{n + 1} = "${{local.t{n}}}${{local.t{n}}}"\n' for n in range(40))
NESTED = "".join(f"  n{n + 1} = [local.n{n}, local.n{n}]\n" for n in range(40))
ROUNDS = "for a in range(1000) : [for b in range(1000) : [for c in range(1000) : a]]"
ROUNDS_OF_TEXT = "%{for a in range(1000)}" * 3 + "x" + "%{endfor}" * 3
HALF = 'join("", [for n in range(1000) : "' + "x" * 500 + '"])'


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        f'locals {{\n  t0 = "{"x" * 100}"\n{DOUBLED}}}',
        f"locals {{\n  n0 = [1]\n{NESTED}}}",
        f"locals {{\n  a = [{ROUNDS}]\n}}",
        f'locals {{\n  a = "{ROUNDS_OF_TEXT}"\n}}',
        f"locals {{\n  t0 = {HALF}\n  a = join(local.t0, range(1000))\n}}",
        f'locals {{\n  t0 = {HALF}\n  a = replace(local.t0, "x", "xxxx")\n}}',
        f"locals {{\n  t0 = {HALF}\n  a = concat([local.t0], [local.t0, 1])\n}}",
        f"locals {{\n  t0 = {HALF}\n  a = try([local.t0, local.t0, 1], 2)\n}}",
    ],
)
def test_a_value_that_would_fill_the_memory_is_refused_at_its_line(text, findings_of):
    ((_, line, words),) = findings_of(text)
    assert line > 1
    assert "more than 1,000,000 characters and members" in words or "more than 120,000 rounds" in words


def test_a_value_of_half_the_limit_and_many_rounds_are_taken(load_hcl):
    rounds = "length([for a in range(1000) : [for b in range(100) : a]])"
    text = f'locals {{\n  n = {rounds}\n}}\ntopology "p" {{\n  role "w" {{\n    user_data = {HALF}\n'
    role = load_hcl(f"{text}    count = local.n\n  }}\n}}").topology().role("w")
    assert (len(role.user_data), role.count) == (500_000, 1000)


def test_a_name_that_a_template_is_not_given_is_to_be_given(findings_of, tmp_path):
    (tmp_path / "boot.sh").write_text("a ${y}\n")
    (found,) = findings_of('locals {\n  a = templatefile("boot.sh", { x = 1 })\n}')
    assert found == ("boot.sh", 1, "'y' has no value. Give it in the mapping of templatefile: { y = … }.")


def test_all_errors_of_all_files_come_at_once_in_order(findings_of):
    found = findings_of(
        'topology "p" {\n  role "w" {\n    cuont = [var.a, var.b]\n    size  = [var.c, var.d]\n  }\n}',
        "locals {\n  a = 1 +\n}",
        'environment "e" {\n}\nrecovery "r" {\n}',
    )
    places = [place[:2] for place in found]
    assert places == sorted(places)
    assert {file for file, _ in places} == {"0.hcl", "1.hcl", "2.hcl"}
    assert len([place for place in places if place == ("2.hcl", 3)]) == 5


def test_what_an_unreadable_file_may_declare_is_not_missed(findings_of):
    found = findings_of("locals {\n  a = local.b\n}", "locals {\n  b = \n}")
    assert [place[:2] for place in found] == [("1.hcl", 2)]


def test_a_broken_local_is_reported_once(findings_of):
    found = findings_of("locals {\n  a = nope()\n  b = local.a\n  c = [local.a, local.b]\n}")
    assert [place[1] for place in found] == [2]


def test_every_member_of_a_list_is_looked_at(findings_of):
    assert len(findings_of("locals {\n  a = [nope(), nah(), { b = var.c }]\n}")) == 3


@pytest.mark.parametrize(
    "text", ["}", "{", "a {{", '"', "a = ${", "<<EOT", "/* abc", "\\", "a = \x00", "= 1", "é = 1"]
)
def test_no_text_brings_a_traceback(text, findings_of):
    assert "UnexpectedToken" not in str(findings_of(text))


def location_of(load_hcl, text, **variables):
    """Where the only mistake of a text is."""
    with pytest.raises(DeclarationError) as error:
        load_hcl(text, **variables)
    (finding,) = error.value.findings
    return finding.location


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('topology "p" {\n  role "w" {\n    cuont = 3\n  }\n}', 3, 5),
        ("locals {\n  a = 1 + nope()\n}", 2, 11),
        ("locals {\n  a = { b = 1 }.c\n}", 2, 16),
        ("locals {\n  a = [1, 2\n  b = 3\n}", 3, 3),
        ('locals {\n  größe = "é\n}', 2, 11),
        ("locals {\n  a = <<-EOT\n    x\n      y ${1 + nope}\n  EOT\n}", 4, 15),
        ("locals {\n  a = <<-EOT\n    ${[\n      nope]}\n  EOT\n}", 4, 7),
        ('topology "p" {\n  role "w" {\n', 2, 12),
    ],
)
def test_an_error_has_its_column_and_the_line_of_the_file(text, line, column, load_hcl):
    place = location_of(load_hcl, text)
    assert (place.line, place.column) == (line, column)
    assert place.exact.endswith(f"0.hcl:{line}:{column}")
    assert place.source == text.split("\n")[line - 1]


SECRET = 'variable "key" {\n  sensitive = true\n  default   = "hunter2"\n}\n'


def test_a_line_that_may_hold_a_secret_is_not_shown(load_hcl):
    assert location_of(load_hcl, SECRET.replace('"hunter2"', "hunter2")).source == ""
    assert location_of(load_hcl, SECRET.replace('"hunter2"', '"hunter2')).source == ""
    assert location_of(load_hcl, SECRET + 'locals {\n  a = "hunter2\n}').source == ""
    assert location_of(load_hcl, SECRET + "locals {\n  a = nope()\n}").source == "  a = nope()"


@pytest.mark.parametrize(
    "text",
    [
        'user_data = "hunter2 ${nope()}"',
        'user_data = "hunter2',
        "user_data = <<-EOT\n#!/bin/sh\nhunter2 ${nope()}\nEOT",
        "user_data = <<-EOT\nhunter2 ${1 + }\nEOT",
        'ssh_keys = ["hunter2 ${nope()}"]',
    ],
)
def test_a_line_of_what_a_host_is_given_at_birth_is_not_shown(text, load_hcl):
    role = 'topology "p" {\n  role "w" {\n%s\n  }\n}'
    assert location_of(load_hcl, role % text).source == ""


def test_a_role_on_one_line_with_its_user_data_is_not_shown(load_hcl):
    (topology,) = load_hcl('topology "p" {\n  role "w" { user_data = "hunter2" }\n}').topologies
    assert topology.roles[0].location.source == ""
    assert topology.location.source == 'topology "p" {'


def test_the_console_shows_the_line_with_a_mark_under_the_column(load_hcl, capsys):
    with pytest.raises(DeclarationError) as error:
        load_hcl('topology "p" {\n  role "w" {\n    instance_type = "x"\n  }\n}')
    show_error(error.value)
    shown = capsys.readouterr().err.splitlines()
    assert shown[0].endswith("0.hcl:3:5: error: there is no 'instance_type' in a role block")
    assert shown[1:3] == ['  3 |     instance_type = "x"', "          ^"]
    assert shown[3].startswith('  Write size = "large".')
