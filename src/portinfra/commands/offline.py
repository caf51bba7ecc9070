"""Placement for commands that call no cloud."""

from portinfra import workflow
from portinfra.commands.selection import Selection
from portinfra.declaration.declared import Declared
from portinfra.model.placed import Placed
from portinfra.placement import place
from portinfra.provider import registry
from portinfra.render.console.terminal import err
from portinfra.validation import validate_declared


def place_selection(selection: Selection, *, existing: bool = False) -> Placed:
    """Return every resource of the selection, checked against the abilities of an installed provider.

    With `existing`, findings about new resources alone are left out. Raises ValidationError for a
    misspelled provider.
    """
    environment = selection.environment
    if environment.provider in registry.list_installed() or registry.misspells(environment.provider):
        return workflow.place(selection.topology, environment, existing=existing)
    err().print(
        f"note: the provider {environment.provider!r} is not installed, so its abilities were not checked"
    )
    validate_declared(Declared((selection.topology,), (environment,)), existing=existing)
    return place(selection.topology, environment)
