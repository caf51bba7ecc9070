"""The XML of an answer as plain mappings, lists and strings."""

from typing import Any
from xml.etree import ElementTree


def parse(body: bytes) -> dict[str, Any]:
    """Return the members of a document. An empty text or list is the empty string.

    Raises ElementTree.ParseError if the body is not XML.
    """
    value = _value(ElementTree.fromstring(body))
    return value if isinstance(value, dict) else {}


def fault(body: bytes) -> tuple[str, str] | None:
    """Return the code and message of an error document; None for another body (a proxy's HTML page)."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return None
    texts = {_name(element): (element.text or "").strip() for element in root.iter()}
    return (texts["Code"], texts.get("Message", "")) if texts.get("Code") else None


def _value(element: ElementTree.Element) -> Any:
    if not len(element):
        text = element.text or ""
        layout = text.isspace() and "\n" in text and _name(element) not in _USERS_OWN
        return "" if layout else text
    if _name(element[0]) == "item":
        return [_value(child) for child in element]
    return {_name(child): _value(child) for child in element}


_USERS_OWN = ("key", "value")
"""Texts of users, in which a line break counts. Elsewhere it is the layout of an empty list."""


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
