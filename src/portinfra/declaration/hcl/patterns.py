"""Regular expressions as in Terraform: those of RE2, which needs time that is linear in the text."""

import re
from typing import Any

from portinfra.declaration.hcl.bounds import raise_if_too_long

MOST_STEPS = 500_000_000
"""The most work of a replacement: instructions of the pattern times characters, for each match; seconds."""

_SIGN = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")


def replace_pattern(text: str, pattern: str, by: str) -> str:
    """Return the text with each match of a pattern replaced.

    In the replacement, `$1` and `${name}` mean groups, and `$$` means `$`, as in Go
    (https://pkg.go.dev/regexp#Regexp.Expand). Raises ValueError, also for an unknown group, where Go inserts
    nothing. As in Go, an empty match directly behind another match does not count.
    """
    import re2  # takes 3 ms, and most declarations have no pattern

    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error:
        raise ValueError("the second argument is not a regular expression of RE2") from None
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
        raise ValueError("the text is too long for a pattern of this size with so many matches")


def _expand(by: str, match: Any) -> str:
    try:
        return _SIGN.sub(lambda sign: sign[1] or match.group(_key(sign[2] or sign[3])) or "", by)
    except IndexError:
        raise ValueError("the pattern does not have a group of the replacement") from None


def _key(name: str) -> int | str:
    """Return the number or name of a group. Raises ValueError for a character that Go does not accept.

    As in Go, a number has only ASCII digits without a leading zero. A name has letters, digits and `_`.
    """
    if not all(each.isalpha() or each.isdecimal() or each == "_" for each in name):
        raise ValueError("the name of a group in the replacement has letters, digits and _ only")
    is_number = name.isascii() and name.isdecimal() and (name == "0" or name[0] != "0")
    return int(name) if is_number else name
