"""Regular expressions as Terraform has them: those of RE2, which finds a match in time linear in the text."""

import re
from typing import Any

from portinfra.declaration.hcl.bounds import raise_if_too_long

MOST_STEPS = 500_000_000
"""Of one replacement: instructions of the pattern times characters to read, for each match. Takes seconds."""

_SIGN = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")


def replace_pattern(text: str, pattern: str, by: str) -> str:
    """Return the text with each match of a pattern replaced. `$1` and `${name}` stand for its groups, and
    `$$` for `$`, as in Go (https://pkg.go.dev/regexp#Regexp.Expand).

    Raises ValueError, also for a group that the pattern lacks: Go puts in nothing. As in Go, an empty match
    directly behind another match is none.
    """
    import re2  # takes 3 ms, and most declarations have no pattern

    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error:
        raise ValueError("the part is not a regular expression of RE2") from None
    pieces: list[str] = []
    length = end = 0
    has_matched = False
    steps = compiled.programsize * len(text)
    _raise_if_too_many(steps)
    for match in compiled.finditer(text):
        steps += compiled.programsize * (len(text) - match.end())
        _raise_if_too_many(steps)
        if has_matched and match.start() == match.end() == end:
            continue
        pieces += text[end : match.start()], _expand(by, match)
        length += len(pieces[-2]) + len(pieces[-1])
        raise_if_too_long(length)
        end, has_matched = match.end(), True
    return "".join([*pieces, text[end:]])


def _raise_if_too_many(steps: int) -> None:
    if steps > MOST_STEPS:
        raise ValueError("the text is too long for a pattern of this size that occurs so often")


def _expand(by: str, match: Any) -> str:
    try:
        return _SIGN.sub(lambda sign: sign[1] or match.group(_key(sign[2] or sign[3])) or "", by)
    except IndexError:
        raise ValueError("the part lacks a group that is put in") from None


def _key(name: str) -> int | str:
    """Return the number or name of a group. Go reads as a number only digits of ASCII without a zero before
    them, and in a name only letters, digits and `_`. Raises ValueError for other characters.
    """
    if not all(each.isalpha() or each.isdecimal() or each == "_" for each in name):
        raise ValueError("the name of a group that is put in has letters, digits and _ only")
    is_number = name.isascii() and name.isdecimal() and (name == "0" or name[0] != "0")
    return int(name) if is_number else name
