"""The function `format`: texts by a pattern with verbs, as in Terraform."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from portinfra.declaration.hcl.arithmetic import Number
from portinfra.declaration.hcl.values import in_words, is_number, to_number, to_text, to_truth

WIDEST = 1000
"""The greatest width or precision. A greater one would fill the memory."""

_VERB = re.compile(
    r"%(?P<flags>[ +\-0#]*)(?P<width>[0-9]*)(?:\.(?P<precision>[0-9]*))?"
    r"(?:\[(?P<index>[0-9]+)\])?(?P<verb>.?)",
    re.DOTALL,
)
_BASES = {"b": "b", "d": "d", "o": "o", "x": "x", "X": "X"}


def format_text(pattern: str, values: Sequence[Any], as_json: Callable[[Any], str]) -> str:
    """Return the pattern with each verb replaced by a value. Raises ValueError and TypeError."""
    return "".join(_pieces(pattern, values, as_json))


def _pieces(pattern: str, values: Sequence[Any], as_json: Callable[[Any], str]) -> Iterator[str]:
    position = following = used = 0
    while (at := pattern.find("%", position)) >= 0:
        yield pattern[position:at]
        match = _VERB.match(pattern, at)
        if match is None or not match["verb"]:
            raise ValueError("a % at the end has no verb; write %% for the character")
        position = match.end()
        if match["verb"] == "%":
            yield "%"
            continue
        following = int(match["index"]) - 1 if match["index"] and len(match["index"]) < 6 else following
        if not 0 <= following < len(values):
            raise ValueError(f"the pattern needs more than the {len(values)} given values")
        yield _format(match, values[following], as_json)
        following += 1
        used = max(used, following)
    yield pattern[position:]
    if used < len(values):
        raise ValueError(f"{len(values)} values are given, but the pattern needs {used}")


def _format(match: re.Match[str], value: Any, as_json: Callable[[Any], str]) -> str:
    flags, verb = match["flags"], match["verb"]
    width = _size(match["width"])
    precision = None if match["precision"] is None else _size(match["precision"])
    if value is None and verb != "v":
        raise TypeError(f"%{verb} takes no null")
    if verb == "v":
        verb = "J" if "#" in flags or value is None else _default_verb(value)
    if verb in _BASES:
        shown = format(_whole(to_number(value)), _BASES[verb])
    elif verb in "eEfgG":
        shown = _decimal(to_number(value), verb, precision)
    elif verb == "t":
        shown = to_text(to_truth(value))
    elif verb == "s":
        shown = to_text(value)[: precision or None]
    elif verb == "q":
        shown = json.dumps(to_text(value)[: precision or None], ensure_ascii=False)
    elif verb == "J":
        shown = as_json(value)
    else:
        raise ValueError(f"%{verb} is no verb; there are %v %s %q %d %b %o %x %X %e %E %f %g %G %t and %%")
    return _pad(shown, flags, width, is_signed=verb in "bdoxXeEfgG")


def _pad(shown: str, flags: str, width: int, *, is_signed: bool) -> str:
    sign = "-" if is_signed and shown.startswith("-") else ""
    if is_signed and not sign:
        sign = "+" if "+" in flags else " " if " " in flags else ""
    body = shown[1:] if sign == "-" else shown
    if "-" in flags:
        return (sign + body).ljust(width)
    if "0" in flags and is_signed:
        return sign + body.rjust(width - len(sign), "0")
    return (sign + body).rjust(width)


def _default_verb(value: Any) -> str:
    if isinstance(value, bool):
        return "t"
    return "g" if is_number(value) else "s" if isinstance(value, str) else "J"


def _size(written: str) -> int:
    """Return a width or precision. Without digits, it is 0, as in Go."""
    if not written:
        return 0
    if len(written) > 4 or int(written) > WIDEST:
        raise ValueError(f"a width or precision is at most {WIDEST}")
    return int(written)


def _whole(number: Number) -> int:
    if not isinstance(number, int):
        raise TypeError(f"a verb for whole numbers takes no {in_words(number).removeprefix('a ')}")
    return number


def _decimal(number: Number, verb: str, precision: int | None) -> str:
    """Return a number with a fraction or an exponent. As in Go, an exponent has at least two digits."""
    digits_after = 6 if precision is None else precision
    if verb == "f":
        return format(Decimal(number), f".{digits_after}f")
    if verb in "eE":
        return _two_digits(format(Decimal(number), f".{digits_after}{verb}"))
    shown = to_text(number)
    if precision is not None:
        return _two_digits(format(float(number), f".{precision}{verb}"))
    exponent = Decimal(number).adjusted() if number else 0
    if -5 < exponent < 21:
        return shown
    digits = f"{Decimal(number).normalize():E}".replace("E", "e" if verb == "g" else "E")
    return _two_digits(digits)


def _two_digits(shown: str) -> str:
    return re.sub(r"([eE][+-])(\d)$", r"\g<1>0\2", shown)
