"""Numbers as in HCL: whole ones are exact, others have 154 decimal digits (HCL calculates with 512 bits)."""

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from sys import float_info
from typing import Any, TypeAlias

Number: TypeAlias = "int | Decimal"
"""A whole number is an int, any other a Decimal."""

DIGITS = 154
LARGEST = Decimal(float_info.max)
SMALLEST = -324
"""The exponent of the smallest number, as the model stores numbers as floats."""
LONGEST = 700
"""The most characters of a number."""

_CONTEXT = Context(prec=DIGITS, traps=[InvalidOperation, DivisionByZero, Overflow])
_WRITTEN = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,6})?")

COMPARISON: Mapping[str, Callable[[Any, Any], bool]] = {
    "LT": operator.lt,
    "GT": operator.gt,
    "LEQ": operator.le,
    "GEQ": operator.ge,
}


def read_number(text: str) -> Number:
    """Return the number of a text, as `tonumber` reads it. Raises ValueError."""
    if not _WRITTEN.fullmatch(text):
        raise ValueError("this text is not a number")
    if len(text) > LONGEST:
        raise ValueError("the number has too many digits")
    return check_bounds(Decimal(text))


def check_bounds(number: Number) -> Number:
    """Return the number, as an int if it has no fraction. Raises ValueError for one too large or small."""
    if not -LARGEST <= number <= LARGEST:
        raise ValueError("the number is too large")
    if isinstance(number, int):
        return number
    if number and number.adjusted() < SMALLEST:
        raise ValueError("the number is too small")
    return int(number) if number == number.to_integral_value() else number


def negate(number: Number) -> Number:
    """Return the number with the other sign."""
    return check_bounds(-number if isinstance(number, int) else number.copy_negate())


def reckon(sign: str, left: Number, right: Number) -> Number:
    """Return the result of an operation. Raises ValueError if it has none."""
    if sign in ("SLASH", "PERCENT") and not right:
        raise ValueError("a division by zero")
    if isinstance(left, int) and isinstance(right, int) and (whole := _whole(sign, left, right)) is not None:
        return check_bounds(whole)
    a, b = Decimal(left), Decimal(right)
    operations = {"PLUS": _CONTEXT.add, "MINUS": _CONTEXT.subtract, "ASTERISK": _CONTEXT.multiply}
    operations |= {"SLASH": _CONTEXT.divide, "PERCENT": _CONTEXT.remainder}  # of the sign of `a`, as in HCL
    try:
        return check_bounds(operations[sign](a, b))
    except InvalidOperation:
        raise ValueError(f"the result has more than {DIGITS} digits") from None


def _whole(sign: str, left: int, right: int) -> int | None:
    """Return an exact result; None: it has a fraction."""
    if sign == "SLASH":
        quotient, rest = divmod(left, right)
        return None if rest else quotient
    if sign == "PERCENT":
        rest = abs(left) % abs(right)
        return -rest if left < 0 else rest
    return {"PLUS": left + right, "MINUS": left - right, "ASTERISK": left * right}[sign]
