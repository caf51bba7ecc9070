"""The evaluation of expressions.

Messages never show a value, as it may come from a sensitive variable. They show names and types.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from portinfra.declaration import terraform
from portinfra.declaration.hcl import calls, loops, operations
from portinfra.declaration.hcl.accessors import chain, name_of, number_of, reach
from portinfra.declaration.hcl.arithmetic import Number, negate, read_number
from portinfra.declaration.hcl.bounds import MOST_ROUNDS, SMALLER, TOO_LARGE, Work, is_too_large
from portinfra.declaration.hcl.directives import make_text
from portinfra.declaration.hcl.functions import FUNCTIONS, wrong_number
from portinfra.declaration.hcl.problem import Problem, all_of, problem
from portinfra.declaration.hcl.scope import Computed, Scope
from portinfra.declaration.hcl.source import Source
from portinfra.declaration.hcl.syntax import Attribute
from portinfra.declaration.hcl.templates import pieces_of_heredoc, pieces_of_quoted, pieces_of_template
from portinfra.declaration.hcl.tree import Expression, is_token, parts, place_of
from portinfra.declaration.hcl.values import in_words, is_number, to_number, to_text, to_truth
from portinfra.declaration.terraform import Where
from portinfra.format import count, suggestion
from portinfra.model.location import Location

MOST_KINDS = 4
"""The most arguments that an error describes."""
LITERALS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}
NO_NAMES = Scope({}, {})


def evaluate(attribute: Attribute, scope: Scope) -> Computed:
    """Return the value of an attribute. Raises Problem with all its errors."""
    evaluator = Evaluator(scope, attribute.source, attribute.location)
    try:
        value = evaluator.value(attribute.expression)
    except RecursionError:
        fix = "Put a part into a local of its own."
        raise problem("nesting", "this is nested too deeply", fix, attribute.location) from None
    if is_too_large(value):
        raise problem("too-large", TOO_LARGE, SMALLER, attribute.location)
    return Computed(value, frozenset(evaluator.secrets))


class Evaluator:
    """The evaluator of one attribute. It collects the sensitive variables that it reads."""

    def __init__(self, scope: Scope, source: Source, location: Location) -> None:
        self.scope = scope
        self.source = source
        self.location = location
        self.bound: Mapping[str, Any] = {}
        self.secrets: set[str] = set()
        self.work: Work = Work()
        self.is_template = False
        """Whether it evaluates a file that `templatefile` reads."""

    def with_names(self, bound: Mapping[str, Any]) -> "Evaluator":
        """Return an evaluator that knows the names of a `for`, too."""
        inner = Evaluator(self.scope, self.source, self.location)
        inner.bound = {**self.bound, **bound}
        inner.secrets, inner.work, inner.is_template = self.secrets, self.work, self.is_template
        return inner

    def value(self, tree: Expression) -> Any:
        """Return the value of an expression. Raises Problem."""
        method = getattr(self, f"_{tree.data}", None)
        if method is None:
            raise self.wrong(
                tree, "unsupported", "portinfra does not read this form of expression", "Simplify it."
            )
        value = method(tree)
        self.count(value, tree)
        return value

    def count(self, value: Any, tree: Expression) -> None:
        """Count the work of an expression with its value. Raises Problem if it is too much."""
        if self.work.is_too_much(value):
            raise self.wrong(tree, "too-large", "this takes too many steps to compute", SMALLER)

    def count_round(self, tree: Expression) -> None:
        """Count a round of a loop. Raises Problem if there are too many."""
        if self.work.is_one_round_too_many():
            message = f"the loops of this value have more than {MOST_ROUNDS:,} rounds"
            fix = "Use shorter lists, or fewer nested loops."
            raise self.wrong(tree, "too-large", message, fix)

    def wrong(self, tree: Expression, rule: str, message: str, fix: str) -> Problem:
        """Return the error to raise about an expression, with its line."""
        return problem(rule, message, fix, self.place(tree))

    def place(self, tree: Expression) -> Location:
        """Return the place of an expression."""
        return place_of(tree, self.source, self.location)

    def _expr_term(self, tree: Expression) -> Any:
        return self.value(parts(tree)[0])

    def _int_lit(self, tree: Expression) -> Number:
        written = "".join(map(str, tree.children))
        if written.lstrip("-")[:2].isdigit() and written.lstrip("-").startswith("0") and len(written) > 1:
            fix = "Put a text, such as an account, in quotes. In a number, leave the zeros out."
            raise self.wrong(tree, "number", "a number loses the zeros at its beginning", fix)
        try:
            return read_number(written)
        except ValueError as error:
            raise self.wrong(tree, "arithmetic", str(error), "Write a number with fewer digits.") from None

    _float_lit = _int_lit

    def _literal_value(self, tree: Expression) -> Any:
        return LITERALS[str(tree.children[0])]

    def _string(self, tree: Expression) -> Any:
        return make_text(self, pieces_of_quoted(tree, self.place))

    def _heredoc_template(self, tree: Expression) -> Any:
        return make_text(self, pieces_of_heredoc(str(tree.children[0]), self.source, self.place(tree).line))

    _heredoc_template_trim = _heredoc_template

    def _tuple(self, tree: Expression) -> list[Any]:
        return all_of(self.value, parts(tree))

    def _object(self, tree: Expression) -> dict[str, Any]:
        elements = parts(tree)
        made: dict[str, Any] = {}
        for element, (key, value) in zip(elements, all_of(self._element, elements), strict=True):
            if key in made:
                shown = "a key" if self.secrets else repr(key)
                raise self.wrong(element, "duplicate-key", f"{shown} is set twice", "Remove one.")
            made[key] = value
        return made

    def _element(self, tree: Expression) -> tuple[str, Any]:
        key, value = parts(tree)
        return self._key(key), self.value(value)

    def _key(self, tree: Expression) -> str:
        inner = parts(tree)[0]
        if inner.data == "keyword":
            return str(inner.children[0])
        plain = parts(inner)[0] if inner.data == "expr_term" else inner
        bracketed = any(map(is_token, inner.children))
        if plain.data in ("identifier", "literal_value") and not bracketed:
            return str(plain.children[0])
        return self.key(inner)

    def key(self, tree: Expression) -> str:
        """Return the value of an expression as a key of a mapping. Raises Problem."""
        try:
            return to_text(self.value(tree))
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
            fix = self._advice(name)
        raise self.wrong(tree, "unknown-name", f"{name!r} has no value", fix)

    def _advice(self, name: str) -> str:
        if self.is_template:
            return f"Give it in the mapping of templatefile: {{ {name} = … }}."
        if name.lower() in LITERALS:
            return f"Write {name.lower()}."
        return terraform.advice(name, Where.NAME) or f'Write text in quotes: "{name}".'

    def _get_attr_expr_term(self, tree: Expression) -> Any:
        of, steps = chain(tree)
        root, name = _root(of), name_of(steps[0].tree)
        if root in ("var", "local") and root not in self.bound and name is not None:
            return reach(self._value_of_name(root, name, steps[0].tree), steps[1:], self._take)
        if root and name is not None and self._is_reference(root):
            fix = f'Name a role in quotes ("{name}"), or write the value itself.'
            raise self.wrong(tree, "unknown-name", f"{root!r} has no value", fix)
        return reach(self.value(of), steps, self._take)

    def _is_reference(self, root: str) -> bool:
        """Return whether a name is unknown here, and so a reference of Terraform: `aws_instance.web`."""
        known = (*self.bound, "var", "local", *self.scope.variable_names, *self.scope.local_names)
        return not (self.is_template or root in known or terraform.advice(root, Where.NAME))

    _index_expr_term = _full_splat_expr_term = _attr_splat_expr_term = _get_attr_expr_term

    def _take(self, value: Any, accessor: Expression) -> Any:
        name, digits = name_of(accessor), number_of(accessor)
        key = name if name is not None else digits if digits is not None else self.value(parts(accessor)[0])
        return self.member(value, key, accessor)

    def _value_of_name(self, root: str, name: str, tree: Expression) -> Any:
        place = self.place(tree)
        known = self.scope
        found = known.variable(name, place) if root == "var" else known.local(name, place, evaluate)
        self.secrets |= found.secrets
        return found.value

    def member(self, value: Any, key: Any, tree: Expression) -> Any:
        """Return a member of a list or mapping. Raises Problem."""
        if isinstance(value, dict) and (is_number(key) or isinstance(key, bool)):
            key = to_text(key)
        if isinstance(value, list) and isinstance(key, str):
            with suppress(ValueError):
                key = to_number(key)
        if isinstance(value, dict) and isinstance(key, str):
            return self._value_at(value, key, tree)
        if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
            if 0 <= key < len(value):
                return value[key]
            fix = "Members are counted from 0."
            raise self.wrong(tree, "unknown-member", f"the list has {count(len(value), 'member')}", fix)
        message = f"{in_words(value)} has no members by {in_words(key)}"
        raise self.wrong(tree, "type", message, "Take members of a list by number, of a mapping by name.")

    def _value_at(self, mapping: Mapping[str, Any], key: str, tree: Expression) -> Any:
        if key in mapping:
            return mapping[key]
        what, fix = "such member", "Check how the mapping is computed."
        if not self.secrets:
            what, fix = f"member {key!r}", suggestion(key, mapping, fix)
        raise self.wrong(tree, "unknown-member", f"the mapping has no {what}", fix)

    def _function_call(self, tree: Expression) -> Any:
        name, *rest = parts(tree)
        function = str(name.children[0])
        if function in calls.CALLS:
            return calls.CALLS[function](self, tree, rest[0] if rest else None)
        if function not in FUNCTIONS:
            fix = terraform.advice(function, Where.FUNCTION) or suggestion(
                function, [*FUNCTIONS, *calls.CALLS]
            )
            raise self.wrong(tree, "unknown-function", f"there is no function {function!r}", fix)
        arguments = calls.arguments(self, rest[0] if rest else None)
        if wrong := wrong_number(function, len(arguments)):
            raise self.wrong(tree, "function", wrong, "Correct the number of its arguments.")
        if is_too_large(arguments):
            raise self.wrong(tree, "too-large", f"{function}(): {TOO_LARGE}", SMALLER)
        try:
            return FUNCTIONS[function](*arguments)
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            reason = "" if self.secrets else f": {_first_line(error)}"
            message = f"{function}() cannot do this with {_kinds(arguments)}{reason}"
            raise self.wrong(tree, "function", message, "Check its arguments.") from None

    def attempt(self, tree: Expression) -> Computed:
        """Return the value of an expression that may fail, without side effects. Raises Problem."""
        inner = self.with_names({})
        inner.secrets = set()
        return Computed(inner.value(tree), frozenset(inner.secrets))

    def template(self, text: str, file: str, names: Mapping[str, Any]) -> Any:
        """Return the result of a template of a file. It knows only these names. Raises Problem."""
        source = Source(file, text)
        inner = Evaluator(NO_NAMES, source, source.at(1))
        inner.bound, inner.secrets, inner.work, inner.is_template = names, self.secrets, self.work, True
        return make_text(inner, pieces_of_template(source))

    def _conditional(self, tree: Expression) -> Any:
        return operations.conditional(self, tree)

    def _binary_op(self, tree: Expression) -> Any:
        return operations.binary(self, tree)

    def truth(self, tree: Expression) -> bool:
        """Return the value of a condition. Raises Problem for a value that is neither true nor false."""
        return self.as_truth(self.value(tree), tree)

    def as_truth(self, value: Any, tree: Expression) -> bool:
        """Return a value as a condition. Raises Problem for a value that is neither true nor false."""
        try:
            return to_truth(value)
        except (TypeError, ValueError):
            message = f"a condition is true or false, not {in_words(value)}"
            raise self.wrong(tree, "type", message, "Compare it with something: a == b.") from None

    def _unary_op(self, tree: Expression) -> Any:
        sign = tree.children[0]
        operand = parts(tree)[0]
        if sign.type == "NOT":
            return not self.truth(operand)
        return negate(operations.as_number(self, self.value(operand), operand))


def _root(tree: Expression) -> str:
    """Return the name of an expression that is an identifier; empty: it is no identifier."""
    while tree.data == "expr_term" and len(tree.children) == 1:
        tree = tree.children[0]
    return str(tree.children[0]) if tree.data == "identifier" else ""


def _kinds(values: Sequence[Any]) -> str:
    """Return the types of values. Values are not shown: they may be secrets, or come from `--var`."""
    shown = [in_words(value) for value in values[:MOST_KINDS]]
    if len(values) > MOST_KINDS:
        shown.append(f"{len(values) - MOST_KINDS} more")
    return ", ".join(shown) or "no argument"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].replace("<lambda>() ", "it ")
