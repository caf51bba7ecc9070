"""The fast reader of plain HCL returns the tree of python-hcl2, or leaves the text to it."""

from pathlib import Path

import pytest
from examples import examples
from hcl2.api import parses_to_tree
from hypothesis import given, settings
from hypothesis import strategies as st
from lark.exceptions import UnexpectedInput

from portinfra.declaration.hcl.plain import read_plain
from portinfra.declaration.hcl.tree import BLANK, is_token

EXAMPLES = Path(__file__).parents[2] / "examples"


def shape(node):
    """Return a tree as a value: its tokens with their kinds, and the places that portinfra reads."""
    if is_token(node):
        return node.type, str(node)
    here = node.meta
    begin = None if node.data in ("start", "body") else (here.line, here.column, here.start_pos)
    end = here.end_line if node.data in ("attribute", "block") else None
    below = [shape(child) for child in node.children if is_token(child) or child.data != BLANK]
    return node.data, begin, end, below


names = st.sampled_from(["a", "role", "var", "_x-1", "format", "nullable", "in_2", "Z"])
spaces = st.sampled_from(["", " ", "  ", "\t"])
line_ends = st.sampled_from(["\n", "\n\n  ", " # a { b\n", ' // "\n', "\n\t# é\n\n"])
gaps = st.one_of(spaces, line_ends)
characters = st.sampled_from(
    ["a", " ", "é", "\\n", '\\"', "\\\\", "\\u00e9", "$", "%", "$ {", "#", "//", "b{", "]"]
)
plain_texts = st.lists(characters, max_size=5).map(lambda parts: f'"{"".join(parts)}"')
paths = st.lists(names, min_size=1, max_size=3).map(".".join)
leaves = st.one_of(
    plain_texts, paths, st.sampled_from(["0", "443", "007", "1.5", "10.25", "true", "false", "null"])
)


def values_of(inner):
    """Return a strategy for lists, mappings, calls and texts with `${…}` of such values."""
    members = st.lists(st.tuples(gaps, inner, spaces), max_size=3).map(
        lambda drawn: ",".join("".join(each) for each in drawn)
    )
    comma = st.sampled_from(["", ",", ", # all\n"])
    bracketed = st.tuples(members, comma, gaps).map(lambda t: t[0] + (t[1] if t[0] else "") + t[2])
    element = st.tuples(names | plain_texts, spaces, st.sampled_from("=:"), spaces, inner).map("".join)
    separators = st.one_of(line_ends, st.tuples(spaces, st.just(","), gaps).map("".join))
    elements = st.lists(st.tuples(element, separators).map("".join), max_size=3).map("".join)
    interpolated = st.tuples(characters, spaces, inner, spaces, characters).map(
        lambda t: f'"{t[0]} ${{{t[1]}{t[2]}{t[3]}}}{t[4]}"'
    )
    return st.one_of(
        bracketed.map(lambda text: f"[{text}]"),
        st.tuples(names, bracketed).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(gaps, elements).map(lambda t: f"{{{t[0]}{t[1]}}}"),
        interpolated,
    )


values = st.recursive(leaves, values_of, max_leaves=6)
attributes = st.tuples(names, spaces, st.just("="), spaces, values).map("".join)


def blocks_of(inner):
    """Return a strategy for blocks, with one attribute or block on each line."""
    heads = st.tuples(names, st.lists(st.tuples(st.just(" "), names | plain_texts).map("".join), max_size=2))
    lines = st.lists(st.tuples(inner, line_ends).map("".join), max_size=3).map("".join)
    bodies = st.one_of(st.tuples(line_ends, lines).map("".join), attributes.map(lambda one: f" {one} "))
    return st.tuples(heads, spaces, bodies).map(lambda t: f"{t[0][0]}{''.join(t[0][1])}{t[1]}{{{t[2]}}}")


pieces = st.recursive(attributes, blocks_of, max_leaves=5)
files = st.tuples(gaps, st.lists(st.tuples(pieces, line_ends).map("".join), max_size=3)).map(
    lambda t: t[0] + "".join(t[1])
)

STRANGE = (
    *'"{}[]()=,.:?!%$\\/*+-<>&|~#\n\r\f \té1a',
    "${", "%{", "$${", "%%{", "<<E\n", "/*", "*/", "==", "=>", "...", "::", "for", "if ", "in", "null", "[0]",
    "-1", "1e9", " + 1", "\n&& a", "\n, ", ".0", "[*]", ".true", "a = 1", '"b" = 2', "a {}", "a b", "each.in",
)  # fmt: skip


@settings(max_examples=examples(60), deadline=None)
@given(files)
def test_plain_hcl_has_the_tree_of_python_hcl2(text):
    tree = read_plain(text)
    assert tree is not None, "the fast reader reads all of these"
    assert shape(tree) == shape(parses_to_tree(text))


@settings(max_examples=examples(150), deadline=None)
@given(
    files, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 2), st.sampled_from(STRANGE)), max_size=2)
)
def test_any_other_text_has_that_tree_or_is_left_to_python_hcl2(text, changes):
    for place, removed, written in changes:
        at = place % (len(text) + 1)
        text = text[:at] + written + text[at + removed :]
    tree = read_plain(text)
    if tree is not None:
        assert shape(tree) == shape(parses_to_tree(text))


@pytest.mark.parametrize("rest", ["a = 1 + 1", "a = [for x in y : x]", "a = <<E\nb\nE", "a = x[0]", "a = -1"])
def test_forms_that_are_not_plain_are_left_to_python_hcl2(rest):
    assert read_plain(f"b = 1\n{rest}\n") is None
    parses_to_tree(f"b = 1\n{rest}\n")


@pytest.mark.parametrize("wrong", ["a = ", "a {", "a = 1 b = 2", "a = [1 2]", "a = { b = 1 c }", '"a" = 1'])
def test_wrong_texts_are_left_to_python_hcl2(wrong):
    assert read_plain(wrong) is None


def test_a_text_that_python_hcl2_refuses_is_not_plain():
    for wrong in ("a = 01a", "a = b.1c", 'a = "${}"', "in.a = 1", "a = [,]", "a = {,}"):
        with pytest.raises(UnexpectedInput):
            parses_to_tree(wrong)
        assert read_plain(wrong) is None


def test_the_example_platform_is_plain():
    assert read_plain((EXAMPLES / "payments.hcl").read_text(encoding="utf-8")) is not None
