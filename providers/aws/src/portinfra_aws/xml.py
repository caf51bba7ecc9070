"""An answer's XML as plain mappings, lists and strings."""

from typing import Any
from xml.etree import ElementTree


def parse(body: bytes) -> dict[str, Any]:
    """The members of a document. What is empty is the empty string, be it a text or a list.

    Raises ElementTree.ParseError for what is no XML.
    """
    root = ElementTree.fromstring(body)
    value = _value(root, len(root.tag) - len(_name(root)))
    return value if isinstance(value, dict) else {}


def fault(body: bytes) -> tuple[str, str] | None:
    """Code and message of an error document; None for what is none (a proxy's HTML page, say)."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return None
    told = {_name(element): (element.text or "").strip() for element in root.iter()}
    return (told["Code"], told.get("Message", "")) if told.get("Code") else None


def _value(element: ElementTree.Element, name: int) -> Any:
    """Return what an element holds. `name` is where in a tag its name begins: one namespace has them all."""
    if not len(element):
        return element.text or ""
    if element[0].tag[name:] == "item":
        return [_value(child, name) for child in element]
    return {child.tag[name:]: _value(child, name) if len(child) else child.text or "" for child in element}


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
