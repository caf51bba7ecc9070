"""The hosts of a topology in the formats of other tools, offline: addresses are known before a host exists.

An attribute that a role ignores may differ on its hosts, so it is not known without a call.
"""

from collections import Counter
from collections.abc import Iterable

from portinfra.command_text import command_line
from portinfra.format import suggestion
from portinfra.misplaced_hosts import as_declared
from portinfra.model.arguments import check_types
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance
from portinfra.model.topology import Role, Topology
from portinfra.value import frozen

SSH = 22


@frozen
class Host:
    """One host as declared."""

    name: str
    role: str
    zone: int | str | None
    """The zone's ordinal, from 0."""
    private_address: str | None
    size: str | None
    image: str | None
    public: bool

    @property
    def columns(self) -> tuple[str, str, str, str]:
        """Zone, address, size and image as text; `not known` where the role ignores the attribute."""
        known = (self.zone, self.private_address, self.size, self.image)
        zone, address, size, image = ("not known" if each is None else str(each) for each in known)
        return zone, address, size, image


@check_types
def list_hosts(placed: Placed) -> list[Host]:
    """Return every host of a placed topology, in the order of the declaration. Makes no call."""
    roles = {role.name: role for role in placed.topology.roles}
    hosts = [spec for spec in placed.resources.values() if isinstance(spec, Instance)]
    return [_host(spec, roles[placed.roles[spec.address]]) for spec in hosts]


def _host(spec: Instance, role: Role) -> Host:
    known = {
        name: None if name in role.ignore else getattr(spec, name)
        for name in ("zone", "private_address", "machine_type", "image")
    }
    return Host(
        spec.name,
        role.name,
        known["zone"],
        known["private_address"],
        known["machine_type"],
        known["image"],
        bool(role.public),
    )


@check_types
def inventory(placed: Placed, format: str = "ansible") -> str:
    """Return the hosts as the text of another tool. Makes no call.

    `ansible` is an inventory in INI with a group for each role, `hosts` has lines for `/etc/hosts`, and `ssh`
    is a file for `ssh -F` that goes through the first host of the role that may ssh to the most others. The
    text has no line break at its end. Raises ValueError for another format.
    """
    formats = {"ansible": _as_ansible, "hosts": _as_hosts_file, "ssh": _as_ssh_config}
    if format not in formats:
        raise ValueError(f"{format!r} is no format of an inventory. {suggestion(format, formats)}")
    return formats[format](placed)


def _as_ansible(placed: Placed) -> str:
    """Return an Ansible inventory (INI) with a group for each role. `-` becomes `_`, as names require."""
    lines = [f"# {as_declared(placed.scope)}"]
    for role, some in _by_role(list_hosts(placed)).items():
        lines += ["", f"[{role.replace('-', '_')}]"]
        lines += [_ansible_line(host) for host in some]
    return "\n".join(lines)


def _ansible_line(host: Host) -> str:
    zone = "" if host.zone is None else f" zone={host.zone}"
    return f"{host.name} ansible_host={host.private_address}{zone}" if host.private_address else unknown(host)


def unknown(host: Host) -> str:
    """Return the comment in place of a host whose address is not known."""
    see = command_line("output")
    return f"# {host.name}: address not known, as {host.role} ignores private_address. See: {see}"


def _as_hosts_file(placed: Placed) -> str:
    """Return lines for `/etc/hosts`."""
    return "\n".join(
        [
            f"# {placed.scope}",
            f"# {as_declared(placed.scope)}",
            *(
                f"{host.private_address}\t{host.name}" if host.private_address else unknown(host)
                for host in list_hosts(placed)
            ),
        ]
    )


def _as_ssh_config(placed: Placed) -> str:
    """Return an ssh configuration, whose jump host is the first host of the role that may ssh to most."""
    jump = jump_role(placed.topology)
    reached = _ssh_targets(placed.topology)
    lines = [f"# {placed.scope}; use it with: ssh -F FILE HOST", f"# {as_declared(placed.scope)}"]
    for host in list_hosts(placed):
        if not host.private_address:
            lines.append(unknown(host))
            continue
        lines += [f"Host {host.name}", f"    HostName {host.private_address}"]
        if jump and host.role != jump and jump in reached.get(host.role, ()):
            lines.append(f"    ProxyJump {jump}1")
    return "\n".join(lines)


def jump_role(topology: Topology) -> str | None:
    """Return the role of the jump host (R19), whose flows allow ssh to the most roles; None: no flow does."""
    counts = Counter(source for sources in _ssh_targets(topology).values() for source in sorted(sources))
    return counts.most_common(1)[0][0] if counts else None


def _ssh_targets(topology: Topology) -> dict[str, set[str]]:
    """Return for each role the other roles that may ssh to it."""
    roles = {role.name for role in topology.roles}
    reached: dict[str, set[str]] = {}
    for flow in topology.flows:
        if any(first <= SSH <= last for first, last in flow.tcp):
            for target in flow.targets:
                reached.setdefault(target, set()).update(roles.intersection(flow.sources) - {target})
    return reached


def _by_role(given: Iterable[Host]) -> dict[str, list[Host]]:
    roles: dict[str, list[Host]] = {}
    for host in given:
        roles.setdefault(host.role, []).append(host)
    return roles
