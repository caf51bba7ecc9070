"""Declared values as canonical HCL, which loads to equal values."""

import re
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

from portinfra.declaration.declared import Declared
from portinfra.declaration.hcl.text import before_reference, heredoc, quote
from portinfra.errors import DeclarationError
from portinfra.model.schema import Attribute, Kind, attributes, following_attributes, label
from portinfra.model.sensitive import Reference, SensitiveText
from portinfra.model.topology import PortRange, Role, Topology
from portinfra.value import frozen

INDENT = "  "
WIDTH = 100
IDENTIFIER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]*")
KEYWORDS = {"if", "in", "for", "for_each", "else", "endif", "endfor", "null", "true", "false"}

Pairs = Iterable[tuple[str, Any]]
Path = tuple[tuple[str, str | None], ...]
"""The block of a value and those around it, each with its name."""


@frozen
class Expression:
    """An expression that is written unchanged: a reference to a variable."""

    text: str


def to_hcl(declared: Declared) -> str:
    """Return the declaration as HCL, which loads to equal values. Attributes with their default are left out.

    It has each attribute that a user can declare. It does not have attributes that placement or recovery
    sets, such as the zone and the source of a volume: they are no part of a declaration.

    A role's user data is written in full. Text from sensitive variables is not: it refers to variables, which
    are declared without a value. Raises DeclarationError for values that HCL cannot hold: an environment's
    `dns` function, a Python function as a hook, or a native option that is no plain value.
    """
    blocks = [
        *_variables(declared.topologies),
        *(block_of(topology, "topology") for topology in declared.topologies),
        *(block_of(environment, "environment") for environment in declared.environments),
        *(block_of(recovery, "recovery") for recovery in declared.recoveries),
    ]
    return "\n".join("\n".join(block) + "\n" for block in blocks)


def block_of(value: Any, block: str, outer: Path = ()) -> list[str]:
    """Return the lines of the block of a declared value. Raises DeclarationError if HCL cannot hold it."""
    named = label(type(value))
    name = getattr(value, named.name) if named else None
    path = (*outer, (block, name))
    pairs: list[tuple[str, Any]] = []
    inner: list[list[str]] = []
    given = {each.name for each in attributes(type(value)) if getattr(value, each.name) != each.usual()}
    for each in attributes(type(value)):
        held = getattr(value, each.name)
        if each.is_label or each.name not in given or each in following_attributes(type(value), given):
            continue
        _refuse_python(value, each, path)
        if each.kind is Kind.PARTS and each.hcl and all(map(_is_listable, held)):
            pairs.append((each.hcl, [list(getattr(part, _first(part))) for part in held]))
        elif each.block:
            inner += _blocks_of(held, each, path)
        elif each.hcl:
            pairs.append((each.hcl, _expression(held, each, path)))
    return _block(block, name, pairs, inner)


def _blocks_of(held: Any, attribute: Attribute, path: Path) -> Iterator[list[str]]:
    """Return the blocks of one attribute: parts, or mappings by name."""
    block = attribute.block or attribute.name
    if attribute.kind is Kind.MAPS:
        return (_block(block, name, options.items()) for name, options in held.items())
    return (block_of(part, block, path) for part in _several(held))


def _several(held: Any) -> tuple[Any, ...]:
    return held if isinstance(held, tuple) else (held,)


def _is_listable(part: Any) -> bool:
    """Return whether a part has only its first attribute, so that a list can hold it."""
    return bool(part == type(part)(getattr(part, _first(part))))


def _first(part: Any) -> str:
    return attributes(type(part))[0].name


def _refuse_python(value: Any, attribute: Attribute, path: Path) -> None:
    held, (block, name) = getattr(value, attribute.name), path[0]
    fix = f"Keep this declaration in Python, or leave {attribute.name} out."
    if attribute.is_python_only:
        function = " function" if attribute.kind is Kind.FUNCTION else ""
        message = f"has a {attribute.name}{function}, which HCL cannot hold"
    elif attribute.kind in (Kind.HOOK, Kind.HOOKS) and any(map(callable, _several(held))):
        message = "calls a Python function, which HCL cannot hold"
        fix = "Keep this declaration in Python, or call a command."
    else:
        return
    raise DeclarationError(f"{block} {name!r} {message}", location=value.location, fix=fix)


def _expression(held: Any, attribute: Attribute, path: Path) -> Any:
    """Return the value of an attribute, as HCL has it."""
    if isinstance(held, SensitiveText):
        return _reference(held, _variable(attribute.name, path))
    if attribute.kind is Kind.PORTS:
        return _ports(held)
    return _alone(held) if isinstance(held, tuple) else held


def _variables(topologies: Iterable[Topology]) -> Iterator[list[str]]:
    """Yield a `variable` block for each sensitive value of a role, without the value."""
    names: dict[str, str] = {}
    for topology in topologies:
        for role in topology.roles:
            for name, comment in _secrets(role, (("topology", topology.name), ("role", role.name))):
                names.setdefault(name, comment)
    for name, comment in names.items():
        comments = [comment] if comment else []
        comments.append(f"# Sensitive, so its value is not written. Give it with --var {name}=VALUE.")
        yield [*comments, *_block("variable", name, [("sensitive", True)])]


def _secrets(role: Role, path: Path) -> Iterator[tuple[str, str]]:
    """Yield each variable of a role's sensitive texts, with a comment if it replaces a whole text."""
    for each in attributes(type(role)):
        text, called = getattr(role, each.name), each.name.replace("_", " ")
        if isinstance(text, SensitiveText):
            made_from = ", ".join(sorted(text.variables))
            whole = f"# The whole {called} of the role {role.name}, which was computed with {made_from}."
            for name in _references(text, _variable(each.name, path)):
                yield name, "" if text.pieces else whole


def _variable(attribute: str, path: Path) -> str:
    """Return the name of the variable that replaces a whole value: `shop_web_user_data`."""
    return "_".join([name for _, name in path if name is not None] + [attribute])


def _references(text: SensitiveText, whole: str) -> list[str]:
    """Return the variables of the sensitive parts of a text, or `whole` if the parts are not known."""
    return [piece.variable for piece in text.pieces if isinstance(piece, Reference)] or [whole]


def _reference(text: SensitiveText, whole: str) -> Expression:
    """Return an expression that gives the text from variables."""
    if len(text.pieces) < 2:
        (name,) = _references(text, whole)
        return Expression(f"var.{name}")
    written = [
        f"${{var.{piece.variable}}}" if isinstance(piece, Reference) else before_reference(piece)
        for piece in text.pieces
    ]
    return Expression(f'"{"".join(written)}"')


def _alone(values: tuple[str, ...]) -> str | tuple[str, ...]:
    """Return a single text without its list."""
    return values[0] if len(values) == 1 else values


def _ports(ranges: Iterable[PortRange]) -> list[int | str]:
    return [first if first == last else f"{first}-{last}" for first, last in ranges]


def _block(kind: str, label: str | None, pairs: Pairs, blocks: Iterable[list[str]] = ()) -> list[str]:
    """Return the lines of a block: attributes with aligned equals signs, then inner blocks."""
    written = [(name, _to_expression(value, INDENT)) for name, value in pairs]
    width = max((len(name) for name, _ in written), default=0)
    lines = [f"{INDENT}{name.ljust(width)} = {value}" for name, value in written]
    head = f"{kind} {quote(label)}" if label is not None else kind
    inside = [line for block in blocks for line in _indent(block)]
    body = "\n".join([*lines, *inside])
    return [f"{head} {{", *body.split("\n"), "}"] if body else [f"{head} {{}}"]


def _indent(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield INDENT + line if line else line


def _to_expression(value: Any, indent: str) -> str:
    """Return a value as an expression, for a line with this indentation."""
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, str):
        return heredoc(value, indent) or quote(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return repr(int(value))
    if isinstance(value, float) and isfinite(value):
        return repr(int(value) if value.is_integer() else value)
    deeper = indent + INDENT
    if isinstance(value, Mapping):
        items = [f"{_key(key)} = {_inline(item, deeper)}" for key, item in value.items()]
        return _enclose("{", items, "}", indent)
    if isinstance(value, tuple | list):
        return _enclose("[", [_inline(item, deeper) for item in value], "]", indent)
    raise DeclarationError(
        f"HCL cannot hold a value of type {type(value).__name__}",
        fix="Use text, numbers, True, False, None, lists and mappings.",
    )


def _inline(value: Any, indent: str) -> str:
    """Return a value as an expression without heredocs, which a list cannot contain."""
    return quote(value) if isinstance(value, str) else _to_expression(value, indent)


def _enclose(left: str, items: list[str], right: str, indent: str) -> str:
    space = " " if left == "{" and items else ""
    line = left + space + ", ".join(items) + space + right
    if len(indent) + len(line) <= WIDTH and "\n" not in line:
        return line
    lines = [f"{indent}{INDENT}{item}," for item in items]
    return "\n".join([left, *lines, indent + right])


def _key(key: str) -> str:
    return key if IDENTIFIER.fullmatch(key) and key not in KEYWORDS else quote(key)
