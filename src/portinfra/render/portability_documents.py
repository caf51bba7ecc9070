"""Moves, and ties to a provider, as JSON documents. docs/json.md explains them."""

from collections.abc import Iterable

from portinfra.model.plain import Document, plain
from portinfra.model.topology import Topology
from portinfra.portability.lockin import Tie
from portinfra.portability.move import Move
from portinfra.render.documents import budget_document, finding_document


def move_document(found: Move) -> Document:
    """Return the forecast of a move."""
    return {
        "schema": "portinfra.move/1",
        "scope": str(found.plan.scope),
        "from": found.here.environment.on,
        "to": found.plan.placed.environment.on,
        "account": found.plan.placed.environment.account,
        "carried": dict(found.carried_counts),
        "data_gib": found.data_gib,
        "lost": plain(found.lost),
        "choices": plain(found.choices),
        "budget": budget_document(found.plan),
        "findings": [finding_document(finding) for finding in found.plan.findings],
    }


def lockin_document(topology: Topology, found: Iterable[Tie]) -> Document:
    """Return the ties of a topology to providers."""
    return {"schema": "portinfra.lockin/1", "topology": topology.name, "ties": plain(list(found))}
