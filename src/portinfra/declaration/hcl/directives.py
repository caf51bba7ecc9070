"""The result of a template: its values, its conditions `%{if …}` and its loops `%{for …}`."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias

from attrs import field

from portinfra.declaration.hcl import evaluator, loops
from portinfra.declaration.hcl.bounds import LARGEST_VALUE, SMALLER, TOO_LARGE
from portinfra.declaration.hcl.problem import all_of, problem
from portinfra.declaration.hcl.source import DEEPEST
from portinfra.declaration.hcl.templates import Mark, Piece
from portinfra.declaration.hcl.tree import Expression
from portinfra.declaration.hcl.values import to_text
from portinfra.model.location import Location
from portinfra.value import frozen

CLOSED_BY = {"if": "endif", "for": "endfor"}


class Evaluator(evaluator.Evaluator, Protocol):
    """The evaluator, as templates need it."""

    location: Location

    def count(self, value: Any, tree: Expression) -> None:
        """Count the work of an expression with its value. Raises Problem if it is too much."""


@frozen
class Directive:
    """An opening directive, and the nodes up to its closing one."""

    mark: Mark
    body: list["Node"] = field(factory=list)
    otherwise: list["Node"] = field(factory=list)
    """The nodes behind `%{else}`."""


Node: TypeAlias = "str | Mark | Directive"


def make_text(evaluator: Evaluator, pieces: Sequence[Piece]) -> Any:
    """Return the text of the pieces; a single `${…}` keeps its own type. Raises Problem."""
    match pieces:
        case [Mark(word="", expression=expression)] if expression is not None:
            return evaluator.value(expression)
    return _text(evaluator, nest(pieces))


def nest(pieces: Sequence[Piece]) -> list[Node]:
    """Return the pieces as a tree: nodes between two directives are below the first. Raises Problem."""
    nodes: list[Node] = []
    open_: list[Directive] = []
    lists = [nodes]  # the lists of nodes: of the whole text, and of each open directive
    for piece in pieces:
        word = piece.word if isinstance(piece, Mark) else ""
        if not isinstance(piece, Mark) or not word:
            lists[-1].append(piece)
        elif word in CLOSED_BY:
            if len(open_) == DEEPEST:
                message = f"more than {DEEPEST} directives are open here"
                raise problem("nesting", message, "Put a part into a local of its own.", piece.place)
            directive = Directive(piece)
            lists[-1].append(directive)
            open_.append(directive)
            lists.append(directive.body)
        elif word == "else" and open_ and open_[-1].mark.word == "if" and lists[-1] is open_[-1].body:
            lists[-1] = open_[-1].otherwise
        elif open_ and word == CLOSED_BY[open_[-1].mark.word]:
            open_.pop()
            lists.pop()
        else:
            raise problem("syntax", f"%{{{word}}} closes nothing here", _fix(word, open_), piece.place)
    if open_:
        mark = open_[-1].mark
        fix = f"Close it with %{{ {CLOSED_BY[mark.word]} }}."
        raise problem("syntax", f"%{{{mark.word} …}} is not closed", fix, mark.place)
    return nodes


def _fix(word: str, open_: Sequence[Directive]) -> str:
    if open_:
        mark = open_[-1].mark
        return f"Close the %{{ {mark.word} }} of line {mark.place.line} with %{{ {CLOSED_BY[mark.word]} }}."
    return f"Write %{{ {'for' if word == 'endfor' else 'if'} … }} before it, or remove it."


def _text(evaluator: Evaluator, nodes: Sequence[Node]) -> str:
    return _join(evaluator, all_of(partial(_text_of_node, evaluator), nodes))


def _text_of_node(evaluator: Evaluator, node: Node) -> str:
    if isinstance(node, str):
        return node
    expression = node.mark.expression if isinstance(node, Directive) else node.expression
    assert expression is not None, "only marks that close have none"
    if isinstance(node, Mark):
        try:
            return to_text(evaluator.value(expression))
        except TypeError as error:
            fix = "Use text, a number, true or false."
            raise evaluator.wrong(expression, "type", str(error), fix) from None
    if node.mark.word == "if":
        return _text(evaluator, node.body if evaluator.truth(expression) else node.otherwise)
    return _join(evaluator, _rounds(evaluator, node, expression))


def _rounds(evaluator: Evaluator, node: Directive, expression: Expression) -> Iterator[str]:
    for inner in loops.rounds(evaluator, node.mark.names, expression):
        text = _text(inner, node.body)
        evaluator.count(text, expression)
        yield text


def _join(evaluator: Evaluator, texts: Iterable[str]) -> str:
    """Return the texts as one. Raises Problem as soon as the result is too long."""
    made: list[str] = []
    length = 0
    for text in texts:
        length += len(text)
        if length > LARGEST_VALUE:
            raise problem("too-large", TOO_LARGE, SMALLER, evaluator.location)
        made.append(text)
    return "".join(made)
