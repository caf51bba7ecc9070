"""From an expression to its value.

Messages never show a value, as it may come from a sensitive variable; names and types say enough.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, cast

from lark import Token, Tree

from portinfra.declaration.files import read_beside
from portinfra.declaration.hcl import loops
from portinfra.declaration.hcl.functions import FUNCTIONS, in_words, same, show
from portinfra.declaration.hcl.problem import Problem, all_of, problem
from portinfra.declaration.hcl.scope import Computed, Scope
from portinfra.declaration.hcl.syntax import Attribute, Expression, line_of, parse_expression, parts
from portinfra.declaration.hcl.templates import Piece, pieces_of_heredoc
from portinfra.declaration.hcl.text import ESCAPES, unquote
from portinfra.errors import DeclarationError
from portinfra.model.location import Location
from portinfra.words import suggestion

LITERALS = {"true": True, "false": False, "null": None}

ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "PLUS": operator.add,
    "MINUS": operator.sub,
    "ASTERISK": operator.mul,
    "SLASH": operator.truediv,
    "PERCENT": operator.mod,
}
COMPARISON: Mapping[str, Callable[[Any, Any], bool]] = {
    "LT": operator.lt,
    "GT": operator.gt,
    "LEQ": operator.le,
    "GEQ": operator.ge,
}


def evaluate(attribute: Attribute, scope: Scope) -> Computed:
    """The value of an attribute. Raises Problem with everything that is wrong in it."""
    evaluator = Evaluator(scope, attribute.location)
    value = evaluator.value(attribute.expression)
    return Computed(value, frozenset(evaluator.secrets))


class Evaluator:
    """The values of one attribute's pieces, and the sensitive variables met on the way."""

    def __init__(self, scope: Scope, location: Location, bound: Mapping[str, Any] | None = None) -> None:
        self.scope = scope
        self.location = location
        self.bound = bound or {}
        self.secrets: set[str] = set()

    def with_names(self, bound: Mapping[str, Any]) -> "Evaluator":
        """The same, where a `for` has bound further names."""
        inner = Evaluator(self.scope, self.location, {**self.bound, **bound})
        inner.secrets = self.secrets
        return inner

    def value(self, tree: Expression) -> Any:
        """The value of a piece. Raises Problem."""
        method = getattr(self, f"_{tree.data}", None)
        if method is None:
            raise self.wrong(
                tree, "unsupported", "this form of expression is not read here", "Write it plainer."
            )
        return method(tree)

    def wrong(self, tree: Expression, rule: str, message: str, fix: str) -> Problem:
        """What is wrong with a piece, at its line."""
        return problem(rule, message, fix, self.place(tree))

    def place(self, tree: Expression) -> Location:
        """Where a piece stands."""
        return Location(self.location.file, line_of(tree, self.location.line))

    def _expr_term(self, tree: Expression) -> Any:
        return self.value(parts(tree)[0])

    def _int_lit(self, tree: Expression) -> int:
        return int("".join(map(str, tree.children)))

    def _float_lit(self, tree: Expression) -> Any:
        return _whole(float("".join(map(str, tree.children))))

    def _literal_value(self, tree: Expression) -> Any:
        return LITERALS[str(tree.children[0])]

    def _string(self, tree: Expression) -> Any:
        pieces: list[Piece] = []
        for part in parts(tree):
            inner = part.children[0]
            if isinstance(inner, Token):
                try:
                    pieces.append(unquote(str(inner)))
                except ValueError as error:
                    raise self.wrong(tree, "text", str(error), ESCAPES) from None
            elif inner.data == "interpolation":
                pieces.append(parts(inner)[0])
            else:
                raise self.wrong(
                    tree, "unsupported", "%{…} is not read here", "Use a condition: ${a ? b : c}."
                )
        return self._template(pieces)

    def _heredoc_template(self, tree: Expression) -> Any:
        pieces: list[Piece] = []
        for piece, line in pieces_of_heredoc(str(tree.children[0]), self.place(tree)):
            below = Location(self.location.file, line)
            pieces.append(piece if isinstance(piece, str) else parse_expression(piece.expression, below))
        return self._template(pieces)

    _heredoc_template_trim = _heredoc_template

    def _template(self, pieces: list[Piece]) -> Any:
        """The text that the pieces make; a single expression stands for itself."""
        if len(pieces) == 1 and isinstance(pieces[0], Tree):
            return self.value(pieces[0])
        return "".join(all_of(self._shown, pieces))

    def _shown(self, piece: Piece) -> str:
        if isinstance(piece, str):
            return piece
        try:
            return show(self.value(piece))
        except TypeError as error:
            raise self.wrong(piece, "type", str(error), "Put in text, a number, true or false.") from None

    def _tuple(self, tree: Expression) -> list[Any]:
        return all_of(self.value, parts(tree))

    def _object(self, tree: Expression) -> dict[str, Any]:
        return dict(all_of(self._element, parts(tree)))

    def _element(self, tree: Expression) -> tuple[str, Any]:
        key, value = parts(tree)
        return self._key(key), self.value(value)

    def _key(self, tree: Expression) -> str:
        inner = parts(tree)[0]
        if inner.data == "keyword":
            return str(inner.children[0])
        plain = parts(inner)[0] if inner.data == "expr_term" else inner
        bracketed = any(isinstance(child, Token) for child in inner.children)
        if plain.data in ("identifier", "literal_value") and not bracketed:
            return str(plain.children[0])
        return self.key(inner)

    def key(self, tree: Expression) -> str:
        """The value of a piece, as the key of a mapping. Raises Problem."""
        try:
            return show(self.value(tree))
        except TypeError:
            raise self.wrong(tree, "type", "a key must be text", "Put it in quotes.") from None

    def _for_tuple_expr(self, tree: Expression) -> Any:
        return loops.for_list(self, tree)

    def _for_object_expr(self, tree: Expression) -> Any:
        return loops.for_mapping(self, tree)

    def _identifier(self, tree: Expression) -> Any:
        name = str(tree.children[0])
        if name in self.bound:
            return self.bound[name]
        if name in ("var", "local"):
            raise self.wrong(tree, "unknown-name", f"{name!r} alone has no value", f"Write {name}.NAME.")
        if name in self.scope.variable_names:
            fix = f"Write var.{name}."
        elif name in self.scope.local_names:
            fix = f"Write local.{name}."
        else:
            fix = f'Text stands in quotes: "{name}".'
        raise self.wrong(tree, "unknown-name", f"{name!r} has no value", fix)

    def _get_attr_expr_term(self, tree: Expression) -> Any:
        of, accessor = parts(tree)
        return self._attribute_of(of, accessor)

    def _attribute_of(self, of: Expression, accessor: Expression) -> Any:
        name = str(parts(accessor)[0].children[0])
        root = _root(of)
        if root in ("var", "local") and root not in self.bound:
            return self._named(root, name, accessor)
        return self.member(self.value(of), name, accessor)

    def _named(self, root: str, name: str, tree: Expression) -> Any:
        place = self.place(tree)
        known = self.scope
        found = known.variable(name, place) if root == "var" else known.local(name, place, evaluate)
        self.secrets |= found.secrets
        return found.value

    def member(self, value: Any, key: Any, tree: Expression) -> Any:
        """One member of a list or mapping. Raises Problem."""
        if isinstance(value, dict):
            if isinstance(key, str) and key in value:
                return value[key]
            hidden = bool(self.secrets)
            known = () if hidden else value
            fix = (
                suggestion(str(key), known, "Look at how it is made.")
                if not hidden
                else "Look at how it is made."
            )
            what = "such member" if hidden else f"member {key!r}"
            raise self.wrong(tree, "unknown-member", f"the mapping has no {what}", fix)
        if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
            if 0 <= key < len(value):
                return value[key]
            fix = "Members are counted from 0."
            raise self.wrong(tree, "unknown-member", f"the list has {len(value)} members", fix)
        message = f"{in_words(value)} has no members by {in_words(key)}"
        raise self.wrong(tree, "type", message, "Take members of a list by number, of a mapping by name.")

    def _index_expr_term(self, tree: Expression) -> Any:
        of, accessor = parts(tree)
        return self.member(self.value(of), self._index(accessor), accessor)

    def _index(self, tree: Expression) -> Any:
        if tree.data == "short_index":
            return int(str(tree.children[-1]))
        return self.value(parts(tree)[0])

    def _full_splat_expr_term(self, tree: Expression) -> list[Any]:
        of, splat = parts(tree)
        value = self.value(of)
        items = value if isinstance(value, list) else [] if value is None else [value]
        for accessor in parts(splat):
            if accessor.data == "get_attr":
                key: Any = str(parts(accessor)[0].children[0])
            else:
                key = self._index(accessor)
            items = [self.member(item, key, accessor) for item in items]
        return items

    _attr_splat_expr_term = _full_splat_expr_term

    def _function_call(self, tree: Expression) -> Any:
        name, *rest = parts(tree)
        function = str(name.children[0])
        if function != "file" and function not in FUNCTIONS:
            fix = suggestion(function, [*FUNCTIONS, "file"])
            raise self.wrong(tree, "unknown-function", f"there is no function {function!r}", fix)
        arguments = self._arguments(rest[0]) if rest else []
        if function == "file":
            return self._file(arguments, tree)
        try:
            return FUNCTIONS[function](*arguments)
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            reason = "" if self.secrets else f": {_first_line(error)}"
            message = f"{function}() cannot do this{reason}"
            raise self.wrong(tree, "function", message, "Look at its arguments.") from None

    def _arguments(self, tree: Expression) -> list[Any]:
        values = all_of(self.value, parts(tree))
        spread = any(isinstance(child, Token) and child.type == "ELLIPSIS" for child in tree.children)
        if spread and isinstance(values[-1], list):
            return [*values[:-1], *values[-1]]
        return values

    def _file(self, arguments: list[Any], tree: Expression) -> str:
        if len(arguments) != 1 or not isinstance(arguments[0], str):
            raise self.wrong(tree, "function", "file() takes one path", 'Write file("boot.sh").')
        try:
            return read_beside(self.location.file, arguments[0], self.place(tree))
        except DeclarationError as error:
            message = "the file cannot be read" if self.secrets else str(error)
            raise self.wrong(tree, "file", message, error.fix) from None

    def _conditional(self, tree: Expression) -> Any:
        test, then, otherwise = parts(tree)
        return self.value(then if self.truth(test) else otherwise)

    def truth(self, tree: Expression) -> bool:
        """Whether a piece is true. Raises Problem for what is neither true nor false."""
        value = self.value(tree)
        if not isinstance(value, bool):
            message = f"a condition is true or false, not {in_words(value)}"
            raise self.wrong(tree, "type", message, "Compare it with something: a == b.")
        return value

    def _unary_op(self, tree: Expression) -> Any:
        sign = cast(Token, tree.children[0])
        operand = parts(tree)[0]
        if sign.type == "NOT":
            return not self.truth(operand)
        return -self._number(operand)

    def _number(self, tree: Expression) -> Any:
        value = self.value(tree)
        if isinstance(value, bool) or not isinstance(value, int | float):
            message = f"one reckons with numbers, not with {in_words(value)}"
            raise self.wrong(tree, "type", message, 'Put texts together as "${a}${b}".')
        return value

    def _binary_op(self, tree: Expression) -> Any:
        left, term = parts(tree)
        sign, right = parts(term)
        kind = cast(Token, sign.children[0]).type
        if kind == "DOUBLE_AMP":
            return self.truth(left) and self.truth(right)
        if kind == "DOUBLE_PIPE":
            return self.truth(left) or self.truth(right)
        if kind in ("DOUBLE_EQ", "NEQ"):
            return same(self.value(left), self.value(right)) == (kind == "DOUBLE_EQ")
        first, second = all_of(self._number, (left, right))
        if kind in COMPARISON:
            return COMPARISON[kind](first, second)
        try:
            return _whole(ARITHMETIC[kind](first, second))
        except (ZeroDivisionError, OverflowError):
            message, fix = "this has no result: division by zero, or too large", "Mend the numbers."
            raise self.wrong(tree, "arithmetic", message, fix) from None


def _root(tree: Expression) -> str:
    """The identifier that a piece is; empty where it is more than that."""
    while tree.data == "expr_term" and len(tree.children) == 1:
        tree = cast(Expression, tree.children[0])
    return str(tree.children[0]) if tree.data == "identifier" else ""


def _whole(number: Any) -> Any:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].replace("<lambda>() ", "it ")
