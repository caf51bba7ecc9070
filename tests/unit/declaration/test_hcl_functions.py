"""Functions, operators and conversions have the values that the documentation of HCL and Terraform gives."""

import pytest
from hcl_values import value_of

from portinfra.declaration.hcl.problem import Problem


def is_(found, value):
    return found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("-7 % -3", -1),
        ("7.5 % 2", 1.5),
        ("-7.5 % 2", -1.5),
        ("0.1 + 0.2", 0.3),
        ("0.1 + 0.2 == 0.3", True),
        ("9007199254740993 + 0", 9007199254740993),
        ('"x${1000000.0 * 1000000000000000}"', "x1000000000000000000000"),
        ('"${0.1 + 0.2}x"', "0.3x"),
        ("2 - 1 - 1", 0),
        ("8 / 2 / 2", 2),
        ("1 + 2 * 3 == 7 && !false", True),
    ],
)
def test_numbers_are_decimal_and_a_remainder_has_the_sign_of_the_dividend(expression, value):
    assert is_(value_of(expression), value)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('"5" + 1', 6),
        ('-"5"', -5),
        ('"2" < "10"', True),
        ('!"true"', False),
        ('"1" && true', True),
        ('"false" ? 1 : 2', 2),
        ('[10, 20]["1"]', 20),
        ('{ "1" = "a" }[1]', "a"),
        ("{ (1) = 2 }", {"1": 2}),
        ("upper(true)", "TRUE"),
        ('join("-", [1, true, "a"])', "1-true-a"),
        ('format("%d %s", "7", 7)', "7 7"),
        ('true ? 1 : "a"', "1"),
        ('false ? "a" : true', "true"),
        ("true ? 1 : null", 1),
        ("false ? 1 : true ? 2 : upper([])", 2),
        ('1 == "1"', False),
        ("true == 1", False),
        ("[true] == [1]", False),
        ("null == null", True),
        ("1.0 == 1", True),
    ],
)
def test_values_are_converted_where_another_type_is_needed_and_not_where_they_are_compared(expression, value):
    assert is_(value_of(expression), value)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[{ a = [1, 2] }, { a = [3] }].*.a[0]", [1, 2]),
        ("[{ a = [1, 2] }, { a = [3] }][*].a[0]", [1, 3]),
        ("[{ a = [1, 2] }, { a = [3] }].*.a.0", [1, 3]),
        ("[{ a = { b = 1 } }, { a = { b = 2 } }].*.a[1].b", 2),
        ("[{ a = [{ b = 1 }] }, { a = [{ b = 2 }] }][*].a[*].b", [[1], [2]]),
        ("([{ a = [1] }][*].a)[0]", [1]),
        ("{ a = 1 }[*].a", [1]),
        ("{ a = 1 }.*.a", [1]),
        ("null[*]", []),
        ("5.*", [5]),
    ],
)
def test_a_splat_takes_what_follows_it_of_each_member(expression, value):
    assert is_(value_of(expression), value)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('cidrhost("10.0.0.0/8", 2)', "10.0.0.2"),
        ('cidrhost("10.0.0.0/8", -2)', "10.255.255.254"),
        ('cidrhost("10.12.112.0/20", 268)', "10.12.113.12"),
        ('cidrhost("fd00:fd12:3456:7890:00a2::/72", 34)', "fd00:fd12:3456:7890::22"),
        ('flatten([["a", "b"], [], ["c"]])', ["a", "b", "c"]),
        ('flatten([[["a", "b"], []], ["c"]])', ["a", "b", "c"]),
        ("max(5, 12, 9)", 12),
        ("min([5, 12, 9]...)", 5),
        ("range(3)", [0, 1, 2]),
        ("range(1, 4)", [1, 2, 3]),
        ("range(1, 8, 2)", [1, 3, 5, 7]),
        ("range(1, 4, 0.5)", [1, 1.5, 2, 2.5, 3, 3.5]),
        ("range(4, 1)", [4, 3, 2]),
        ("range(10, 5, -2)", [10, 8, 6]),
        ('replace("1 + 2 + 3", "+", "-")', "1 - 2 - 3"),
        ('replace("hello world", "/w.*d/", "everybody")', "hello everybody"),
        (r'replace("10.0.0.1", "/(\\d+)\\.(\\d+)/", "$2-$1")', "0-10.1-0"),
        ('replace("aaa", "//", "-")', "-a-a-a-"),
        ('replace("a/b", "/", "-")', "a-b"),
        ('replace("abc", "/(b)/", "$$1")', "a$1c"),
        ('replace("abc", "/(b)/", "[${"$"}{1}]")', "a[b]c"),
        ('split(",", "foo,bar,baz")', ["foo", "bar", "baz"]),
        ('split(",", "")', [""]),
        ('tobool("true")', True),
        ('tonumber("1.50")', 1.5),
        ("tonumber(null)", None),
        ("tostring(1)", "1"),
        ("tostring(true)", "true"),
        ("tostring(null)", None),
        (r'trimspace("  hello\n\n")', "hello"),
        ('try({ a = 1 }.b, "otherwise")', "otherwise"),
        ("try({ a = 1 }.a, 2)", 1),
        ('can(tonumber("a"))', False),
        ("can(1 + 1)", True),
        ("values({ b = 1, a = 2 })", [2, 1]),
        ('yamlencode({ "a" : "b", "c" : "d" })', '"a": "b"\n"c": "d"\n'),
        (
            'yamlencode({ "foo" : [1, { "a" : "b", "c" : "d" }, 3], "bar" : "baz" })',
            '"bar": "baz"\n"foo":\n- 1\n- "a": "b"\n  "c": "d"\n- 3\n',
        ),
        ("yamlencode({ a = [], b = {}, c = null, d = { e = true } })",
         '"a": []\n"b": {}\n"c": null\n"d":\n  "e": true\n'),
        ("jsonencode([1.5, 1, null])", "[1.5,1,null]"),
    ],
)  # fmt: skip
def test_a_function_has_the_value_that_terraform_documents(expression, value):
    assert is_(value_of(expression), value)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ('"Hello, %s!", "Ander"', "Hello, Ander!"),
        ('"There are %d lights", 4', "There are 4 lights"),
        ('"%v %v %v %v", "a", 1.5, true, null', "a 1.5 true null"),
        ('"%#v", { a = [1] }', '{"a":[1]}'),
        ('"%q", "a\\"b"', '"a\\"b"'),
        ('"%b %o %x %X", 5, 8, 255, 255', "101 10 ff FF"),
        ('"%f %9.2f|%.0f|%.f", 1.5, 3.14159, 2.5, 2.7', "1.500000      3.14|2|3"),
        ('"%e %E %.0e", 1234.5, 0.00012345, 12345', "1.234500e+03 1.234500E-04 1e+04"),
        ('"%g %g %G", 100000, 1e22, 1e-9', "100000 1e+22 1E-09"),
        ('"%+d|% d|%-4d|%04d|%4d", 1, 1, 1, -1, 1', "+1| 1|1   |-001|   1"),
        ('"%5s|%-5s|%.2s", "ab", "ab", "abc"', "   ab|ab   |ab"),
        ('"%[2]s %[1]s", "a", "b"', "b a"),
        ('"%t %%", "true"', "true %"),
        ('"%d", 9007199254740993', "9007199254740993"),
        ('"%d", 1e300', "1" + "0" * 300),
        ('"%f", 1e300', "1" + "0" * 300 + ".000000"),
    ],
)
def test_format_knows_the_verbs_of_terraform(pattern, value):
    assert value_of(f"format({pattern})") == value


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("1 % 0", "division by zero"),
        ("1e999", "the number is too large"),
        ("1e-999", "the number is too small"),
        ("9" * 5000, "too many digits"),
        ("1e200 * 1e200", "the number is too large"),
        ('tonumber("no")', "not a number"),
        ('tonumber(" 1")', "not a number"),
        ('tonumber("0x1F")', "not a number"),
        ('tobool("yes")', "neither true nor false"),
        ("tostring([])", "takes text, not a list"),
        ("range(1, 2, 0)", "the step must lead"),
        ("range(1e9)", "at most 1024"),
        ('cidrhost("10.0.0.0/30", 4)', "4 addresses"),
        ('cidrhost("10.0.0.0", {})', "takes a number"),
        ('replace("a", "/(/", "b")', "not a regular expression"),
        ('replace("a", "/(a)/", "$١")', "does not have a group"),
        ('replace("a", "/(a)/", "$01")', "does not have a group"),
        ('replace("a", "/(a)/", "$1²")', "has letters, digits and _ only"),
        ('replace("a", "/(?=a)/", "b")', "not a regular expression of RE2"),
        (
            'replace(join("", [for n in range(1024) : "aaaaaaaaaaaaaaaaaaaa"]), "/a.*b|a/", "b")',
            "too long for",
        ),
        ('tonumber("abc")', "tonumber() cannot do this with text: this text is not a number"),
        ("tonumber([])", "tonumber() cannot do this with a list: takes a number, not a list"),
        ('format("%d", 1.5)', "takes no number with a fraction"),
        ('format("%d")', "needs more than the 0"),
        ('format("%d", 1, 2)', "2 values are given, but the pattern needs 1"),
        ('format("%y", 1)', "%y is no verb"),
        ('format("%99999999d", 1)', "at most 1000"),
        ('format("%s", null)', "takes no null"),
        ('format("100%")', "write %%"),
        ("try(local.nope, 1)", "no local 'nope'"),
        ("can(var.nope)", "no variable 'nope'"),
        ("try()", "one argument or more"),
        ("1 ? 2 : 3", "true or false, not a number"),
        ("[1][0.5]", "no members by a number with a fraction"),
        ("[1][-1]", "the list has 1 member"),
    ],
)
def test_what_has_no_value_is_an_error_with_its_reason(expression, words):
    with pytest.raises(Problem) as error:
        value_of(expression)
    (finding,) = error.value.findings
    assert words in f"{finding.message}. {finding.fix}"
    assert finding.location.line == 1
    assert finding.location.column >= 1


def test_letters_beyond_ascii_may_be_in_names():
    assert value_of('{ größe = 1, 名 = "é" }.größe') == 1
    assert value_of('[for größe in ["ä"] : "${größe}é"]') == ["äé"]
    assert value_of('{ größe = 1, gröse = 2 }') == {"größe": 1, "gröse": 2}  # fmt: skip


def test_a_template_file_knows_its_variables_and_nothing_else(tmp_path):
    (tmp_path / "boot.sh").write_text("#!/bin/sh\n${upper(name)} $${HOME} %%{x}\n${count}\n")
    call = 'templatefile("boot.sh", { name = "web", count = 2 })'
    assert value_of(call, tmp_path) == "#!/bin/sh\nWEB ${HOME} %{x}\n2\n"
    with pytest.raises(Problem) as error:
        value_of('templatefile("boot.sh", { name = "web" })', tmp_path)
    (finding,) = error.value.findings
    assert (finding.location.file, finding.location.line, finding.location.column) == (
        str(tmp_path / "boot.sh"), 3, 3,
    )  # fmt: skip
    assert "'count' has no value" in finding.message


@pytest.mark.parametrize(
    "text", ['${templatefile("boot.sh", {})}', "${file", "${}", "%{ fi true }", "${1 +\n}"]
)
def test_a_broken_template_is_an_error_at_its_line(text, tmp_path):
    (tmp_path / "boot.sh").write_text(f"#!/bin/sh\n{text}\n")
    with pytest.raises(Problem) as error:
        value_of('templatefile("boot.sh", {})', tmp_path)
    (finding,) = error.value.findings
    assert finding.location.file == str(tmp_path / "boot.sh")
    assert finding.location.line in (2, 3)
    assert finding.location.column >= 1
