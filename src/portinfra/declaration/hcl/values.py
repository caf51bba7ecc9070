"""The values of expressions, and Terraform's conversions between texts, numbers, and true and false.

A value is None, a bool, a number, a str, a list or a dict. No message shows a value: it may be a secret.
"""

from decimal import Decimal
from typing import Any

from portinfra.declaration.hcl.arithmetic import Number, read_number

DEEPEST_VALUE = 60
"""The most nested lists and mappings of a value."""


def in_words(value: Any) -> str:
    """Return the type of a value in words."""
    if value is None:
        return "null"
    words = {
        bool: "true or false",
        str: "text",
        int: "a number",
        Decimal: "a number with a fraction",
        float: "a number with a fraction",
        list: "a list",
    }
    return words.get(type(value), "a mapping")


def same(left: Any, right: Any) -> bool:
    """Return whether two values are equal, without conversions: `1` is neither `"1"` nor `true`."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def is_number(value: Any) -> bool:
    """Return whether a value is a number without a conversion."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def to_text(value: Any) -> str:
    """Return a value as text, as in a template. Raises TypeError for null, a list or a mapping."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f").rstrip("0").rstrip(".")
    raise TypeError(f"{in_words(value)} cannot be put into a text")


def to_number(value: Any) -> Number:
    """Return a number, or the number of a text. Raises TypeError and ValueError."""
    if isinstance(value, str):
        return read_number(value)
    if is_number(value):
        number: Number = value
        return number
    raise TypeError(f"takes a number, not {in_words(value)}")


def to_truth(value: Any) -> bool:
    """Return a bool, or that of the text "true", "false", "1" or "0". Raises TypeError and ValueError."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise TypeError(f"takes true or false, not {in_words(value)}")
    if value not in ("true", "false", "1", "0"):
        raise ValueError("this text is neither true nor false")
    return value in ("true", "1")


def to_python(value: Any, depth: int = 0) -> Any:
    """Return the value as in the model, where numbers with a fraction are floats. Raises ValueError."""
    if depth > DEEPEST_VALUE:
        raise ValueError(f"more than {DEEPEST_VALUE} lists and mappings are nested")
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [to_python(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: to_python(item, depth + 1) for key, item in value.items()}
    return value
