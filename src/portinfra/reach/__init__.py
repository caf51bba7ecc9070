"""Reach: exactly who can reach whom, by the placed resources or by those that a cloud really has. Pure."""

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
    """Return who can reach whom once all placed resources exist."""
    return _reach(placed.resources)


def observed_reach(observation: Observation, topology: Topology | None = None) -> Reach:
    """Return who can reach whom by the existing resources, with changes by hand and missing addresses.

    With a topology, queries may name its roles though none of their hosts exists. The ranges that its flows
    name are then distinguished from the rest of the internet, though no existing rule names them.
    """
    resources = {address: seen.spec for address, seen in observation.resources.items()}
    if topology is None:
        return _reach(resources)
    cidrs = {peer for flow in topology.flows for peer in flow.sources + flow.targets if "/" in peer}
    return _reach(resources, cidrs, [role.name for role in topology.roles])


def _reach(resources: Resources, cidrs: Iterable[str] = (), roles: Iterable[str] = ()) -> Reach:
    sets = read_parties(resources, cidrs, roles)
    return Reach(sets, links(sets))
