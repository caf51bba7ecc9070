"""The description of declared classes: each attribute, as the class itself defines it.

portinfra reads and writes HCL, checks Python types and makes the reference page by this description. The
annotation of an attribute defines its values. The metadata of its field defines the rest:

`hcl`        its name in HCL, where that is different (`Flow.sources` is `from`);
`block`      the HCL block that holds it: `Role.volumes` are `volume` blocks;
`label`      HCL writes it behind the name of the block, as it does with every attribute `name`;
`before`     the attribute that it precedes in HCL, in findings and on the reference page;
`placed`     placement or recovery sets it: HCL has no such attribute;
`override`   an environment may set it for a role;
`overrides`  the class whose attributes this mapping of mappings sets;
`secret`     no output shows it;
`filled`     an empty list is a wrong value;
`number`     a number alone means a mapping: its converter makes one;
`words`      what it must be, where the words of its kind are too general;
`stands_for` the attributes that follow from it, as `to` and `tcp` do from `service`: if it is given, HCL
             accepts none of them;
`stand_in`   the value that replaces a wrong one, where the default cannot: the other checks accept it;
`example`    how a user makes one part of it in Python;
`former`     the name that it had before: both languages accept it, with a warning (`former_names.py`);
`stored`     its name in documents, saved plans and fingerprints, where that is different.
"""

from collections.abc import Callable, Container, Mapping
from enum import Enum
from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import NOTHING, fields, has

from portinfra.model import convert
from portinfra.model.location import Location
from portinfra.value import frozen


class Kind(Enum):
    """A kind of value, with its name in errors about Python values."""

    TEXT = "text"
    NUMBER = "a whole number"
    SWITCH = "True or False"
    TEXTS = "a list of texts"
    TEXT_MAP = "a mapping of text to text"
    NUMBER_MAP = "a mapping of text to whole numbers"
    OPTIONS = "a mapping of options"
    MAPS = "a mapping of names to mappings"
    PORTS = "ports between 1 and 65535: 443, '8000-8100', or a list of these"
    HOOK = "a command or a Python function"
    HOOKS = "commands or Python functions"
    FUNCTION = "a Python function"
    PART = "a value of another class"
    PARTS = "values of another class"
    OTHER = "a Python value"


_KINDS: Mapping[Any, Kind] = {
    str: Kind.TEXT,
    int: Kind.NUMBER,
    bool: Kind.SWITCH,
    tuple[str, ...]: Kind.TEXTS,
    tuple[tuple[int, int], ...]: Kind.PORTS,
    Mapping[str, str]: Kind.TEXT_MAP,
    Mapping[str, int]: Kind.NUMBER_MAP,
    Mapping[str, Any]: Kind.OPTIONS,
    Mapping[str, Mapping[str, Any]]: Kind.MAPS,
}
_NOT_IN_HCL = (Kind.OPTIONS, Kind.FUNCTION, Kind.PART, Kind.PARTS, Kind.OTHER)
"""Kinds that no HCL attribute holds, unless its field has `hcl`. Parts are blocks."""


@frozen(field_transformer=convert.refuse_text)
class Attribute:
    """One attribute of a declared class."""

    name: str
    kind: Kind
    may_be_none: bool
    default: Any
    """The default, as attrs has it: a value, a factory, or NOTHING."""
    part: type[Any] | None
    """The class of its parts, or the class whose attributes it overrides."""
    metadata: Mapping[str, Any]
    annotation: Any
    """The values that it accepts, including None."""

    @property
    def is_needed(self) -> bool:
        """Whether a user has to set it."""
        return self.default is NOTHING

    @property
    def is_label(self) -> bool:
        """Whether HCL writes it behind the name of the block: `role "web"`."""
        return bool(self.metadata.get("label", self.name == "name"))

    @property
    def is_python_only(self) -> bool:
        """Whether a user can set it in Python only."""
        return self.kind in (Kind.FUNCTION, Kind.OTHER) and not self.metadata.get("placed")

    @property
    def hcl(self) -> str | None:
        """Its name in HCL; None where HCL has no such attribute."""
        absent = self.is_label or self.kind in _NOT_IN_HCL or "overrides" in self.metadata
        usual = None if absent or self.metadata.get("placed") else self.name
        name: str | None = self.metadata.get("hcl", usual)
        return name

    @property
    def former(self) -> str | None:
        """The name that it had before; None where it had no other."""
        return self.metadata.get("former")

    @property
    def block(self) -> str | None:
        """The name of the HCL blocks that hold it; None where no block does."""
        return self.metadata.get("block")

    @property
    def words(self) -> str:
        """What it must be in Python, in words."""
        return self.metadata.get("words") or self.kind.value + (" or None" if self.may_be_none else "")

    def usual(self) -> Any:
        """Return its default; NOTHING where it has none."""
        return self.default.factory() if hasattr(self.default, "factory") else self.default

    def stand_in(self) -> Any:
        """Return the value that replaces a wrong one."""
        if "stand_in" in self.metadata:
            return self.metadata["stand_in"]
        if self.is_needed:
            return {Kind.TEXT: UNNAMED, Kind.TEXTS: ()}[self.kind]
        return self.usual()


UNNAMED = "unnamed"
"""The name that replaces a wrong one."""

_READ: dict[type[Any], tuple[Attribute, ...]] = {}


def attributes(of: type[Any]) -> tuple[Attribute, ...]:
    """Return the attributes of a class in the order of HCL, without the location."""
    if of not in _READ:
        _READ[of] = _read_attributes(of)
    return _READ[of]


def _read_attributes(of: type[Any]) -> tuple[Attribute, ...]:
    annotations = get_type_hints(of)
    described: list[Attribute] = []
    for each in fields(of):
        annotation = annotations[each.name]
        if annotation is not Location:
            options = [option for option in get_args(annotation) if option is not NoneType]
            is_union = get_origin(annotation) in (Union, UnionType)
            kind, part = _kind(reduce(or_, options) if is_union else annotation)
            part = each.metadata.get("overrides", part)
            may_be_none = is_union and NoneType in get_args(annotation)
            described.append(
                Attribute(each.name, kind, may_be_none, each.default, part, each.metadata, annotation)
            )
    for moved in [each for each in described if "before" in each.metadata]:
        described.remove(moved)
        described.insert([each.name for each in described].index(moved.metadata["before"]), moved)
    return tuple(described)


def label(of: type[Any]) -> Attribute | None:
    """Return the attribute that HCL writes behind the name of the block, or None."""
    return next((each for each in attributes(of) if each.is_label), None)


def block_attributes(of: type[Any]) -> dict[str, Attribute]:
    """Return the attributes that HCL blocks hold, by the name of the block."""
    return {each.block: each for each in attributes(of) if each.block}


def following_attributes(of: type[Any], given: Container[str]) -> tuple[Attribute, ...]:
    """Return the attributes that follow from one of the `given` attributes. `given` has names of the
    model.
    """
    known = attributes(of)
    names = {name for each in known if each.name in given for name in each.metadata.get("stands_for", ())}
    return tuple(each for each in known if each.name in names)


def _kind(annotation: Any) -> tuple[Kind, type[Any] | None]:
    """Return the kind of value that an annotation without None allows, and the class of its parts."""
    if annotation in _KINDS:
        return _KINDS[annotation], None
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal and all(isinstance(each, str) for each in inner):
        return Kind.TEXT, None
    if origin is tuple and inner[1:] == (...,):
        kind, part = _kind(inner[0])
        return {Kind.HOOK: Kind.HOOKS, Kind.PART: Kind.PARTS}.get(kind, Kind.OTHER), part
    if origin in (Union, UnionType) and str in inner and any(map(_is_function, inner)):
        return Kind.HOOK, None
    if _is_function(annotation):
        return Kind.FUNCTION, None
    return (Kind.PART, annotation) if has(annotation) else (Kind.OTHER, None)


def _is_function(annotation: Any) -> bool:
    return get_origin(annotation) is Callable
