"""The files of the hosts that the options select."""

from portinfra import workflow
from portinfra.commands.selection import Selection
from portinfra.errors import PortinfraError
from portinfra.hosts.render import Files


def render_selected(selection: Selection) -> Files:
    """Return the files of every host. Raises PortinfraError for a topology without delivery."""
    topology = selection.topology
    if not topology.delivery:
        write = topology.location.write("delivery", '"files"')
        raise PortinfraError(
            f"the topology {topology.name} has no delivery, so its hosts have no files",
            fix=f"Write {write} in the topology.",
        )
    return workflow.render_hosts(topology, selection.environment)
