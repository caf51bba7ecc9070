"""An answer's XML as plain mappings, lists and strings."""

from typing import Any
from xml.etree import ElementTree


def parse(body: bytes) -> dict[str, Any]:
    """The members of a document. What is empty is the empty string, be it a text or a list.

    Raises ElementTree.ParseError for what is no XML.
    """
    value = _value(ElementTree.fromstring(body))
    return value if isinstance(value, dict) else {}


def fault(body: bytes) -> tuple[str, str] | None:
    """Code and message of an error document; None for what is none (a proxy's HTML page, say)."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return None
    told = {_name(element): (element.text or "").strip() for element in root.iter()}
    return (told["Code"], told.get("Message", "")) if told.get("Code") else None


def _value(element: ElementTree.Element) -> Any:
    if not len(element):
        text = element.text or ""
        layout = text.isspace() and "\n" in text and _name(element) not in _USERS_OWN
        return "" if layout else text
    if _name(element[0]) == "item":
        return [_value(child) for child in element]
    return {_name(child): _value(child) for child in element}


_USERS_OWN = ("key", "value")
"""Texts of users, in which a line break counts. Anywhere else it is the layout of an empty list."""


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
