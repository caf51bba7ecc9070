"""Reading and writing of libvirt's XML."""

from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

__all__ = ["Element", "attribute", "escape", "metadata", "parse", "quoteattr", "text", "with_metadata"]


def parse(document: str) -> Element:
    """Return the root of a document."""
    return ElementTree.fromstring(document)


def to_text(root: Element) -> str:
    """Return a document as text."""
    return ElementTree.tostring(root, encoding="unicode")


def text(root: Element, path: str) -> str:
    """Return the text of an element; empty if it does not exist."""
    return root.findtext(path) or ""


def attribute(root: Element, path: str, name: str) -> str:
    """Return an attribute of an element; empty if either does not exist."""
    found = root.find(path)
    return found.get(name, "") if found is not None else ""


def metadata(root: Element, uri: str) -> str:
    """Return the metadata of a namespace."""
    for each in _find_marks(root, uri):
        return each.text or ""
    return ""


def with_metadata(root: Element, uri: str, said: str) -> Element:
    """Return the document with other metadata in a namespace. It changes `root`."""
    for each in _find_marks(root, uri):
        each.text = said
        return root
    ours = root.find("metadata")
    if ours is None:
        ours = ElementTree.SubElement(root, "metadata")
    ElementTree.SubElement(ours, f"{{{uri}}}{OWNER}").text = said
    return root


OWNER = "owner"
"""The name of the element with our metadata, in each of our namespaces."""


def owner_element(uri: str, said: str) -> str:
    """Return the metadata element as text."""
    return f"<p:{OWNER} xmlns:p={quoteattr(uri)}>{escape(said)}</p:{OWNER}>"


def _find_marks(root: Element, uri: str) -> Iterator[Element]:
    ours = root.find("metadata")
    if ours is not None:
        yield from (each for each in ours if each.tag.startswith(f"{{{uri}}}"))
