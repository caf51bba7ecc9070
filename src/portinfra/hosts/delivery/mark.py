"""The first line of a rendered file: who renders it, for which scope, and the digest of all that follows.

The digest shows whether a person edited the file. So a repository needs no record of what portinfra wrote.
"""

import hashlib
import re

from portinfra.value import frozen

_LINE = re.compile(
    r"# portinfra renders this file(?: for (?P<scope>\S+))?\. Do not edit it\. "
    r"sha256 (?P<digest>[0-9a-f]{64})"
)


@frozen
class Mark:
    """The first line of a file that portinfra rendered."""

    scope: str
    """`TOPOLOGY/ENVIRONMENT`; empty for a file that is the same for all of them."""
    is_intact: bool
    """Whether the rest of the file is as portinfra rendered it."""


def add_mark(text: str, scope: str = "") -> str:
    """Return a text with a mark as its first line. The text ends with a line break."""
    whose = f" for {scope}" if scope else ""
    return f"# portinfra renders this file{whose}. Do not edit it. sha256 {_digest(text)}\n{text}"


def read_mark(text: str) -> Mark | None:
    """Return the mark of a text; None if portinfra did not render it."""
    line, _, rest = text.partition("\n")
    found = _LINE.fullmatch(line)
    return Mark(found["scope"] or "", _digest(rest) == found["digest"]) if found else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
