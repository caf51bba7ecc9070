"""A file or a pipe gets the text that rich would print there, without an import of rich."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from portinfra.render.console import terminal
from portinfra.render.console.styled import Indented, styled_text, table

texts = st.text("ab \n→é🛒顧", max_size=8)
styled = st.lists(texts | st.tuples(texts, st.sampled_from(["", "bold", "red"])), max_size=3).map(
    lambda parts: styled_text(*parts)
)
rows = st.lists(st.lists(texts | styled, min_size=3, max_size=3), max_size=4)


def both(shown):
    """Return what a pipe gets, and what rich writes to a file of the same width."""
    ours, theirs = io.StringIO(), io.StringIO()
    terminal._console(ours).print(shown)
    console = Console(file=theirs, width=terminal.WIDE, markup=False, highlight=False, emoji=False)
    console.print(shown, soft_wrap=not hasattr(shown, "lines"))
    return ours.getvalue(), theirs.getvalue()


@given(styled)
def test_a_styled_text_is_the_same(shown):
    ours, theirs = both(shown)
    assert ours == theirs


@given(st.tuples(*[st.sampled_from(["", "host", "größe"])] * 3), rows)
def test_a_table_is_the_same(headings, rows):
    shown = table(*headings)
    for row in rows:
        shown.add_row(*row)
    ours, theirs = both(shown)
    assert ours == theirs


def test_a_tab_is_spaces_up_to_the_next_eighth_column():
    ours, theirs = both(styled_text("a\t", ("bc\td", "bold"), "\n\te"))
    assert ours == theirs == "a       bc      d\n        e\n"


def test_each_line_is_indented():
    shown = table("a", "b")
    shown.add_row("1", "2")
    assert both(Indented(shown, 2))[0] == "  a   b\n  1   2\n"
    assert both(Indented("one\ntwo", 2))[0] == "  one\n  two\n"
