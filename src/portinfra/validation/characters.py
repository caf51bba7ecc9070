"""Characters that no declared text may contain, as no cloud could store them.

XML 1.0 (https://www.w3.org/TR/xml/#charsets) has no control characters except tab, line feed and carriage
return. EC2 and libvirt read and write XML.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from portinfra.model.finding import Finding
from portinfra.model.location import Location

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_UTF_8 = re.compile("[\ud800-\udfff]")


def character_findings(
    value: Any, subject: str, area: str, location: Location, *, secret: bool = False
) -> Iterator[Finding]:
    """Yield a finding `AREA/character` for a value with text that cannot be stored. It does not show the
    text.

    `secret` is text that is never in XML (user data): it only has to be UTF-8.
    """
    allowed = _NOT_IN_UTF_8 if secret else _NOT_IN_XML
    for text in _texts(value):
        if found := allowed.search(text):
            yield Finding(
                f"{area}/character",
                f"holds the character U+{ord(found[0]):04X}, which "
                + ("UTF-8 cannot encode" if secret else "XML cannot contain: not every cloud can store it"),
                "Remove the character.",
                subject=subject,
                location=location,
            )
            return


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value: the keys and values of mappings, the items of lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for pair in value.items():
            yield from _texts(pair)
    elif isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from _texts(item)
