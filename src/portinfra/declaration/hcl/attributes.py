"""The attributes of a block, each with the type that it must have."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import evolve

from portinfra.declaration import terraform
from portinfra.declaration.hcl.expressions import evaluate
from portinfra.declaration.hcl.problem import Problem, problem
from portinfra.declaration.hcl.scope import Scope
from portinfra.declaration.hcl.sensitive import sensitive_text
from portinfra.declaration.hcl.syntax import Attribute, Block
from portinfra.declaration.hcl.values import in_words, to_number, to_python, to_text, to_truth
from portinfra.declaration.terraform import Where
from portinfra.format import suggestion, with_article
from portinfra.model import schema
from portinfra.model.finding import Finding
from portinfra.model.schema import Kind
from portinfra.model.topology import Role, port_ranges
from portinfra.value import frozen


@frozen
class Shape:
    """The type that an attribute must have."""

    words: str
    fits: Callable[[Any], bool]
    convert: Callable[[Any], Any] = lambda value: value
    """Terraform's conversion to this type. Raises TypeError or ValueError if there is none."""
    make: Callable[[Any], Any] = lambda value: value
    may_be_secret: bool = False


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _to_texts(value: Any) -> Any:
    return [to_text(item) for item in value] if isinstance(value, list) else to_text(value)


def _to_text_map(value: Any) -> Any:
    return {key: to_text(item) for key, item in value.items()} if isinstance(value, dict) else value


def _to_number_map(value: Any) -> Any:
    return {key: to_number(item) for key, item in value.items()} if isinstance(value, dict) else value


TEXT = Shape("text", _is_text, to_text)
NUMBER = Shape("a whole number", _is_number, to_number)
SWITCH = Shape("true or false", lambda value: isinstance(value, bool), to_truth)
TEXTS = Shape("a text or a list of texts", lambda value: _is_text(value) or _is_texts(value), _to_texts)
TEXT_MAP = Shape(
    "a mapping of names to texts",
    lambda value: isinstance(value, dict) and all(map(_is_text, value.values())),
    _to_text_map,
)
NUMBER_MAP = Shape(
    "a mapping of names to whole numbers",
    lambda value: isinstance(value, dict) and all(map(_is_number, value.values())),
    _to_number_map,
)
NUMBER_OR_MAP = Shape(
    "a whole number or a mapping of names to whole numbers",
    lambda value: NUMBER.fits(value) or NUMBER_MAP.fits(value),
    lambda value: _to_number_map(value) if isinstance(value, dict) else to_number(value),
)
MAP_OF_MAPS = Shape(
    "a mapping of providers to mappings of options",
    lambda value: isinstance(value, dict) and all(isinstance(item, dict) for item in value.values()),
)
PORTS = Shape(
    'a port such as 443, a range such as "8000-8100", or a list of these',
    lambda value: isinstance(value, int | str | list),
    make=port_ranges,
)
LISTED_PARTS = Shape(
    "a list of lists of role names",
    lambda value: isinstance(value, list) and all(map(_is_texts, value)),
)

ANYTHING = Shape("anything", lambda value: True)
PYTHON_ONLY = Shape("a Python function", lambda value: False)

_SHAPES: Mapping[Kind, Shape] = {
    Kind.TEXT: TEXT,
    Kind.NUMBER: NUMBER,
    Kind.SWITCH: SWITCH,
    Kind.TEXTS: TEXTS,
    Kind.TEXT_MAP: TEXT_MAP,
    Kind.NUMBER_MAP: NUMBER_MAP,
    Kind.MAPS: MAP_OF_MAPS,
    Kind.PORTS: PORTS,
    Kind.HOOK: TEXT,
    Kind.HOOKS: TEXTS,
    Kind.PARTS: LISTED_PARTS,
    Kind.FUNCTION: PYTHON_ONLY,
}


@frozen
class Shapes:
    """The types of the attributes of one kind of block."""

    shapes: Mapping[str, Shape]
    needed: tuple[str, ...] = ()
    inner: Mapping[str, "Shapes"] = {}
    """The types of inner blocks, by kind: an attribute that this block does not have may belong there."""
    only_in_topology: frozenset[str] = frozenset()
    """For the role block of an environment: the attributes that only the role block of the topology has."""
    former: frozenset[str] = frozenset()
    """Former names of its attributes: no advice names them."""


NOTHING = Shapes({})


def shapes(of: type[Any]) -> Shapes:
    """Return the types of the attributes of a class in its HCL block."""
    needed = [each.hcl for each in schema.attributes(of) if each.hcl and each.is_needed and not each.block]
    inner = {
        name: override_shapes(each.part) if each.kind is Kind.MAPS else shapes(each.part)
        for name, each in schema.block_attributes(of).items()
        if each.part
    }
    former = {each.former: _shape(each) for each in schema.attributes(of) if each.former}
    known = {**_shapes(schema.attributes(of)), **former}
    return Shapes(known, tuple(needed), inner, former=frozenset(former))


def override_shapes(of: type[Any]) -> Shapes:
    """Return the types of the attributes of a class that an environment can override."""
    described = schema.attributes(of)
    here = _shapes(each for each in described if each.metadata.get("override"))
    names = {name for each in described for name in (each.hcl, each.block, each.former) if name}
    return Shapes(here, only_in_topology=frozenset(names - here.keys()))


def _shapes(described: Iterable[schema.Attribute]) -> Mapping[str, Shape]:
    return {each.hcl or each.name: _shape(each) for each in described if each.hcl or _is_refused(each)}


def _shape(attribute: schema.Attribute) -> Shape:
    shape = NUMBER_OR_MAP if attribute.metadata.get("number") else _SHAPES[attribute.kind]
    return evolve(shape, may_be_secret=True) if attribute.metadata.get("secret") else shape


def _is_refused(attribute: schema.Attribute) -> bool:
    """Return whether HCL knows the attribute only for an error: its value is a Python function."""
    return attribute.kind is Kind.FUNCTION


def take(block: Block, known: Shapes, scope: Scope, findings: list[Finding]) -> dict[str, Any] | None:
    """Return the values of a block's attributes by name; None: a required one has no value.

    `null` means that the attribute is not set. Wrong attributes are left out, and added to `findings`.
    """
    values: dict[str, Any] = {}
    seen: set[str] = set()
    for attribute in block.attributes:
        try:
            if attribute.name in seen:
                message = f"{attribute.name!r} is set twice"
                raise problem("duplicate", message, "Remove one.", attribute.location)
            seen.add(attribute.name)
            value = _value(attribute, known, scope, name_place(block, known))
            if value is not None:
                values[attribute.name] = value
            elif attribute.name in known.needed:
                seen.discard(attribute.name)
        except Problem as wrong:
            findings += wrong.findings
    for name in known.needed:
        if name not in seen:
            message = f"{' '.join([block.kind, *map(repr, block.labels)])} needs {name!r}"
            findings += problem("missing", message, f"Add {name} = … to it.", block.location).findings
    return values if set(known.needed) <= values.keys() else None


def name_place(block: Block, known: Shapes) -> str:
    """Return how messages name a block: `a role block`, and `a role block of an environment`."""
    place = f"{with_article(block.kind)} block"
    return f"{place} of an environment" if known.only_in_topology else place


def send_to_topology(name: str, known: Shapes) -> str:
    """Return where a name belongs that the role block of an environment does not have; empty: elsewhere."""
    if name not in known.only_in_topology:
        return ""
    return f"It belongs in the role block of the topology. This block has {', '.join(sorted(known.shapes))}."


def _place_in_a_role(name: str, known: Shapes) -> str:
    """Return where an attribute of roles belongs; empty: it is no attribute of roles."""
    if any(name in inner.only_in_topology for inner in known.inner.values()):
        return "It belongs in the role block of the topology."
    of_roles = {name for each in schema.attributes(Role) for name in (each.hcl, each.former)}
    return "It belongs in a role block." if name in of_roles else ""


def _value(attribute: Attribute, known: Shapes, scope: Scope, where: str) -> Any:
    name, location = attribute.name, attribute.location
    if name not in known.shapes:
        inside = [kind for kind, shapes in known.inner.items() if name in shapes.shapes]
        fix = f"It belongs in {with_article(' or '.join(inside))} block." if inside else ""
        fix = (
            fix
            or send_to_topology(name, known)
            or terraform.advice(name, Where.ATTRIBUTE, Where.BLOCK)
            or _place_in_a_role(name, known)
            or suggestion(name, known.shapes.keys() - known.former, "Remove it.")
        )
        raise problem("unknown-attribute", f"there is no {name!r} in {where}", fix, location)
    computed, shape = evaluate(attribute, scope), known.shapes[name]
    if computed.secrets and not shape.may_be_secret:
        secrets = ", ".join(sorted(computed.secrets))
        message = f"plans show {name!r}, and the variable {secrets} is sensitive"
        raise problem("sensitive", message, "Use sensitive variables in user_data only.", location)
    if computed.value is None:
        return None
    value = _fitting(computed.value, shape)
    if not shape.fits(value):
        message = f"{name!r} must be {shape.words}, and is {_in_words(computed.value)}"
        fix = f"Give {name} as {shape.words}."
        if shape is PYTHON_ONLY:
            message, fix = (
                f"{name!r} is a Python function",
                "Declare this environment in Python, or leave it out.",
            )
        raise problem("type", message, fix, location)
    if computed.secrets:
        return sensitive_text(attribute, evolve(computed, value=value), scope)
    try:
        return shape.make(to_python(value))
    except ValueError as error:
        raise problem("type", f"{name!r}: {error}", f"Give {name} as {shape.words}.", location) from None


def _fitting(value: Any, shape: Shape) -> Any:
    """Return the value, converted if that is possible."""
    try:
        return shape.convert(value)
    except (TypeError, ValueError):
        return value


def _in_words(value: Any) -> str:
    """Return the type of a value in words; for a collection, with the types of its members."""
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    inside = " and ".join(sorted({in_words(item) for item in held}))
    return f"{in_words(value)} that holds {inside}" if inside else in_words(value)
