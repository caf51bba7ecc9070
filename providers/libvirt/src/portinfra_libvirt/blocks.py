"""The subset of HCL for a file of sites: blocks of plain values, with the line of each."""

import json
from collections.abc import Iterator
from typing import Any

from attrs import field, frozen

from portinfra.errors import InvalidRequest


@frozen
class Attribute:
    """`name = value`: the value is a text, a number, a boolean, or a list of these."""

    value: Any
    line: int


@frozen
class Block:
    """`kind "label" { … }`. The whole file is one block without a kind."""

    kind: str
    labels: tuple[str, ...]
    line: int
    attributes: dict[str, Attribute] = field(factory=dict)
    blocks: list["Block"] = field(factory=list)


def parse(text: str, file: str, problems: list[str]) -> Block:
    """Return the whole file. Values that are not plain are added to `problems`.

    Raises InvalidRequest at the first line that is not HCL.
    """
    from hcl2.api import parses_to_tree
    from lark.exceptions import UnexpectedInput

    last = text.count("\n") + 1
    try:
        tree = parses_to_tree(text if text.endswith("\n") else text + "\n")
    except UnexpectedInput as error:
        line = getattr(error, "line", 0)
        line = line if isinstance(line, int) and 0 < line <= last else last
        raise InvalidRequest(
            f"{file}:{line}: this is not HCL", provider="libvirt", fix="Correct that line."
        ) from None
    return _block("", (), 1, tree.children[0], file, problems)


def _block(kind: str, labels: tuple[str, ...], line: int, body: Any, file: str, problems: list[str]) -> Block:
    block = Block(kind, labels, line)
    for piece in _pieces(body):
        at = piece.meta.line
        if piece.data == "block":
            head, *rest = _pieces(piece)
            names = tuple(_name(each) for each in rest if each.data != "body")
            block.blocks.append(_block(_name(head), names, at, rest[-1], file, problems))
            continue
        name = _name(piece.children[0])
        if name in block.attributes:
            problems.append(
                f"{file}:{at}: {name} is set twice; line {block.attributes[name].line} sets it, too"
            )
            continue
        try:
            value = _value(piece.children[-1])
        except ValueError as error:
            problems.append(f"{file}:{at}: {name} is {error}: write a text, a number, or a list of texts")
            value = None
        block.attributes[name] = Attribute(value, at)
    return block


def _pieces(tree: Any) -> Iterator[Any]:
    """Return the children of a tree, without line breaks and comments."""
    return (each for each in tree.children if getattr(each, "data", _BLANK) != _BLANK)


_BLANK = "new_line_or_comment"


def _name(tree: Any) -> str:
    return str(_value(tree) if tree.data == "string" else tree.children[0])


def _value(tree: Any) -> Any:
    """Return a plain value. Raises ValueError, with the kind of value, for one that needs evaluation."""
    if tree.data == "expr_term" and len(tree.children) == 1:
        return _value(tree.children[0])
    if tree.data == "string":
        parts = [part for piece in _pieces(tree) for part in piece.children]
        if any(hasattr(part, "data") for part in parts):
            raise ValueError("an expression")
        return json.loads(f'"{"".join(map(str, parts))}"', strict=False)
    if tree.data == "tuple":
        return [_value(each) for each in _pieces(tree)]
    if tree.data in ("int_lit", "float_lit", "literal_value"):
        return json.loads(str(tree.children[0]))
    raise ValueError("not a plain value")
