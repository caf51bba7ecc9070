"""The XML of an answer as plain mappings, lists and strings."""

from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat


def parse(body: bytes) -> dict[str, Any]:
    """Return the members of a document. An empty text or list is the empty string.

    The document becomes mappings while it is read, without a tree: lists of hosts are long, and a run reads
    them often. Raises ElementTree.ParseError if the body is not XML.
    """
    outer: list[Any] = []  # the values of the elements around the current one
    value: Any = None  # of the current element, once it has a child: a list or a mapping
    text = ""
    names: dict[str, str] = {}

    def start(tag: str, attributes: object) -> None:
        nonlocal value, text
        outer.append(value)
        value, text = None, ""

    def add_text(more: str) -> None:
        nonlocal text
        text += more

    def end(tag: str) -> None:
        nonlocal value, text
        name = names.get(tag) or names.setdefault(tag, tag.rpartition("}")[2])
        ended, value = value, outer.pop()
        if ended is None:
            is_layout = text.isspace() and "\n" in text and name not in _USERS_OWN
            ended = "" if is_layout else text
        text = ""
        if value is None:
            value = [ended] if name == "item" else {name: ended}
        elif isinstance(value, list):
            value.append(ended)
        else:
            value[name] = ended

    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, add_text
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise ElementTree.ParseError(str(error)) from error
    (document,) = value if isinstance(value, list) else value.values()
    return document if isinstance(document, dict) else {}


def fault(body: bytes) -> tuple[str, str] | None:
    """Return the code and message of an error document; None for another body (a proxy's HTML page)."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return None
    texts = {_name(element): (element.text or "").strip() for element in root.iter()}
    return (texts["Code"], texts.get("Message", "")) if texts.get("Code") else None


_USERS_OWN = ("key", "value")
"""Texts of users, in which a line break counts. Elsewhere it is the layout of an empty list."""


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
