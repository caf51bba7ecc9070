"""Foreign text (tags of a cloud, output of hooks, reasons), made safe for display.

A control character could move the cursor or hide the text before it. A bidirectional one could change the
order of what a person reads: https://www.unicode.org/reports/tr36/, https://trojansource.codes.
"""

import codecs
import json
import re

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Invisible characters that change what is visible. Joiners (U+200C, U+200D) are parts of words."""

CODES = "portinfra-codes"
"""An error handler of streams. It writes characters that an encoding lacks as codes, also in JSON."""


def visible(text: str, keep: str = "") -> str:
    """Return text with control and bidirectional characters as the codes of JSON: `\\u001b`.

    Characters in `keep` stay: line ends, where the text has several lines.
    """
    return _HIDDEN.sub(lambda found: found[0] if found[0] in keep else _code(found[0]), text)


def _code(character: str) -> str:
    return json.dumps(character)[1:-1]


def _encode_as_codes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_code, error.object[error.start : error.end])), error.end


codecs.register_error(CODES, _encode_as_codes)
