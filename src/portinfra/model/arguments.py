"""Checks of the arguments of public functions and of declared classes: wrong types and unknown names
raise.
"""

import inspect
from collections.abc import Callable, Iterator
from functools import cache, wraps
from importlib import import_module
from typing import Any, ParamSpec, TypeVar, cast

from portinfra.base_errors import WrongTypeError
from portinfra.format import suggestion
from portinfra.model.former_names import former_names
from portinfra.model.strict import refuse_wrong_type

P = ParamSpec("P")
T = TypeVar("T")


def check_types(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function raise WrongTypeError for an argument that its annotation does not accept.

    It raises before it does anything else. The function receives an iterator as a tuple.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def check_and_call(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            bound = signature.bind(*arguments, **named)
        except TypeError:
            return function(*arguments, **named)  # Python reports which argument is missing or unknown
        for name, value in bound.arguments.items():
            if isinstance(value, Iterator):
                bound.arguments[name] = value = tuple(value)
            several = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
            for one in value if several else (value,):
                refuse_wrong_type(f"{name} of {function.__name__}()", one, _hints(function).get(name, Any))
        return function(*bound.args, **bound.kwargs)

    return check_and_call


MODULES = ("portinfra.model.environment", "portinfra.model.recovery")
"""The modules that import every declared class. A script may have imported only some of the classes."""

_declared: dict[str, set[str]] = {}
"""Declared class → its attributes. It has every class once `MODULES` are imported."""


def refuse_unknown(of: type[T]) -> type[T]:
    """Let a declared class raise WrongTypeError for an unknown keyword. The error names the attribute that is
    meant.
    """
    make = of.__init__
    known = {name for name in inspect.signature(make).parameters if name != "self"}
    accepted = known | former_names(of)
    _declared[of.__name__] = known

    @wraps(make)
    def check_and_make(self: T, *arguments: Any, **named: Any) -> None:
        for name in named:
            if name not in accepted:
                owners = _find_owners(name)
                near = f"{name} belongs to {' or '.join(owners)}." if owners else ""
                near = near or suggestion(name, known - {"location"})
                error = WrongTypeError(f"{of.__name__} has no attribute {name!r}", fix=near)
                error.add_note(near)  # the last line of a traceback
                raise error
        make(self, *arguments, **named)

    cast(Any, of).__init__ = check_and_make
    return of


def _find_owners(name: str) -> list[str]:
    """Return the declared classes that have an attribute of that name, sorted."""
    for module in MODULES:
        import_module(module)
    return sorted(each for each, names in _declared.items() if name in names)


@cache
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a function. A class that is only imported for type checks is any value."""
    inner = inspect.unwrap(function)
    unknown: dict[str, Any] = {}
    annotations = inspect.get_annotations(inner)
    return {name: _resolve(each, inner.__globals__, unknown) for name, each in annotations.items()}


def _resolve(annotation: Any, names: dict[str, Any], unknown: dict[str, Any]) -> Any:
    while isinstance(annotation, str):
        try:
            annotation = eval(annotation, names, unknown)
        except NameError as error:
            unknown[str(error.name)] = Any
    return annotation
