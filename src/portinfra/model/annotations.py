"""Type annotations: whether a value fits one, and what one accepts, in words."""

from collections.abc import Callable, Iterable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Protocol, TypeVar, Union, get_args, get_origin

from portinfra.format import with_article

_WORDS: Mapping[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    bytes: "bytes",
    NoneType: "None",
    Any: "any value",
}

_HELD: Mapping[type[Any], str] = {**_WORDS, float: "a number with a fraction", bytes: "of type bytes"}


def fits(value: object, annotation: Any) -> bool:
    """Return whether an annotation accepts a value. An iterator is not read."""
    if type(value) is annotation:  # the most frequent case
        return True
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation is Any or isinstance(annotation, TypeVar):
        return True
    if annotation is None:
        return value is None
    if origin in (Union, UnionType):
        return any(fits(value, each) for each in inner)
    if origin is Literal:
        return any(value is each or (type(value) is type(each) and value == each) for each in inner)
    if origin is type:
        bound = getattr(inner[0], "__bound__", inner[0]) or object
        return isinstance(value, type) and issubclass(value, bound)
    if origin is Callable or annotation is Callable:
        return callable(value)
    if annotation in (int, float):
        return isinstance(value, int | annotation) and not isinstance(value, bool)
    kind = origin or annotation
    if getattr(kind, "_is_protocol", False) and Protocol in kind.__mro__:
        return all(hasattr(value, name) for name in _members(kind))
    if not isinstance(value, kind):
        return False
    return _holds(value, kind, inner)


def _holds(value: Any, kind: type[Any], inner: tuple[Any, ...]) -> bool:
    """Return whether the items of a collection fit; of any other value, True."""
    if not inner or not issubclass(kind, Iterable):
        return True
    if issubclass(kind, Mapping):
        return all(fits(key, inner[0]) and fits(item, inner[1]) for key, item in value.items())
    if isinstance(value, str | bytes | Mapping):
        return False
    if kind is tuple and Ellipsis not in inner:
        return len(value) == len(inner) and all(map(fits, value, inner))
    return iter(value) is value or all(fits(item, inner[0]) for item in value)


def _members(protocol: type[Any]) -> set[str]:
    own = [each for each in protocol.__mro__ if getattr(each, "_is_protocol", False) and each is not Protocol]
    names = {name for each in own for name in (*vars(each), *getattr(each, "__annotations__", ()))}
    return {name for name in names if not name.startswith("_")}


def in_words(annotation: Any) -> str:
    """Return what an annotation accepts, in words: `a collection that holds text`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in _WORDS:
        return _WORDS[annotation]
    if annotation is None:
        return "None"
    if isinstance(annotation, TypeVar):
        return in_words(annotation.__bound__ or Any)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(map(in_words, inner)))
    if origin is Literal:
        return " or ".join(map(repr, inner))
    if origin is type:
        return f"a class: {in_words(inner[0]).partition(' ')[2]}"
    if origin is Callable or annotation is Callable:
        return "a Python function"
    kind = origin or annotation
    if issubclass(kind, Mapping):
        return f"a mapping of {in_words(inner[0])} to {in_words(inner[1])}" if inner else "a mapping"
    if issubclass(kind, Iterable) and inner:
        held = dict.fromkeys(in_words(each) for each in inner if each is not Ellipsis)
        return f"a collection that holds {' and '.join(held)}"
    return with_article(kind.__name__)


def what_it_is(value: object) -> str:
    """Return what a value is without its contents, which may be secret. Of a collection, return also what it
    holds.
    """
    if isinstance(value, Mapping):
        held = sorted({kind_of(item) for pair in value.items() for item in pair})
        return f"a mapping that holds {' and '.join(held)}" if held else "an empty mapping"
    if isinstance(value, tuple | list | set | frozenset):
        name = "set" if isinstance(value, set | frozenset) else "list"
        held = sorted({kind_of(item) for item in value})
        return f"a {name} that holds {' and '.join(held)}" if held else f"an empty {name}"
    return kind_of(value)


def kind_of(value: object) -> str:
    """Return the type of a value in words."""
    return _HELD.get(type(value), f"of type {type(value).__name__}")
