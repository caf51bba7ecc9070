"""Converters of attributes: what a user passes becomes a copy that no other value shares.

A text is one value. Python would read it as a sequence of letters, and no collection here has letters.
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
    """Return a copy of a mapping of texts. Return any other value as it is: validation reports it."""
    return options(given)


def options(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a copy of a mapping. Return any other value as it is, as validation reports it: `dict` would
    make pairs of letters.
    """
    return dict(given) if isinstance(given, dict | Mapping) else given  # a dict is recognized at once


def several(given: Iterable[T] | T) -> tuple[T, ...]:
    """Return several values as a tuple. One value alone becomes a tuple of one, also a text or a mapping."""
    if isinstance(given, tuple | list):  # the most frequent, and recognized at once
        return tuple(given)
    alone = isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable)
    return (given,) if alone else tuple(given)  # type: ignore[arg-type,return-value]


def strings(given: Iterable[str] | str) -> tuple[str, ...]:
    """Return several texts as a tuple. One text alone becomes a tuple of one."""
    return several(given)


def names(given: Iterable[str] | str) -> frozenset[str]:
    """Return names as a set. One name alone becomes a set of one. Return what cannot be in a set as a tuple,
    which is refused later.
    """
    try:
        return frozenset(strings(given))
    except TypeError:
        return strings(given)  # type: ignore[return-value]


def address(given: str | None) -> Address | None:
    """Return the address of a resource. Return a value that is no text as it is: validation reports it."""
    return Address(given) if isinstance(given, str) else given


def addresses(given: Iterable[str] | str) -> frozenset[Address]:
    """Return addresses of resources as a set. One address alone becomes a set of one. Other values stay, and
    are refused later.
    """
    return names(Address(each) if isinstance(each, str) else each for each in strings(given))  # type: ignore[return-value]


def addresses_or_none(given: Iterable[str] | str | None) -> frozenset[Address] | None:
    """Return the same as `addresses`; None stays None."""
    return None if given is None else addresses(given)


def refuse_text(of: type[Any], attributes: list["Attribute[Any]"]) -> list["Attribute[Any]"]:
    """Let each attribute that is a collection refuse a text: `frozen(field_transformer=…)`.

    A converter may have made a tuple of a text before; that is accepted. The location of a value is checked
    here, too: every finding has one.
    """
    return [each if each.validator else each.evolve(validator=_validator(each)) for each in attributes]


def _validator(attribute: "Attribute[Any]") -> Callable[..., None] | None:
    if attribute.type is Location:
        return _refuse_other_locations
    return _refuse_text if is_collection(attribute.type) else None


def _refuse_other_locations(of: Any, attribute: "Attribute[Any]", value: Any) -> None:
    refuse_wrong_type(f"{type(of).__name__}.{attribute.name}", value, Location)


def is_collection(annotation: Any) -> bool:
    """Return whether an annotation is of a collection, or of a collection or None. A named tuple is one
    value.
    """
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
