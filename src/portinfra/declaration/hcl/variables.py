"""Variables: their declarations, and their values from outside."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

from portinfra.declaration.hcl.expressions import evaluate
from portinfra.declaration.hcl.problem import Problem, problem
from portinfra.declaration.hcl.scope import Computed, Scope
from portinfra.declaration.hcl.source import Source
from portinfra.declaration.hcl.syntax import Attribute, Block, parse_expression
from portinfra.declaration.hcl.tree import tokens
from portinfra.declaration.hcl.values import in_words, to_number, to_text, to_truth
from portinfra.declaration.hcl.variable_values import FROM_ENVIRONMENT, FileValue, Given, Outside, values_for
from portinfra.format import suggestion
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.value import frozen

KNOWN = ("default", "type", "description", "sensitive")
SINGLE = ("string", "number", "bool", "any")
COLLECTIONS = ("list", "map")
CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "string": to_text,
    "number": to_number,
    "bool": to_truth,
    "any": lambda value: value,
}
NO_VALUE = "hcl/no-value"
EMPTY = Scope({}, {})
UNSEEN = Source("", "")
"""The source of a value from outside, without its text: no error shows a part of it."""

Type = tuple[str, ...]
"""`("string",)`, or `("list", "string")`."""

ANY: Type = ("any",)


@frozen
class Variable:
    """The content of a `variable` block."""

    name: str
    type: Type
    default: Computed | None
    sensitive: bool
    location: Location


def read_variables(
    blocks: Sequence[Block], outside: Outside, findings: list[Finding]
) -> dict[str, Computed | None]:
    """Return the value of every variable: from outside, else its default; None: it has none.

    Errors are added to `findings`. A missing value is no finding if it follows from another one: a file of
    values cannot be read, or a name is misspelled.
    """
    names = [".".join(block.labels) for block in blocks]
    before = len(findings)
    given = values_for(names, outside, findings)
    is_all_read = len(findings) == before
    values: dict[str, Computed | None] = {}
    missing: dict[str, tuple[Finding, ...]] = {}
    for name, block in zip(names, blocks, strict=True):
        if name in values:
            message = f"there is another variable {name!r}"
            findings += problem("duplicate", message, "Remove one.", block.location).findings
            continue
        values[name] = None
        try:
            values[name] = _value(_variable(block), given)
        except Problem as wrong:
            if any(each.rule == NO_VALUE for each in wrong.findings):
                missing[name] = wrong.findings
            else:
                findings += wrong.findings
    unknown = sorted(set(given) - set(values))
    spelled = {match for name in unknown for match in get_close_matches(name, values, n=1)}
    for name in missing if is_all_read else {}:
        findings += missing[name] if name not in spelled else ()
    findings += [_unknown(name, given[name], values) for name in unknown]
    return values


def _unknown(name: str, given: Given, known: Mapping[str, Any]) -> Finding:
    fix = suggestion(name, known, f'Declare it: variable "{name}" {{}}.')
    if isinstance(given, FileValue):
        message = f"no file declares the variable {name!r}"
        return Finding("hcl/unknown-variable", message, fix, location=given.location)
    return Finding("hcl/unknown-variable", f"--var gives {name!r}, which no file declares", fix)


def _variable(block: Block) -> Variable:
    if len(block.labels) != 1:
        raise problem("label", "a variable has one name", 'Write variable "NAME" {…}.', block.location)
    found = {attribute.name: attribute for attribute in block.attributes}
    for attribute in block.attributes:
        if attribute.name not in KNOWN:
            message = f"a variable has no {attribute.name!r}"
            raise problem("unknown-attribute", message, suggestion(attribute.name, KNOWN), attribute.location)
    if block.blocks:
        inner = block.blocks[0]
        message = f"a variable has no block {inner.kind!r}"
        raise problem("unknown-block", message, "Remove it.", inner.location)
    sensitive = evaluate(found["sensitive"], EMPTY).value if "sensitive" in found else False
    if not isinstance(sensitive, bool):
        place = found["sensitive"].location
        raise problem("type", "sensitive must be true or false", "Write sensitive = true.", place)
    default = _default(found["default"], sensitive) if "default" in found else None
    kind = _type(found["type"]) if "type" in found else _type_of(default)
    return Variable(block.labels[0], kind, default, sensitive, block.location)


def _default(attribute: Attribute, sensitive: bool) -> Computed:
    try:
        return evaluate(attribute, EMPTY)
    except Problem:
        if not sensitive:
            raise
        message, fix = (
            "the default has no value",
            "Write it as text in quotes. (It is sensitive, so it is not shown.)",
        )
        raise problem("default", message, fix, attribute.location) from None


def _type(attribute: Attribute) -> Type:
    written = "".join(tokens(attribute.expression)).strip()
    words = tuple(word for word in written.replace('"', "").replace(")", "").replace(" ", "").split("("))
    if words[0] in SINGLE and len(words) == 1:
        return words
    if words[0] in COLLECTIONS and (len(words) == 1 or (len(words) == 2 and words[1] in SINGLE)):
        return words
    fix = "Types are string, number, bool, any, list(string), map(string) and so on."
    raise problem("type", f"{written!r} is no type", fix, attribute.location)


def _type_of(default: Computed | None) -> Type:
    """Return the type of a variable that declares none: the type of its default, else text."""
    value = default.value if default else ""
    if value is None:
        return ANY
    names = {bool: "bool", int: "number", float: "number", list: "list", dict: "map"}
    return (names.get(type(value), "string"),)


def _value(variable: Variable, given: Mapping[str, Given]) -> Computed:
    secrets = frozenset({variable.name}) if variable.sensitive else frozenset[str]()
    if variable.name in given:
        value = _outside_value(variable, given[variable.name])
    elif variable.default is not None:
        value = variable.default.value
    else:
        message = f"the variable {variable.name!r} has no value"
        fix = f"Give it: --var {variable.name}=…, {FROM_ENVIRONMENT}{variable.name}=…, or a default."
        raise problem("no-value", message, fix, variable.location)
    try:
        return Computed(None if value is None else _convert(value, variable.type), secrets)
    except (TypeError, ValueError):
        place = given.get(variable.name)
        location = place.location if isinstance(place, FileValue) else variable.location
        message = f"the variable {variable.name!r} must be {_words(variable.type)}, and is {in_words(value)}"
        raise problem("type", message, "Give another value, or correct its type.", location) from None


def _outside_value(variable: Variable, given: Given) -> Any:
    """Return a value from outside. As in Terraform, a text for a single value needs no quotes."""
    if isinstance(given, FileValue):
        return given.value
    if variable.type[0] in ("string", "number", "bool"):
        return given
    try:
        tree = parse_expression(Source(variable.location.file, given, variable.location.line))
        return evaluate(Attribute(variable.name, tree, variable.location, UNSEEN), EMPTY).value
    except Problem:
        if variable.type == ANY:
            return given
        message = f"the value given for the variable {variable.name!r} is not {_words(variable.type)}"
        fix = f"Write it as in HCL: {_example(variable.type)}."
        raise problem("type", message, fix, variable.location) from None


def _convert(value: Any, kind: Type) -> Any:
    """Return a value, converted to a type. Raises TypeError and ValueError."""
    if kind[0] in COLLECTIONS:
        if not isinstance(value, list if kind[0] == "list" else dict):
            raise TypeError(f"takes {_words(kind)}, not {in_words(value)}")
        convert = partial(_convert, kind=kind[1:] or ANY)
        if isinstance(value, dict):
            return {key: convert(item) for key, item in value.items()}
        return [convert(item) for item in value]
    return CONVERSIONS[kind[0]](value)


def _words(kind: Type) -> str:
    words = {"string": "text", "number": "a number", "bool": "true or false", "any": "anything"}
    words |= {"list": "a list", "map": "a mapping"}
    plural = {"string": "texts", "number": "numbers", "bool": "true and false", "any": "anything"}
    return words[kind[0]] + (f" of {plural[kind[1]]}" if len(kind) > 1 else "")


def _example(kind: Type) -> str:
    return {"number": "3", "bool": "true", "list": '["a", "b"]', "map": '{ a = "b" }'}[kind[0]]
