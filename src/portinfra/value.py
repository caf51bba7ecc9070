"""The decorators of portinfra's classes: those of attrs, with methods that cost nothing until they are used.

attrs compiles `__eq__`, `__hash__` and `__repr__` for each class. That was a quarter of the start of a
command, which calls hardly any of them. Here each of the three is one function for all classes. attrs
still makes everything else: the attributes, the slots and `__init__`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from attrs import define as define
    from attrs import frozen as frozen
else:

    def frozen(cls=None, **options):
        """Make a class of immutable values, as `attrs.frozen` does with the same options."""
        return _decorate(attrs.frozen, cls, options)

    def define(cls=None, **options):
        """Make a class of mutable values, as `attrs.define` does with the same options."""
        return _decorate(attrs.define, cls, options)


_COMPARISON = {"eq", "order", "hash", "unsafe_hash", "cache_hash", "repr", "str"}
"""Options that attrs serves by itself."""


def _decorate(attrs_decorator: Any, cls: type[Any] | None, options: dict[str, Any]) -> Any:
    if cls is None:
        return lambda cls: _decorate(attrs_decorator, cls, options)
    if _COMPARISON.intersection(options) or issubclass(cls, BaseException):
        return attrs_decorator(cls, **options)
    own = cls.__dict__
    compared = "__eq__" not in own and "__ne__" not in own
    made = attrs_decorator(cls, eq=False, repr=False, **options)
    if "__repr__" not in own:
        made.__repr__ = _format
    if compared:
        made.__eq__ = _equality(made)
        if "__hash__" not in own:
            made.__hash__ = _hash(made) if attrs_decorator is attrs.frozen else None
    return made


@recursive_repr("...")
def _format(self: Any) -> str:
    """Return what attrs' own `__repr__` returns: the class, and each attribute that is shown."""
    name = type(self).__qualname__.rsplit(">.", 1)[-1]
    shown = [f"{each.name}={getattr(self, each.name)!r}" for each in attrs.fields(type(self)) if each.repr]
    return f"{name}({', '.join(shown)})"


def _equality(cls: type[Any]) -> Any:
    compared = _values_of(each.name for each in attrs.fields(cls) if each.eq)

    def __eq__(self: Any, other: Any) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(cls: type[Any]) -> Any:
    hashed = _values_of(
        each.name for each in attrs.fields(cls) if (each.eq if each.hash is None else each.hash)
    )

    def __hash__(self: Any) -> int:
        return hash((cls, hashed(self)))

    return __hash__


def _values_of(names: Iterable[str]) -> Callable[[Any], Any]:
    """Return a function that returns the values of these attributes of an object."""
    names = tuple(names)
    return attrgetter(*names) if names else type
