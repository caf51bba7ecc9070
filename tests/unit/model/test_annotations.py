"""Which values an annotation accepts, and what it accepts in words."""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest

from portinfra.model.address import Address
from portinfra.model.annotations import fits, in_words, what_it_is
from portinfra.model.topology import Role


class Closes(Protocol):
    name: str

    def close(self) -> None: ...


class Door:
    name = "a door"

    def close(self) -> None: ...


WEB = Role("web")


@pytest.mark.parametrize(
    ("annotation", "right", "wrong", "words"),
    [
        (str, ["", "a", Address("a.b")], [None, b"a", 1, ["a"]], "text"),
        (int, [0, 7], [True, 1.5, "7", None], "a whole number"),
        (float, [0, 1.5], [True, "7"], "a number"),
        (bool, [True], [1, "yes", None], "True or False"),
        (Path, [Path()], ["."], "a Path"),
        (str | None, ["a", None], [1], "text or None"),
        (Role, [WEB], ["web", None], "a Role"),
        (Literal["drill", "failover"], ["drill"], ["dril", None, []], "'drill' or 'failover'"),
        (tuple[str, ...], [(), ("a",)], [["a"], ("a", 1), "a", None], "a collection that holds text"),
        (tuple[int, str], [(1, "a")], [(1,), ("a", 1)], "a collection that holds a whole number and text"),
        (frozenset[Address], [frozenset()], [frozenset({"a"})], "a collection that holds an Address"),
        (Iterable[Role], [[WEB], (), {WEB.name: 1}.keys() - {"web"}], [WEB, ["web"], "web"], "holds a Role"),
        (Collection[str], [["a"], {"a"}], ["a", b"a", {"a": 1}, 1], "a collection that holds text"),
        (Mapping[str, int], [{}, {"a": 1}], [{"a": "b"}, {1: 1}, [("a", 1)]], "text to a whole number"),
        (Callable[[int], None], [print], ["print", None], "a Python function"),
        (type[Role], [Role], [WEB, str], "a class: Role"),
        (Closes, [Door()], [object(), None], "a Closes"),
        (Any, [None, 1, []], [], "any value"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_fits_or_not_and_words_say_what_would(annotation, right, wrong, words):
    assert [value for value in right if not fits(value, annotation)] == []
    assert [value for value in wrong if fits(value, annotation)] == []
    assert words in in_words(annotation)


def test_an_iterator_is_not_read():
    given = iter([WEB])
    assert fits(given, Iterable[Role])
    assert list(given) == [WEB]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("hunter2", "text"),
        (None, "None"),
        (b"hunter2", "of type bytes"),
        (["hunter2", 1], "a list that holds a whole number and text"),
        (frozenset({"hunter2"}), "a set that holds text"),
        ({"hunter2": []}, "a mapping that holds of type list and text"),
        ([], "an empty list"),
    ],
)
def test_a_wrong_value_is_described_and_not_shown(value, words):
    assert what_it_is(value) == words
