"""Values of variables from outside: from the environment, from files in their order, and from `--var`.

The last of these counts. No error shows a part of a value: it may be a secret.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from attrs import field

from portinfra.declaration.hcl.arithmetic import read_number
from portinfra.declaration.hcl.expressions import NO_NAMES, evaluate
from portinfra.declaration.hcl.problem import Problem, problem
from portinfra.declaration.hcl.syntax import Attribute, parse
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.value import frozen

FROM_ENVIRONMENT = "PORTINFRA_VAR_"


@frozen
class FileValue:
    """A value from a file, with its place."""

    value: Any = field(repr=False)
    location: Location


Given: TypeAlias = "str | FileValue"
"""A text from the environment or `--var`, not yet parsed; or a value from a file."""


@frozen
class Outside:
    """The sources of values: texts by name, and files."""

    texts: Mapping[str, str] = field(factory=dict, repr=False)
    files: Sequence[Path] = ()


def values_for(names: Sequence[str], outside: Outside, findings: list[Finding]) -> dict[str, Given]:
    """Return the values of variables from outside. Errors are added to `findings`.

    All values of files and `--var` are returned, also those of unknown variables.
    """
    given: dict[str, Given] = {
        name: os.environ[FROM_ENVIRONMENT + name] for name in names if FROM_ENVIRONMENT + name in os.environ
    }
    for file in outside.files:
        try:
            given |= _read_values(file)
        except Problem as wrong:
            findings += wrong.findings
    return {**given, **outside.texts}


def _read_values(file: Path) -> dict[str, FileValue]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        message, fix = f"the file of values cannot be read: {reason}", "Name another with --var-file."
        raise problem("file", message, fix, Location(str(file), 1)) from None
    return _from_json(text, str(file)) if file.suffix == ".json" else _from_hcl(text, str(file))


def _from_hcl(text: str, file: str) -> dict[str, FileValue]:
    body = parse(text, file, is_secret=True)
    for block in body.blocks:
        message = "a file of values has no blocks"
        raise problem("unknown-block", message, "Write NAME = VALUE on a line.", block.location)
    values: dict[str, FileValue] = {}
    for attribute in body.attributes:
        if attribute.name in values:
            message = f"{attribute.name!r} is set twice"
            raise problem("duplicate", message, "Remove one.", attribute.location)
        values[attribute.name] = FileValue(_value(attribute), attribute.location)
    return values


def _value(attribute: Attribute) -> Any:
    try:
        return evaluate(attribute, NO_NAMES).value
    except Problem:
        message = f"the value of {attribute.name!r} cannot be read"
        fix = "Write a text in quotes, a number, true or false, a list or a mapping."
        raise problem("var-file", message, fix, attribute.location) from None


class _Refused(Exception):
    """An error about JSON of values. Its place is the last match of a pattern in the text."""

    def __init__(self, message: str, fix: str, pattern: str) -> None:
        super().__init__(message)
        self.message, self.fix, self.pattern = message, fix, pattern

    def line_in(self, text: str) -> int:
        """Return the line of the last match."""
        places = [match.start() for match in re.finditer(self.pattern, text)]
        return text.count("\n", 0, places[-1]) + 1 if places else 1


def _refuse_constant(name: str) -> Any:
    raise _Refused(f"{name} is no number in JSON", "Write a number.", rf":\s*{name}\b")


def _mapping_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        name = next(name for name in names if names.count(name) > 1)
        pattern = rf"{re.escape(json.dumps(name, ensure_ascii=False))}\s*:"
        raise _Refused("a name is set twice in one mapping", "Remove one.", pattern)
    return made


def _from_json(text: str, file: str) -> dict[str, FileValue]:
    try:
        values = json.loads(
            text,
            parse_float=read_number,
            parse_int=read_number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_mapping_of,
        )
    except _Refused as refused:
        place = Location(file, refused.line_in(text))
        raise problem("var-file", refused.message, refused.fix, place) from None
    except json.JSONDecodeError as error:
        place = Location(file, error.lineno, error.colno)
        raise problem(
            "var-file", "this is not JSON", "Correct it, or rename the file if it is HCL.", place
        ) from None
    except (ValueError, RecursionError):
        message = "a number is too large, or lists are nested too deeply"
        raise problem("var-file", message, "Write a smaller value.", Location(file, 1)) from None
    if not isinstance(values, dict):
        fix = 'Write { "NAME": VALUE }.'
        raise problem("var-file", "the file does not hold a mapping of names", fix, Location(file, 1))
    line = _lines_of_names(text)
    return {name: FileValue(value, Location(file, line(name))) for name, value in values.items()}


def _lines_of_names(text: str) -> Callable[[str], int]:
    """Return a function from the name of a value to the line that sets it first."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        for name in re.findall(r'"((?:[^"\\]|\\.)*)"\s*:', line):
            lines.setdefault(name, number)
    return lambda name: lines.get(name, 1)
