"""Exactly who can reach whom: from what is placed, or from what a cloud really has. Pure."""

from collections.abc import Iterable

from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.topology import Topology
from portinfra.reach.answers import Edge, Hop, Reach
from portinfra.reach.links import links
from portinfra.reach.parties import Party, Resources, read_parties
from portinfra.reach.traffic import Traffic

__all__ = ["Edge", "Hop", "Party", "Reach", "Traffic", "observed", "of"]


def of(placed: Placed) -> Reach:
    """Who can reach whom once all of it is there."""
    return _reach(placed.resources)


def observed_reach(observation: Observation, topology: Topology | None = None) -> Reach:
    """Who can reach whom in what is there now: loosened rules, lost addresses and all.

    With a topology, its roles may be asked about though no host of theirs is there, and the ranges that its
    flows name are told apart from the rest of the internet though no rule that is there names them.
    """
    resources = {address: seen.spec for address, seen in observation.resources.items()}
    if topology is None:
        return _reach(resources)
    cidrs = {peer for flow in topology.flows for peer in flow.sources + flow.targets if "/" in peer}
    return _reach(resources, cidrs, [role.name for role in topology.roles])


def _reach(resources: Resources, cidrs: Iterable[str] = (), roles: Iterable[str] = ()) -> Reach:
    walls = read_parties(resources, cidrs, roles)
    return Reach(walls, links(walls))
