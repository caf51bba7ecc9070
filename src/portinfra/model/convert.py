"""How what a user passes becomes what a value keeps: copies that no other value shares.

A text is one value. Python would read it as a sequence of letters; no collection here is made of letters.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, get_args, get_origin

from attrs import Attribute

from portinfra.base_errors import WrongTypeError
from portinfra.model.address import Address
from portinfra.model.annotations import what_it_is
from portinfra.model.location import Location
from portinfra.model.strict import refuse_wrong_type

T = TypeVar("T")


def tags(given: Mapping[str, str]) -> Mapping[str, str]:
    """A copy of a mapping of strings; what is no mapping is kept, to be reported."""
    return options(given)


def options(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """A copy of a mapping; what is no mapping is kept, to be reported: `dict` would make pairs of letters."""
    return dict(given) if isinstance(given, dict | Mapping) else given  # a dict is recognized at once


def several(given: Iterable[T] | T) -> tuple[T, ...]:
    """Several values; one alone is one of several, and so is a text or a mapping."""
    if isinstance(given, tuple | list):  # the most frequent, and recognized at once
        return tuple(given)
    alone = isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable)
    return (given,) if alone else tuple(given)  # type: ignore[arg-type,return-value]


def strings(given: Iterable[str] | str) -> tuple[str, ...]:
    """Several strings; one alone is one of several."""
    return several(given)


def names(given: Iterable[str] | str) -> frozenset[str]:
    """A set of names; one alone is the only one. What cannot be in a set is kept, to be refused."""
    try:
        return frozenset(strings(given))
    except TypeError:
        return strings(given)  # type: ignore[return-value]


def address(given: str | None) -> Address | None:
    """The address of a resource; what is no text is kept, to be reported."""
    return Address(given) if isinstance(given, str) else given


def addresses(given: Iterable[str] | str) -> frozenset[Address]:
    """A set of addresses of resources; one alone is the only one. Other values stay, to be refused."""
    return names(Address(each) if isinstance(each, str) else each for each in strings(given))  # type: ignore[return-value]


def addresses_or_none(given: Iterable[str] | str | None) -> frozenset[Address] | None:
    """As `addresses`; None stays None."""
    return None if given is None else addresses(given)


def refuse_text(of: type[Any], attributes: list["Attribute[Any]"]) -> list["Attribute[Any]"]:
    """Let each collection among the attributes of a class refuse a text: `frozen(field_transformer=…)`.

    A text that a converter has made one value of several is none any more. The line where a value was made
    is checked here, too: every finding has it.
    """
    return [each if each.validator else each.evolve(validator=_validator(each)) for each in attributes]


def _validator(attribute: "Attribute[Any]") -> Callable[..., None] | None:
    if attribute.type is Location:
        return _refuse_other_locations
    return _refuse_text if is_collection(attribute.type) else None


def _refuse_other_locations(of: Any, attribute: "Attribute[Any]", value: Any) -> None:
    refuse_wrong_type(f"{type(of).__name__}.{attribute.name}", value, Location)


def is_collection(annotation: Any) -> bool:
    """Whether an annotation is of a collection, or of a collection or None. A named tuple is one value."""
    origin = get_origin(annotation) or annotation
    if isinstance(origin, type):
        one = issubclass(origin, str | bytes) or hasattr(origin, "_fields")
        return issubclass(origin, Iterable) and not one
    return any(is_collection(each) for each in get_args(annotation)) and str not in get_args(annotation)


def _refuse_text(of: Any, attribute: "Attribute[Any]", value: Any) -> None:
    if isinstance(value, str | bytes):
        mapping = issubclass(get_origin(attribute.type) or object, Mapping)
        example = f"{attribute.name}={{name: value}}" if mapping else f"{attribute.name}=[value]"
        raise WrongTypeError(
            f"{type(of).__name__}.{attribute.name} must be a collection, and is {what_it_is(value)}. "
            f"Write {example}.",
            fix=f"Write {example}.",
        )
