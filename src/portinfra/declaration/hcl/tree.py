"""The tree of a parsed HCL text. Trees of python-hcl2 have the same form, so all other modules read both."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from portinfra.declaration.hcl.source import Source
from portinfra.model.location import Location
from portinfra.value import define, frozen

BLANK = "new_line_or_comment"


class Token(str):
    """One sign, name or literal of the text, with the name of its kind in the grammar."""

    __slots__ = ("type",)
    type: str

    def __new__(cls, kind: str, text: str) -> "Token":
        """Return a token of a kind."""
        made = super().__new__(cls, text)
        made.type = kind
        return made


@define
class Meta:
    """The place of a tree in its text. Lines and columns begin at 1, positions at 0."""

    line: int
    column: int
    end_line: int
    start_pos: int
    empty: bool = False
    """Whether the tree has no token, and so no place."""


@frozen
class Tree:
    """A rule of the grammar, with its trees and tokens from left to right."""

    data: str
    """The name of the rule."""
    children: Sequence[Any]
    meta: Meta


Expression: TypeAlias = Tree
"""A tree that has a value."""


def is_token(child: Any, kind: str = "") -> bool:
    """Return whether a child of a tree is a token, and of that kind."""
    return isinstance(child, str) and kind in ("", getattr(child, "type", ""))


def parts(tree: Tree) -> list[Tree]:
    """Return the trees below, without signs, blank lines and comments."""
    return [child for child in tree.children if not is_token(child) and child.data != BLANK]


def tokens(tree: Tree) -> Iterator[Any]:
    """Yield all tokens of a tree, from left to right."""
    ahead: list[Any] = [tree]
    while ahead:
        piece = ahead.pop()
        if is_token(piece):
            yield piece
        else:
            ahead += reversed(piece.children)


def subtrees(tree: Tree) -> Iterator[Tree]:
    """Yield a tree and all trees below it."""
    ahead = [tree]
    while ahead:
        one = ahead.pop()
        yield one
        ahead += [child for child in one.children if not is_token(child)]


def place_of(tree: Tree, source: Source, otherwise: Location) -> Location:
    """Return the place at which a tree begins."""
    return otherwise if tree.meta.empty else source.at(tree.meta.line, tree.meta.column)
