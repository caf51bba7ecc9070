"""The functions of expressions, as in Terraform.

Each takes values, and raises ValueError or TypeError. Their messages show no value.
"""

import base64
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from inspect import signature
from ipaddress import IPv4Network, ip_network
from typing import Any

from portinfra.declaration.hcl.arithmetic import Number, reckon
from portinfra.declaration.hcl.bounds import raise_if_too_long
from portinfra.declaration.hcl.formats import format_text
from portinfra.declaration.hcl.patterns import replace_pattern
from portinfra.declaration.hcl.values import in_words, same, to_number, to_text, to_truth
from portinfra.declaration.hcl.yaml import yaml_text
from portinfra.format import count

LONGEST_RANGE = 1024
"""The most numbers of a range, as in Terraform."""


def _text(value: Any) -> str:
    if value is None or isinstance(value, list | dict):
        raise TypeError(f"takes text, not {in_words(value)}")
    return to_text(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"takes a list, not {in_words(value)}")
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"takes a mapping, not {in_words(value)}")
    return value


def _whole(value: Any) -> int:
    number = to_number(value)
    if not isinstance(number, int):
        raise TypeError("takes a whole number, not one with a fraction")
    return number


def _length(value: Any) -> int:
    if not isinstance(value, str | list | dict):
        raise TypeError(f"takes text, a list or a mapping, not {in_words(value)}")
    return len(value)


def _merge(*mappings: Any) -> dict[str, Any]:
    return {key: value for mapping in mappings for key, value in _mapping(mapping).items()}


def _lookup(mapping: Any, key: Any, *otherwise: Any) -> Any:
    found = _mapping(mapping)
    if _text(key) not in found and not otherwise:
        raise ValueError("the mapping has no such key, and there is no third argument as a default")
    return found.get(_text(key), otherwise[0] if otherwise else None)


def _cidrsubnet(prefix: Any, bits: Any, number: Any) -> str:
    network, length, subnet = _network(IPv4Network, prefix), _whole(bits), _whole(number)
    room = 32 - network.prefixlen
    if not 0 <= length <= room:
        raise ValueError(f"a /{network.prefixlen} has room for {room} more bits")
    if not 0 <= subnet < 2**length:
        raise ValueError(f"{length} more bits make {2**length} subnets, counted from 0")
    first = network.network_address + (subnet << (room - length))
    return f"{first}/{network.prefixlen + length}"


def _cidrhost(prefix: Any, number: Any) -> str:
    network, host = _network(lambda text: ip_network(text, strict=False), prefix), _whole(number)
    place = host if host >= 0 else network.num_addresses + host
    if not 0 <= place < network.num_addresses:
        raise ValueError(f"a /{network.prefixlen} has {network.num_addresses} addresses, counted from 0")
    return str(network[place])


def _network(make: Callable[[str], Any], prefix: Any) -> Any:
    try:
        return make(_text(prefix))
    except ValueError:
        raise ValueError("the first argument is not a range of addresses, such as 10.0.0.0/16") from None


def _replace(text: Any, part: Any, by: Any) -> str:
    """Return the text with each occurrence replaced. A part in `/…/` is a regular expression."""
    whole, found, new = _text(text), _text(part), _text(by)
    if len(found) < 2 or not (found.startswith("/") and found.endswith("/")):
        raise_if_too_long(len(whole) + whole.count(found) * len(new))
        return whole.replace(found, new)
    return replace_pattern(whole, found[1:-1], new)


def _range(*limits: Any) -> list[Number]:
    if not 1 <= len(limits) <= 3:
        raise TypeError("takes one to three numbers")
    numbers = [to_number(limit) for limit in limits]
    start, end = (0, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])
    step = numbers[2] if len(numbers) == 3 else 1 if start <= end else -1
    if step == 0 or (step > 0) != (start <= end):
        raise ValueError("the step must lead from the first number to the second")
    made: list[Number] = []
    while start < end if step > 0 else start > end:
        if len(made) == LONGEST_RANGE:
            raise ValueError(f"a range has at most {LONGEST_RANGE} numbers")
        made.append(start)
        start = reckon("PLUS", start, step)
    return made


def _flatten(value: Any) -> list[Any]:
    flat: list[Any] = []
    ahead = list(reversed(_list(value)))
    while ahead:
        item = ahead.pop()
        if isinstance(item, list):
            ahead += reversed(item)
        else:
            flat.append(item)
    return flat


def _of_null(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the conversion, but with null for null."""
    return lambda value: None if value is None else convert(value)


def json_text(value: Any) -> str:
    """Return a value as JSON, in one line."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_json_number)


def _json_number(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{in_words(value)} cannot be written as JSON")


def _join(separator: Any, items: Any) -> str:
    between, texts = _text(separator), [_text(item) for item in _list(items)]
    raise_if_too_long(len(between) * len(texts) + sum(map(len, texts)))
    return between.join(texts)


def _split(separator: Any, text: Any) -> list[str]:
    between = _text(separator)
    return _text(text).split(between) if between else list(_text(text))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "base64encode": lambda text: base64.b64encode(_text(text).encode()).decode(),
    "cidrhost": _cidrhost,
    "cidrsubnet": _cidrsubnet,
    "concat": lambda *lists: [item for one in lists for item in _list(one)],
    "contains": lambda items, wanted: any(same(item, wanted) for item in _list(items)),
    "flatten": _flatten,
    "format": lambda pattern, *values: format_text(_text(pattern), values, json_text),
    "join": _join,
    "jsonencode": json_text,
    "keys": lambda mapping: sorted(_mapping(mapping)),
    "length": _length,
    "lookup": _lookup,
    "lower": lambda text: _text(text).lower(),
    "max": lambda *numbers: max(map(to_number, numbers)),
    "merge": _merge,
    "min": lambda *numbers: min(map(to_number, numbers)),
    "range": _range,
    "replace": _replace,
    "split": _split,
    "tobool": _of_null(to_truth),
    "tonumber": _of_null(to_number),
    "tostring": _of_null(_text),
    "trimspace": lambda text: _text(text).strip(),
    "upper": lambda text: _text(text).upper(),
    "values": lambda mapping: [value for _, value in sorted(_mapping(mapping).items())],
    "yamlencode": yaml_text,
}
"""The functions by name. `calls` has those that need more than values."""


def wrong_number(function: str, given: int) -> str:
    """Return the error about a wrong number of arguments; empty: the number is right."""
    parameters = signature(FUNCTIONS[function]).parameters.values()
    least = sum(each.kind is not each.VAR_POSITIONAL for each in parameters)
    more = least < len(parameters)
    if given == least or (more and given > least):
        return ""
    taken = count(least, "argument") + (" or more" if more else "")
    return f"{function}() takes {taken}, and has {given or 'none'}"
