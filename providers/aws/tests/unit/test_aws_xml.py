"""Answers of EC2 as mappings: the same as by a tree of the document."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portinfra_aws import xml

LAYOUTS = st.sampled_from(["", "\n", "\n    ", "  "])
TEXTS = st.one_of(
    LAYOUTS, st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
)
NAMES = st.sampled_from(["item", "key", "value", "instanceId", "tagSet"])
VALUES = st.recursive(
    TEXTS,
    lambda values: st.one_of(
        st.lists(st.tuples(st.just("item"), values), min_size=1, max_size=4),
        st.lists(st.tuples(NAMES, values), min_size=1, max_size=4),
    ),
    max_leaves=20,
)


def element(name, value):
    made = ElementTree.Element(f"{{http://ec2.amazonaws.com/doc/2016-11-15/}}{name}")
    if isinstance(value, str):
        made.text = value
    else:
        made.extend(element(*child) for child in value)
    return made


def by_tree(found):
    """Return the value of an element by a tree, as EC2's documents define it."""
    name = found.tag.rpartition("}")[2]
    if not len(found):
        text = found.text or ""
        return "" if text.isspace() and "\n" in text and name not in ("key", "value") else text
    names = [child.tag.rpartition("}")[2] for child in found]
    if names[0] == "item":
        return [by_tree(child) for child in found]
    return {name: by_tree(child) for name, child in zip(names, found, strict=True)}


@given(st.lists(st.tuples(NAMES.filter(lambda name: name != "item"), VALUES), min_size=1), st.booleans())
def test_a_document_becomes_what_its_tree_says(members, is_indented):
    root = element("Answer", members)
    if is_indented:
        ElementTree.indent(root)
    body = ElementTree.tostring(root)
    assert xml.parse(body) == by_tree(ElementTree.fromstring(body))


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"<R>text</R>", {}),
        (b"<R/>", {}),
        (b"<item><id>1</id></item>", {"id": "1"}),
        (b"<R><a>x<!-- c -->y<![CDATA[<z>]]></a></R>", {"a": "xy<z>"}),
        (b'<e:R xmlns:e="urn:x"><e:item>1</e:item></e:R>', {}),
        (b'<e:R xmlns:e="urn:x"><e:set><e:item>1</e:item></e:set></e:R>', {"set": ["1"]}),
        (b"<R><a>" + b"x" * 300_000 + b"</a></R>", {"a": "x" * 300_000}),
    ],
)
def test_unusual_documents(body, document):
    assert xml.parse(body) == document


@pytest.mark.parametrize("body", [b"", b"<R>", b"<R></S>", b"not XML", b"<x:R/>"])
def test_what_is_not_xml_is_refused(body):
    with pytest.raises(ElementTree.ParseError):
        xml.parse(body)
