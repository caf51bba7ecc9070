"""The decorators of classes do what those of attrs do: the law is attrs itself."""

import copy
import pickle
from types import SimpleNamespace

import attrs
import pytest
from attrs import field
from hypothesis import given
from hypothesis import strategies as st

from portinfra import value


def _family(module):
    """The same classes, made by one module's decorators."""

    @module.frozen
    class Empty:
        pass

    @module.frozen
    class Point:
        x: object
        y: object = 0
        note: str = field(default="", eq=False)
        secret: object = field(default=None, repr=False)
        tags: dict = field(factory=dict, hash=False)

    @module.frozen
    class Deep(Point):
        inner: object = None

    @module.frozen(kw_only=True)
    class One:
        only: object

    @module.frozen
    class Own:
        x: object = 0

        def __repr__(self):
            return "mine"

        def __eq__(self, other):
            return True

        def __hash__(self):
            return 7

    @module.define
    class Counter:
        x: object
        y: int = field(default=0, converter=int)

    @module.define
    class Text:
        x: object

        def __repr__(self):
            return f"text {self.x}"

    @module.frozen(order=True)
    class Ordered:
        x: int

    made = [Empty, Point, Deep, One, Own, Counter, Text, Ordered]
    return SimpleNamespace(**{each.__name__: each for each in made})


OURS, THEIRS = _family(value), _family(attrs)
VALUES = st.one_of(st.integers(0, 2), st.sampled_from(["a", ""]), st.none(), st.booleans(), st.tuples())


@st.composite
def _two(draw):
    """Two objects of ours, and the same two of attrs."""
    made = []
    for _ in range(2):
        name = draw(st.sampled_from(sorted(vars(OURS))))
        arguments = {}
        for each in attrs.fields(getattr(THEIRS, name)):
            if each.name == "tags":
                arguments[each.name] = draw(st.sampled_from([{}, {"a": 1}]))
            else:
                numbers = name == "Ordered" or (name == "Counter" and each.name == "y")
                arguments[each.name] = draw(st.integers(0, 2) if numbers else VALUES)
        made.append((getattr(OURS, name)(**arguments), getattr(THEIRS, name)(**arguments)))
    (a, same_a), (b, same_b) = made
    return a, b, same_a, same_b


def _result(function, *arguments):
    try:
        return function(*arguments)
    except (TypeError, AttributeError) as error:
        return type(error)


@given(_two())
def test_values_compare_and_show_as_those_of_attrs(two):
    a, b, same_a, same_b = two
    assert repr(a) == repr(same_a)
    assert (a == b, a != b) == (same_a == same_b, same_a != same_b)
    assert _result(lambda: a < b) == _result(lambda: same_a < same_b)
    ours, theirs = _result(hash, a), _result(hash, same_a)
    assert isinstance(ours, int) == isinstance(theirs, int)
    if isinstance(ours, int) and type(a) is type(b):
        assert (ours == hash(b)) is (theirs == hash(same_b))


@given(_two())
def test_values_are_copied_and_changed_as_those_of_attrs(two):
    a, _, same_a, _ = two
    assert copy.deepcopy(a) == copy.copy(a) == a
    assert repr(attrs.evolve(a)) == repr(attrs.evolve(same_a))
    assert attrs.asdict(a) == attrs.asdict(same_a)
    assert _result(setattr, a, "x", 1) == _result(setattr, same_a, "x", 1)
    assert _result(setattr, a, "new", 1) == _result(setattr, same_a, "new", 1)


@pytest.mark.parametrize("name", sorted(vars(OURS)))
def test_a_class_has_the_attributes_and_arguments_of_one_of_attrs(name):
    ours, theirs = getattr(OURS, name), getattr(THEIRS, name)
    assert [each.name for each in attrs.fields(ours)] == [each.name for each in attrs.fields(theirs)]
    assert ours.__match_args__ == theirs.__match_args__
    assert _error(ours) == _error(theirs)
    assert vars(ours)["__slots__"] == vars(theirs)["__slots__"]


def _error(cls):
    with pytest.raises(TypeError) as refused:
        cls(unknown=1)
    return str(refused.value)


@value.frozen
class Sent:
    """A class that `pickle` finds by its name."""

    x: int


def test_a_value_can_be_pickled():
    assert pickle.loads(pickle.dumps(Sent(1))) == Sent(1)


def test_a_value_that_contains_itself_is_shown_once():
    inner = []
    ours, theirs = OURS.One(only=inner), THEIRS.One(only=inner)
    inner.append(ours)
    shown = repr(ours)
    inner[:] = [theirs]
    assert shown == repr(theirs)


def test_the_decorators_compile_no_comparison():
    assert OURS.Point.__repr__ is OURS.Counter.__repr__
    assert OURS.Point.__eq__.__code__ is OURS.Counter.__eq__.__code__
    assert OURS.Point.__hash__.__code__ is OURS.Deep.__hash__.__code__
