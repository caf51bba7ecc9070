"""Placement for commands that ask no cloud."""

from portinfra import workflow
from portinfra.commands.selection import Selection
from portinfra.declaration.declared import Declared
from portinfra.model.placed import Placed
from portinfra.placement import place
from portinfra.provider import registry
from portinfra.render.console.terminal import err
from portinfra.validation import validate_declared


def place_selection(selection: Selection, *, existing: bool = False) -> Placed:
    """Every resource of the selection; checked against what its provider can do, if that is installed. With
    `existing`, what only new resources may not have is not checked. Raises ValidationError for a misspelt
    provider.
    """
    environment = selection.environment
    if environment.provider in registry.list_installed() or registry.misspells(environment.provider):
        return workflow.place(selection.topology, environment, existing=existing)
    err().print(
        f"note: the provider {environment.provider!r} is not installed, so what it can do was not checked"
    )
    validate_declared(Declared((selection.topology,), (environment,)), existing=existing)
    return place(selection.topology, environment)
