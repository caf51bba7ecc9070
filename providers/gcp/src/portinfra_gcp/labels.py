"""Labels: lower case, digits, `-` and `_`, at most 63 characters, keys beginning with a letter.

https://cloud.google.com/compute/docs/labeling-resources ("Requirements for labels"). A user's tag that is no
label is spelt as one: each byte that cannot stand is `__` and two hexadecimal digits, and a key that begins
with no letter is led in by `x__x`.
"""

import re
from collections.abc import Mapping

from portinfra.provider.interface import Refuse

PREFIX = "portinfra-"
"""Begins the key of each label that is ours and not the user's."""

LABEL_MAX = 63

_GOOGLES = "goog-"
_RESERVED = (PREFIX, _GOOGLES)
_LED_IN = "x__x"
_ILLEGAL = re.compile(r"__|[^a-z0-9_-]|_(?=_)|(?<=_)_")
_ESCAPE = re.compile(r"(?:__[0-9a-f]{2})+")


def spelt(tags: Mapping[str, str]) -> dict[str, str]:
    """Labels for a user's tags."""
    return {_key(key): _escape(value) for key, value in tags.items()}


def read_tags(labels: Mapping[str, str]) -> dict[str, str]:
    """The user's tags among labels; neither ours nor Google's own."""
    return {
        _plain(key.removeprefix(_LED_IN)): _plain(value)
        for key, value in labels.items()
        if not key.startswith(_RESERVED)
    }


def foreign(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels that Google's own services keep on a resource: to write ours must not take them away."""
    return {key: value for key, value in labels.items() if key.startswith(_GOOGLES)}


def impossible(tags: Mapping[str, str]) -> Refuse | None:
    """Why a user's tags cannot all be labels."""
    for tag in sorted(tags):
        key, value = _key(tag), _escape(tags[tag])
        if key.startswith(_RESERVED):
            return Refuse(
                f"the tag {tag!r} is not the user's to set on Google Cloud", "Choose another key for it."
            )
        if not 0 < len(key) <= LABEL_MAX or len(value) > LABEL_MAX:
            return Refuse(
                f"the tag {tag!r} does not fit into a label of {LABEL_MAX} characters",
                "Shorten it; what is not lower case, a digit, - or _ takes four characters a byte.",
            )
    return None


def _key(tag: str) -> str:
    escaped = _escape(tag)
    return escaped if escaped[:1].isascii() and escaped[:1].isalpha() else _LED_IN + escaped


def _escape(text: str) -> str:
    return _ILLEGAL.sub(lambda found: "".join(f"__{byte:02x}" for byte in found[0].encode()), text)


def _plain(label: str) -> str:
    return _ESCAPE.sub(
        lambda found: bytes.fromhex(found[0].replace("__", "")).decode(errors="replace"), label
    )
