"""Reading and writing libvirt's XML."""

from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

__all__ = ["Element", "attribute", "escape", "metadata", "parse", "quoteattr", "text", "with_metadata"]


def parse(document: str) -> Element:
    """The root of a document."""
    return ElementTree.fromstring(document)


def to_text(root: Element) -> str:
    """A document."""
    return ElementTree.tostring(root, encoding="unicode")


def text(root: Element, path: str) -> str:
    """What stands in an element; empty where it is not there."""
    return root.findtext(path) or ""


def attribute(root: Element, path: str, name: str) -> str:
    """An attribute of an element; empty where either is not there."""
    found = root.find(path)
    return found.get(name, "") if found is not None else ""


def metadata(root: Element, uri: str) -> str:
    """What the metadata of a name space says."""
    for each in _find_marks(root, uri):
        return each.text or ""
    return ""


def with_metadata(root: Element, uri: str, said: str) -> Element:
    """The same document, saying something else under a name space; root is changed."""
    for each in _find_marks(root, uri):
        each.text = said
        return root
    ours = root.find("metadata")
    if ours is None:
        ours = ElementTree.SubElement(root, "metadata")
    ElementTree.SubElement(ours, f"{{{uri}}}{OWNER}").text = said
    return root


OWNER = "owner"
"""The element, in any name space of ours, that metadata is kept in."""


def owner_element(uri: str, said: str) -> str:
    """The metadata element, as text."""
    return f"<p:{OWNER} xmlns:p={quoteattr(uri)}>{escape(said)}</p:{OWNER}>"


def _find_marks(root: Element, uri: str) -> Iterator[Element]:
    ours = root.find("metadata")
    if ours is not None:
        yield from (each for each in ours if each.tag.startswith(f"{{{uri}}}"))
