"""/etc/hosts of a host: the hosts of all roles that have a flow with its role. There is no internal DNS."""

from portinfra.hosts.upstreams import Upstreams
from portinfra.model.host_file import HostFile
from portinfra.model.topology import Topology

PATH = "/etc/hosts"

_HEAD = """\
# portinfra renders this file. Changes by hand are overwritten.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
"""


def hosts_file(topology: Topology, upstreams: Upstreams, role: str) -> HostFile:
    """Return the file of the hosts of a role, with `{address}` and `{name}` for a host's own.

    It does not have all hosts of a topology, as these would be too many for user data.
    """
    peers = find_peers(topology, role)
    lines = [
        f"{host.private_address}\t{host.name}\n"
        for peer in topology.roles
        if peer.name in peers
        for host in upstreams.hosts[peer.name]
    ]
    own = "" if role in peers else "{address}\t{name}\n"
    return HostFile(PATH, "".join([_HEAD, own, *lines]))


def find_peers(topology: Topology, role: str) -> set[str]:
    """Return the roles at the other ends of the role's flows; the role itself if it calls itself."""
    outward = {name for flow in topology.flows if role in flow.sources for name in flow.targets}
    inward = {name for flow in topology.flows if role in flow.targets for name in flow.sources}
    return outward | inward
