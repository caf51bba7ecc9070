"""Labels: lower case, digits, `-` and `_`, at most 63 characters; a key begins with a letter.

https://cloud.google.com/compute/docs/labeling-resources ("Requirements for labels"). portinfra encodes a
user's tag that is not a label: each illegal byte becomes `__` and two hexadecimal digits. A key that begins
with no letter gets the prefix `x__x`.
"""

import re
from collections.abc import Mapping

from portinfra.provider.interface import Refuse

PREFIX = "portinfra-"
"""The prefix of each label key that portinfra owns."""

LABEL_MAX = 63

_GOOGLE_PREFIX = "goog-"
_RESERVED = (PREFIX, _GOOGLE_PREFIX)
_KEY_PREFIX = "x__x"
_ILLEGAL = re.compile(r"__|[^a-z0-9_-]|_(?=_)|(?<=_)_")
_ESCAPE = re.compile(r"(?:__[0-9a-f]{2})+")


def spell_labels(tags: Mapping[str, str]) -> dict[str, str]:
    """Return labels for a user's tags."""
    return {_key(key): _escape(value) for key, value in tags.items()}


def read_tags(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the user's tags among labels, without portinfra's and Google's."""
    return {
        _plain(key.removeprefix(_KEY_PREFIX)): _plain(value)
        for key, value in labels.items()
        if not key.startswith(_RESERVED)
    }


def foreign(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels of Google's own services. Writing ours must keep them."""
    return {key: value for key, value in labels.items() if key.startswith(_GOOGLE_PREFIX)}


def refuse_tags(tags: Mapping[str, str]) -> Refuse | None:
    """Return why a user's tags cannot all be labels; None if they can."""
    for tag in sorted(tags):
        key, value = _key(tag), _escape(tags[tag])
        if key.startswith(_RESERVED):
            return Refuse(f"the tag {tag!r} is reserved on Google Cloud", "Choose another key for the tag.")
        if not 0 < len(key) <= LABEL_MAX or len(value) > LABEL_MAX:
            return Refuse(
                f"the tag {tag!r} does not fit into a label of {LABEL_MAX} characters",
                "Shorten it. Each byte that is not lower case, a digit, - or _ takes four characters.",
            )
    return None


def _key(tag: str) -> str:
    escaped = _escape(tag)
    return escaped if escaped[:1].isascii() and escaped[:1].isalpha() else _KEY_PREFIX + escaped


def _escape(text: str) -> str:
    return _ILLEGAL.sub(lambda found: "".join(f"__{byte:02x}" for byte in found[0].encode()), text)


def _plain(label: str) -> str:
    return _ESCAPE.sub(
        lambda found: bytes.fromhex(found[0].replace("__", "")).decode(errors="replace"), label
    )
