"""Requests that join the calls of several resources. `Call.batch` says which calls can be joined."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra.provider.interface import Call


def batch_key(call: Call) -> str:
    """Return a text that equal calls of other resources share; empty: the call is always made alone."""
    if call.batch is None:
        return ""
    others = {name: value for name, value in call.parameters.items() if name != call.batch.parameter}
    return f"{call.action} {_in_order(others)!r}"


def join_calls(calls: Sequence[Call]) -> Call:
    """Return one request for calls with the same `batch_key`. One call stays as it is."""
    first = calls[0]
    if first.batch is None or len(calls) == 1:
        return first
    name = first.batch.parameter
    values = [value for call in calls for value in _list(call.parameters[name])]
    return evolve(first, parameters={**first.parameters, name: values}, joined=tuple(calls))


def calls_of(request: Call) -> tuple[Call, ...]:
    """Return the calls that a request joins; a single call is its own."""
    return request.joined or (request,)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _in_order(value: Any) -> Any:
    """Return a value whose mappings have their keys in order, so that equal ones have equal texts."""
    if isinstance(value, Mapping):
        return [(key, _in_order(value[key])) for key in sorted(value)]
    return [_in_order(item) for item in value] if isinstance(value, list | tuple) else value
