import pytest
from hypothesis import given
from hypothesis import strategies as st

from portinfra.graph import CycleError, cycle, heights, order, reverse


def test_a_node_comes_after_all_that_must_come_before_it():
    assert order({"c": ["b"], "b": ["a"], "a": []}) == ["a", "b", "c"]


def test_ties_keep_the_order_in_which_nodes_are_given():
    assert order({"z": [], "a": [], "m": []}) == ["z", "a", "m"]


def test_edges_to_unknown_nodes_do_not_matter():
    assert order({"a": ["elsewhere"]}) == ["a"]
    assert reverse({"a": ["elsewhere"]}) == {"a": []}


def test_a_cycle_is_named():
    with pytest.raises(CycleError) as caught:
        order({"start": [], "a": ["start", "c"], "b": ["a"], "c": ["b"]})
    assert set(caught.value.cycle) == {"a", "b", "c"}


def test_height_is_the_longest_way_to_an_end():
    graph = {
        "network": [],
        "shell": ["network"],
        "rules": ["shell"],
        "volume": [],
        "host": ["rules", "volume"],
    }
    assert heights(graph) == {"network": 3, "shell": 2, "rules": 1, "volume": 1, "host": 0}


def test_no_cycle_is_empty():
    assert cycle({"a": [], "b": ["a"]}) == []


@given(st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 12), max_size=4), max_size=12))
def test_either_an_order_that_holds_or_a_cycle_that_is_one(graph):
    try:
        ordered = order(graph)
    except CycleError as error:
        loop = error.cycle
        assert all(loop[(i + 1) % len(loop)] in graph[node] for i, node in enumerate(loop))
    else:
        assert sorted(ordered) == sorted(graph)
        place = {node: i for i, node in enumerate(ordered)}
        assert all(place[b] < place[n] for n in graph for b in graph[n] if b in graph)
