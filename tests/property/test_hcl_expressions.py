"""An expression has the value that HCL's specification gives it; other texts have an error with its place."""

import json
import operator
from fractions import Fraction

import pytest
from examples import examples
from hcl_values import value_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portinfra.declaration.load import load
from portinfra.errors import DeclarationError

# An oracle: each drawn expression is a pair of its text and its value, which is computed beside it.
WHOLE = st.integers(-50, 50).map(lambda number: (f"({number})", Fraction(number)))
DECIMAL = st.integers(-500, 500).map(lambda number: (f"({number / 100:.2f})", Fraction(number, 100)))
AS_TEXT = st.integers(-9, 9).map(lambda number: (f'"{number}"', Fraction(number)))
DIVISORS = (1, 2, -2, 4, 5, -8, 10, 20)
"""Numbers by which a decimal number can be divided without an end of its digits being lost."""


def truncated(dividend, divisor):
    """Return the remainder, which has the sign of the dividend."""
    return dividend - divisor * int(dividend / divisor)


def reckoned(inner):
    """Return a strategy for operations on numbers."""
    pair = st.tuples(inner, inner)
    return st.one_of(
        pair.map(lambda p: (f"({p[0][0]} + {p[1][0]})", p[0][1] + p[1][1])),
        pair.map(lambda p: (f"({p[0][0]} - {p[1][0]})", p[0][1] - p[1][1])),
        pair.map(lambda p: (f"({p[0][0]} * {p[1][0]})", p[0][1] * p[1][1])),
        pair.filter(lambda p: p[1][1]).map(
            lambda p: (f"({p[0][0]} % {p[1][0]})", truncated(p[0][1], p[1][1]))
        ),
        st.tuples(inner, st.sampled_from(DIVISORS)).map(lambda p: (f"({p[0][0]} / {p[1]})", p[0][1] / p[1])),
        inner.map(lambda one: (f"(-{one[0]})", -one[1])),
        st.tuples(truths, pair).map(
            lambda t: (f"({t[0][0]} ? {t[1][0][0]} : {t[1][1][0]})", t[1][0][1] if t[0][1] else t[1][1][1])
        ),
    )


leaves = WHOLE | DECIMAL | AS_TEXT
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
truths = st.tuples(leaves, leaves, st.sampled_from(sorted(COMPARISONS))).map(
    lambda drawn: (
        f"({drawn[0][0]} {drawn[2]} {drawn[1][0]})",
        COMPARISONS[drawn[2]](drawn[0][1], drawn[1][1]),
    )
)
numbers = st.recursive(leaves, reckoned, max_leaves=8)


@settings(max_examples=examples(150), deadline=None)
@given(numbers, numbers)
def test_reckoning_is_exact(left, right):
    assert value_of(f"{left[0]} - {right[0]}") == float(left[1] - right[1])
    assert value_of(f"{left[0]} + 0 == {right[0]} + 0") == (left[1] == right[1])


@settings(max_examples=examples(100), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 9)), min_size=1, max_size=12), st.integers(0, 9)
)
def test_operators_bind_as_in_the_table_of_the_specification(terms, first):
    text = " ".join([str(first), *(f"{sign} {number}" for sign, number in terms)])
    assert value_of(text) == eval(text)  # these have the same precedence in Python


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1, max_size=2), inner),
    max_leaves=6,
)


def written(value):
    """Return a value as HCL writes it."""
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {written(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


@settings(max_examples=examples(100), deadline=None)
@given(values, values)
def test_equal_values_are_equal_and_others_are_not(left, right):
    def typed(value):
        if isinstance(value, list):
            return [typed(item) for item in value]
        if isinstance(value, dict):
            return {key: typed(item) for key, item in value.items()}
        return type(value), value

    assert value_of(f"{written(left)} == {written(right)}") is (typed(left) == typed(right))
    assert value_of(written(left)) == left


TEXTS = st.sampled_from(["a", " b\n", "\n  c ", "$$", "é"]).map(lambda text: (text, text))
SHOWN = st.integers(-9, 9).map(lambda number: (f"${{{number}}}", str(number)))


def templates_of(inner):
    """Return a strategy for templates with directives, which have no strip markers."""
    body = st.lists(inner, max_size=3).map(
        lambda parts: ("".join(written for written, _ in parts), "".join(text for _, text in parts))
    )
    return st.one_of(
        body,
        st.tuples(truths, body, body).map(
            lambda t: (
                f"%{{ if {t[0][0]} }}{t[1][0]}%{{ else }}{t[2][0]}%{{ endif }}",
                t[1 if t[0][1] else 2][1],
            )
        ),
        st.tuples(truths, body).map(
            lambda t: (f"%{{if {t[0][0]}}}{t[1][0]}%{{endif}}", t[1][1] if t[0][1] else "")
        ),
        st.tuples(st.integers(0, 3), body).map(
            lambda t: (f"%{{ for x in range({t[0]}) }}${{x}}{t[1][0]}%{{ endfor }}",
                       "".join(f"{x}{t[1][1]}" for x in range(t[0])))
        ),
    )  # fmt: skip


templates = st.recursive(TEXTS | SHOWN, templates_of, max_leaves=8)


@settings(
    max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(templates)
def test_a_template_has_the_same_text_in_quotes_in_a_heredoc_and_in_a_file(tmp_path, template):
    written, text = template
    (tmp_path / "drawn.tpl").write_text(f".{written}\n")
    quoted = f".{written}".replace("\n", "\\n")
    assert value_of(f'"{quoted}"') == f".{text}"
    assert value_of(f"<<EOT\n.{written}\nEOT\n") == f".{text}\n"
    assert value_of('templatefile("drawn.tpl", {})', tmp_path) == f".{text}\n"


PIECES = (
    *'"{}[]()=,.:?!%$\\/*+-<>&|~#\n é1a',
    "${", "%{", "<<EOT\n", "EOT\n", "//", "/*", "*/", "=>", "...", "null", "true", "1e400", "9" * 320,
    "local.it", "var.x", "try(", "can(", "format(", "range(", "[*]", ".*", "for x in", " if ", "[1]",
    "%{ if true ~}", "%{ else }", "%{endif}", "%{ for x in [1] }", "%{~ endfor ~}", "${~", "~}",
    "{ a = 1 }", " ? 1 : ", "$${", "role", "templatefile(", "jsonencode(", "replace(", '"/"', "-1",
)  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@settings(
    max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=texts, whole=st.booleans())
def test_any_text_has_a_value_or_an_error_with_its_line_and_column(text, whole, tmp_path):
    file = tmp_path / "drawn.hcl"
    file.write_text(text if whole else f"locals {{\n  it = {text}\n}}\n", encoding="utf-8")
    lines = file.read_text(encoding="utf-8").split("\n")
    for finding in mistakes_in(file):
        place = finding.location
        assert place.file == str(file)
        assert 1 <= place.line <= len(lines), finding
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1, finding
        assert finding.message
        assert finding.fix


def mistakes_in(file):
    """Return what is wrong with a file. Any exception but DeclarationError fails the test."""
    try:
        load(file)
    except DeclarationError as error:
        return error.findings
    return ()


MANY = 100_000
HEAD = "locals {\n  a = 1\n  it = "
CHAIN = "".join(f"a{n} = local.a{n + 1}\n" for n in range(2000))
LONG = {
    "open parentheses": HEAD + "(" * MANY,
    "closed lists": HEAD + "[" * MANY + "]" * MANY + "\n}",
    "open templates": HEAD + '"${' * MANY,
    "blocks": "a {\n" * MANY + "}\n" * MANY,
    "closing braces": "}" * MANY,
    "a long sum": HEAD + "1" + " + 1" * (MANY // 20) + "\n}",
    "a long path": HEAD + "local.a" + ".b" * (MANY // 20) + "\n}",
    "splats": HEAD + "[1]" + "[*]" * (MANY // 20) + "\n}",
    "conditions": HEAD + "true ? 1 : " * (MANY // 20) + "1\n}",
    "conditions within conditions": HEAD + "true ? " * (MANY // 20) + "1" + " : 1" * (MANY // 20) + "\n}",
    "a heredoc of blank lines": HEAD + "<<E\n" + "\n" * MANY + "E\n}",
    "a heredoc that is not closed": HEAD + "<<E\n" + "\n" * MANY + "\n}",
    "a heredoc of expressions": HEAD + "<<E\n" + "${1}\n" * (MANY // 50) + "E\n}",
    "directives": HEAD + "<<E\n" + "%{ if true }" * (MANY // 50) + "\nE\n}",
    "closed directives": HEAD + '"' + "%{ if true }a%{ endif }" * (MANY // 50) + '"\n}',
    "strip markers": HEAD + '"' + "${~ 1 ~}" * (MANY // 50) + '"\n}',
    "escaped dollars": HEAD + '"' + "$${" * MANY + '"\n}',
    "comments": "/*" * MANY,
    "quotes": HEAD + '"' * MANY,
    "digits": HEAD + "9" * MANY + "\n}",
    "a chain of locals": f"locals {{\na2000 = 1\n{CHAIN}}}",
    "a circle of locals": f"locals {{\na2000 = local.a0\n{CHAIN}}}",
    "a deep value": "locals {\n" + "".join(f"a{n + 1} = [local.a{n}]\n" for n in range(2000)) + "a0 = 1\n}\n"
    'topology "p" {\n  role "w" {\n    user_data = jsonencode(local.a2000)\n'
    "    native = { aws = { it = local.a2000 } }\n  }\n}",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_a_long_or_deep_text_has_a_value_or_an_error_in_time(name, tmp_path):
    """Were the time quadratic in the length, these would take minutes."""
    file = tmp_path / "long.hcl"
    file.write_text(LONG[name], encoding="utf-8")
    assert all(finding.location.line and finding.location.column for finding in mistakes_in(file))


def test_a_chain_of_any_length_has_its_value():
    assert value_of("1" + " + 1" * 3000) == 3001
    assert value_of("false ? 1 : " * 3000 + "2") == 2


def test_nesting_has_a_limit_and_a_place(tmp_path):
    file = tmp_path / "deep.hcl"
    file.write_text("locals {\n  a = " + "[" * 59 + "]" * 59 + "\n  b = " + "[" * 60 + "]" * 60 + "\n}\n")
    (finding,) = mistakes_in(file)
    assert (finding.location.line, finding.location.column) == (3, 6 + 60)
    assert "more than 60 brackets are open" in finding.message
