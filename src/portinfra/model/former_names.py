"""Former names of attributes: a class accepts them, and stored data may keep them."""

from collections.abc import Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from attrs import Attribute, evolve, fields

from portinfra.model.location import here

T = TypeVar("T")


def accept_former_names(of: type[T]) -> type[T]:
    """Let an attrs class accept each keyword that is the `former` name of an attribute, by its metadata.

    The location of the value records which former names were used, and `validation` reports them. If both
    names are given, the value of the former name is used. A call that passes a location is a copy, as by
    `evolve`: it passes every present name, so it never counts as a call that was written with both names.
    HCL also passes a location, and records there itself which names are written.
    """
    present: Mapping[str, str] = {
        each.metadata["former"]: each.name for each in fields(cast(Any, of)) if "former" in each.metadata
    }
    has_location = "location" in {each.name for each in fields(cast(Any, of))}
    make = of.__init__

    @wraps(make)
    def accepting(self: T, *arguments: Any, **named: Any) -> None:
        declares = "location" not in named
        used = {name: declares and present[name] in named for name in present if name in named}
        for former in used:
            named[present[former]] = named.pop(former)
        if used and has_location:
            location = named.get("location") or here()
            named["location"] = evolve(location, former_names={**used, **location.former_names})
        make(self, *arguments, **named)

    cast(Any, of).__init__ = accepting
    return of


def former_names(of: type[Any]) -> frozenset[str]:
    """Return the former names of the attributes of a declared class."""
    return frozenset(each.metadata["former"] for each in fields(of) if "former" in each.metadata)


def stored_name(attribute: "Attribute[Any]") -> str:
    """Return the name of an attribute in documents, saved plans and fingerprints."""
    return str(attribute.metadata.get("stored", attribute.name))
