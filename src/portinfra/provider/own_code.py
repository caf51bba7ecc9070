"""Errors of a provider's own code: which method raised, and where; which answer lacks an id."""

import inspect
import traceback
from collections.abc import Callable, Mapping
from functools import reduce
from operator import getitem
from typing import Any, ParamSpec, TypeVar

from portinfra.errors import PortinfraError, ProviderError

P = ParamSpec("P")
T = TypeVar("T")

DEFECT_FIX = "This is a defect of the provider: please report it."

_IMPORT_MACHINERY = ("<frozen importlib", "/importlib/")
"""Parts of the file names of Python's own import code."""


def call_method(method: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Call a method of a driver or of a provider.

    Raise ProviderError for an error of its own code. It names the method and the line, and has the error as
    its cause.
    """
    try:
        return method(*arguments, **named)
    except PortinfraError:
        raise
    except Exception as error:
        raise ProviderError(
            f"{_name(method)} raised {describe(error, method)}", fix=defect_fix(error)
        ) from error


def defect_fix(error: Exception) -> str:
    """Return what to do about an error that a provider's own code raised.

    The cause may be this machine: a module that is not installed, a file that cannot be read.
    """
    if isinstance(error, OSError) and error.filename:
        return f"Make sure that {error.filename} exists and can be read, then run the same command again."
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"Install the Python module {error.name!r}: the provider imports it."
    return DEFECT_FIX


def find_id(path: str, answer: Mapping[str, Any], action: str, address: str | None) -> str:
    """Return the id at a dotted path of an answer. Raise ProviderError where there is none."""
    try:
        value: Any = reduce(getitem, path.split("."), answer)
    except (KeyError, IndexError, TypeError):
        value = None
    if value is None or value == "":
        raise ProviderError(
            f'the answer has nothing at "{path}"',
            action=action,
            address=address or "",
            fix="This is a defect of the provider: correct `fills` of this call.",
        )
    return str(value)


def describe(error: BaseException, method: Callable[..., Any] | None = None) -> str:
    """Return an error with its class and its line; if a method or function is given, the line in its file."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if method is not None and frame.filename == _file(method)] or frames
    return f"{type(error).__name__}: {error} ({own[-1].filename.rpartition('/')[2]}, line {own[-1].lineno})"


def describe_import(error: Exception) -> str:
    """Return an error of an import with its class, and with the file and line of the imported code."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):  # its text has the file and the line
        return text
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first one imports
    own = [frame for frame in frames if not any(each in frame.filename for each in _IMPORT_MACHINERY)]
    return f"{text} ({own[-1].filename}, line {own[-1].lineno})" if own else text


def _name(method: Callable[..., Any]) -> str:
    """Return the name of a method with its class: `SubnetDriver.assemble`."""
    of = getattr(method, "__self__", None)
    name = getattr(method, "__name__", "a method")
    return f"{type(of).__name__}.{name}" if of is not None else name


def _file(method: Callable[..., Any]) -> str:
    if not hasattr(method, "__self__") and hasattr(method, "__code__"):
        return str(method.__code__.co_filename)
    try:
        return inspect.getfile(type(getattr(method, "__self__", method)))
    except TypeError:  # it is not written in Python
        return ""
