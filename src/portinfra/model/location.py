"""The location of a value: the line that an error names."""

import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

from attrs import Attribute, field

from portinfra.value import frozen

_FOR_PEOPLE = {"for_people": True}


def _refuse_no_mapping(of: Any, attribute: "Attribute[Any]", value: Any) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"Location.{attribute.name} must be a mapping, and is of type {type(value).__name__}")


@frozen
class Location:
    """A line of a user's file. Lines count from 1. Line 0 means an option of the command line, as it was
    given (`--on aws:us-east-1`).
    """

    file: str
    line: int
    column: int = field(default=0, eq=False, repr=False, metadata=_FOR_PEOPLE)
    """The column, counted from 1. 0: not known."""
    source: str = field(default="", eq=False, repr=False, metadata=_FOR_PEOPLE)
    """The text of the line. Empty: not known, or it may hold a secret."""

    attributes: Mapping[str, "Location"] = field(
        factory=dict, eq=False, repr=False, metadata=_FOR_PEOPLE, validator=_refuse_no_mapping
    )
    """Of a block: attribute → its line. Empty: not known."""

    former_names: Mapping[str, bool] = field(
        factory=dict, eq=False, repr=False, metadata=_FOR_PEOPLE, validator=_refuse_no_mapping
    )
    """Of a declared value: former name that it was written with → whether the present name was written too.
    """

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def of(self, subject: str) -> "Location":
        """Return the line of the last attribute that a subject such as `role.web.size` names.

        If it names none, return this line. The first two words name the block itself.
        """
        named = f".{'.'.join(subject.split('.')[2:])}."
        places = {name: named.rfind(f".{name}.") for name in self.attributes}
        last = max(places, key=lambda name: (places[name], len(name)), default="")
        if last and places[last] >= 0:
            return self.attributes[last]
        return self

    @property
    def exact(self) -> str:
        """`shop.hcl:3:5`, as editors read it; without the column where it is not known."""
        return f"{self}:{self.column}" if self.column else str(self)

    @property
    def is_hcl(self) -> bool:
        """Whether the file is in HCL, and not in Python."""
        return self.file.endswith(".hcl")

    def write(self, name: str, value: str) -> str:
        """Return an attribute in the language of the file: `icmp = true`, or `icmp=True`."""
        if not self.is_hcl:
            return f"{name}={value}"
        return f"{name} = {value.lower() if value in ('True', 'False') else value}"

    def choose(self, python: str, hcl: str) -> str:
        """Return what to write, in the language of the file."""
        return hcl if self.is_hcl else python


def here() -> Location:
    """Return the nearest calling line outside portinfra: where the user created this value."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _ours(frame):
        frame = frame.f_back
    if frame is None:
        return Location("<unknown>", 1)
    return Location(frame.f_code.co_filename, frame.f_lineno)


def location_of(function: object) -> Location | None:
    """Return the line where a Python function begins; None for any other value."""
    code = getattr(function, "__code__", None)
    return Location(code.co_filename, code.co_firstlineno) if code else None


DECLARES = "portinfra.testing.conformance."
"""The modules of portinfra that declare topologies as a user does."""


def _ours(frame: FrameType) -> bool:
    module = frame.f_globals.get("__name__", "")
    return (
        module == "portinfra"
        or (module.startswith("portinfra.") and not module.startswith(DECLARES))
        or module.partition(".")[0] == "attr"
        or frame.f_code.co_filename.startswith("<attrs generated")
    )
