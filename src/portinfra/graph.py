"""Directed acyclic graphs of any nodes: order, cycles, reverse. This module knows no clouds.

A graph is a mapping from each node to the nodes that must come before it. The order of
the given nodes breaks ties, so the same graph always has the same order.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

N = TypeVar("N")

Graph = Mapping[N, Iterable[N]]


class CycleError(ValueError):
    """The nodes of one cycle, each needed by the one before it."""

    def __init__(self, cycle: Sequence[Any]) -> None:
        super().__init__("cycle: " + " → ".join(str(node) for node in [*cycle, cycle[0]]))
        self.cycle = cycle


def order(graph: Graph[N]) -> list[N]:
    """Return every node after all that must come before it. Linear in nodes and edges. Raise CycleError."""
    followers = reverse(graph)
    missing = {node: len(set(before) & graph.keys()) for node, before in graph.items()}
    ready = deque(node for node, count in missing.items() if not count)
    ordered = []
    while ready:
        node = ready.popleft()
        ordered.append(node)
        for follower in followers[node]:
            missing[follower] -= 1
            if not missing[follower]:
                ready.append(follower)
    if len(ordered) < len(missing):
        raise CycleError(cycle(graph))
    return ordered


def reverse(graph: Graph[N]) -> dict[N, list[N]]:
    """Return each node with those that it must come before. Edges to unknown nodes are left out."""
    followers: dict[N, list[N]] = {node: [] for node in graph}
    for node, before in graph.items():
        for predecessor in dict.fromkeys(before):
            if predecessor in followers:
                followers[predecessor].append(node)
    return followers


def heights(graph: Graph[N]) -> dict[N, int]:
    """Return each node with the number of nodes on the longest path from it to an end. Raise CycleError."""
    followers = reverse(graph)
    result: dict[N, int] = {}
    for node in reversed(order(graph)):
        result[node] = max((result[follower] + 1 for follower in followers[node]), default=0)
    return result


def cycle(graph: Graph[N]) -> list[N]:
    """Return the nodes of one cycle; empty where there is none."""
    left = {node: {before for before in graph[node] if before in graph} for node in graph}
    shrinking = True
    while shrinking:
        settled = {node for node, before in left.items() if not before}
        shrinking = bool(settled)
        left = {node: before - settled for node, before in left.items() if node not in settled}
    if not left:
        return []
    path = [next(iter(left))]
    while True:
        following = next(node for node in graph[path[-1]] if node in left)
        if following in path:
            return path[path.index(following) :]
        path.append(following)
