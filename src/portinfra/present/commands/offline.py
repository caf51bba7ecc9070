"""Placement for commands that ask no cloud."""

from portinfra import workflow
from portinfra.model.placed import Placed
from portinfra.placement import place
from portinfra.present.commands.selection import Selection
from portinfra.present.console.terminal import err
from portinfra.provider import registry


def placed(selection: Selection) -> Placed:
    """Every resource of the selection; checked against what its provider can do, if that is installed."""
    environment = selection.environment
    if environment.provider in registry.installed():
        return workflow.placed(selection.topology, environment)
    err().print(
        f"note: the provider {environment.provider!r} is not installed, so what it can do was not checked"
    )
    return place(selection.topology, environment)
