"""Variables: what is declared of them, and the values that come from outside."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from portinfra.declaration.hcl.expressions import evaluate
from portinfra.declaration.hcl.functions import in_words
from portinfra.declaration.hcl.problem import Problem, problem
from portinfra.declaration.hcl.scope import Computed, Scope
from portinfra.declaration.hcl.syntax import Attribute, Block, parse_expression
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.words import suggestion

FROM_ENVIRONMENT = "PORTINFRA_VAR_"
KNOWN = ("default", "type", "description", "sensitive")
SINGLE = ("string", "number", "bool", "any")
COLLECTIONS = ("list", "map")
EMPTY = Scope({}, {})

Type = tuple[str, ...]
"""`("string",)`, or `("list", "string")`."""

ANY: Type = ("any",)


@frozen
class Variable:
    """A `variable` block, read."""

    name: str
    type: Type
    default: Computed | None
    sensitive: bool
    location: Location


def read_variables(
    blocks: Sequence[Block], given: Mapping[str, str], findings: list[Finding]
) -> dict[str, Computed | None]:
    """Every variable's value: given, else of the environment, else its default; None where it has none.

    What is wrong is added to `findings`.
    """
    values: dict[str, Computed | None] = {}
    for block in blocks:
        name = ".".join(block.labels)
        if name in values:
            message = f"there is another variable {name!r}"
            findings += problem("duplicate", message, "Remove one.", block.location).findings
            continue
        values[name] = None
        try:
            values[name] = _value(_variable(block), given)
        except Problem as wrong:
            findings += wrong.findings
    for name in sorted(set(given) - set(values)):
        fix = suggestion(name, values, f'Declare it: variable "{name}" {{}}.')
        findings.append(Finding("hcl/unknown-variable", f"--var gives {name!r}, which no file declares", fix))
    return values


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
            "Write it as text in quotes. (It is sensitive, so not shown.)",
        )
        raise problem("default", message, fix, attribute.location) from None


def _type(attribute: Attribute) -> Type:
    written = "".join(str(token) for token in attribute.expression.scan_values(lambda _: True)).strip()
    words = tuple(word for word in written.replace('"', "").replace(")", "").replace(" ", "").split("("))
    if words[0] in SINGLE and len(words) == 1:
        return words
    if words[0] in COLLECTIONS and (len(words) == 1 or (len(words) == 2 and words[1] in SINGLE)):
        return words
    fix = "Types are string, number, bool, any, list(string), map(string) and so on."
    raise problem("type", f"{written!r} is no type", fix, attribute.location)


def _type_of(default: Computed | None) -> Type:
    """The type of a variable that names none: its default's; text where it has none."""
    value = default.value if default else ""
    if value is None:
        return ANY
    names = {bool: "bool", int: "number", float: "number", list: "list", dict: "map"}
    return (names.get(type(value), "string"),)


def _value(variable: Variable, given: Mapping[str, str]) -> Computed:
    secrets = frozenset({variable.name}) if variable.sensitive else frozenset[str]()
    text = given.get(variable.name, os.environ.get(FROM_ENVIRONMENT + variable.name))
    if text is not None:
        value = _parsed(variable, text)
    elif variable.default is not None:
        value = variable.default.value
    else:
        message = f"the variable {variable.name!r} has no value"
        fix = f"Give it: --var {variable.name}=…, {FROM_ENVIRONMENT}{variable.name}=…, or a default."
        raise problem("no-value", message, fix, variable.location)
    if value is not None and not _fits(value, variable.type):
        message = f"the variable {variable.name!r} must be {_words(variable.type)}, and is {in_words(value)}"
        raise problem("type", message, "Give another value, or mend its type.", variable.location)
    return Computed(value, secrets)


def _parsed(variable: Variable, text: str) -> Any:
    """A value from outside: text is taken as it is, anything else is read as HCL."""
    if variable.type == ("string",):
        return text
    try:
        tree = parse_expression(text, variable.location)
        return evaluate(Attribute(variable.name, tree, variable.location), EMPTY).value
    except Problem:
        if variable.type == ANY:
            return text
        message = f"the value given for the variable {variable.name!r} is not {_words(variable.type)}"
        raise problem(
            "type", message, f"Write it as in HCL: {_example(variable.type)}.", variable.location
        ) from None


def _fits(value: Any, kind: Type) -> bool:
    if kind[0] in COLLECTIONS:
        if not isinstance(value, list if kind[0] == "list" else dict):
            return False
        items = value.values() if isinstance(value, dict) else value
        return len(kind) == 1 or all(_fits(item, kind[1:]) for item in items)
    if kind == ("bool",):
        return isinstance(value, bool)
    if kind == ("number",):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return kind == ANY or isinstance(value, str)


def _words(kind: Type) -> str:
    words = {"string": "text", "number": "a number", "bool": "true or false", "any": "anything"}
    words |= {"list": "a list", "map": "a mapping"}
    plural = {"string": "texts", "number": "numbers", "bool": "true and false", "any": "anything"}
    return words[kind[0]] + (f" of {plural[kind[1]]}" if len(kind) > 1 else "")


def _example(kind: Type) -> str:
    return {"number": "3", "bool": "true", "list": '["a", "b"]', "map": '{ a = "b" }'}[kind[0]]
