"""A repository for Ansible: an inventory by role and zone, files of each host, two roles, and a playbook.

The inventory, the variables of hosts, the roles `portinfra` and `portinfra_cloud` and `portinfra.yml` are
rendered again each time. All else is a first version, and belongs to the user.
https://docs.ansible.com/ansible-core/2.14/inventory_guide/intro_inventory.html
"""

from collections.abc import Iterable, Iterator

from portinfra.hosts.delivery import ansible_roles
from portinfra.hosts.delivery.cloud import cloud_files
from portinfra.hosts.delivery.repository import Repository, RepositoryFile, initial_file, rendered_file
from portinfra.hosts.delivery.yaml import Value, Verbatim, to_yaml
from portinfra.hosts.inventory import Host, list_hosts
from portinfra.hosts.render import Files, Platform, platform_services
from portinfra.model.host_file import HostFile
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance
from portinfra.placement import ZONES_MAX

_RESERVED = ("all", "ungrouped")
"""The groups that every inventory has."""


def playbook_repository(placed: Placed, files: Files, platform: Platform) -> Repository:
    """Return the repository of a placed topology. `files` are the rendered files by host."""
    scope = str(placed.scope)
    folder = f"inventory/{placed.environment.name}"
    hosts = f"{folder}/host_vars"
    return Repository(
        scope,
        (
            *(initial_file(path, text) for path, text in ansible_roles.INITIAL.items()),
            *(rendered_file(path, text) for path, text in ansible_roles.ROLES.items()),
            rendered_file("portinfra.yml", ansible_roles.playbook(ZONES_MAX)),
            rendered_file(f"{folder}/{placed.topology.name}.yml", to_yaml(_inventory(placed)), scope),
            *_variables(placed, files, platform, hosts),
        ),
        (hosts,),
    )


def group_name(role: str) -> str:
    """Return the group of a role. Ansible allows no hyphen in it, and has groups of its own."""
    return f"role_{role}" if role in _RESERVED else role.replace("-", "_")


def zone_group(zone: int) -> str:
    """Return the group of a zone, by its ordinal from 0. No role has such a name, as none ends in a digit."""
    return f"zone_{zone}"


def _inventory(placed: Placed) -> dict[str, Value]:
    """Return the hosts by role and by zone. Every zone has a group, as the playbook names each."""
    hosts = list_hosts(placed)
    zones = {spec.name: int(spec.zone) for spec in placed.resources.values() if isinstance(spec, Instance)}
    groups: dict[str, Value] = {
        group_name(role.name): {
            "hosts": {each.name: _address(each) for each in hosts if each.role == role.name}
        }
        for role in placed.topology.roles
    }
    groups |= {
        zone_group(zone): {"hosts": {each.name: {} for each in hosts if zones[each.name] == zone}}
        for zone in range(ZONES_MAX)
    }
    return {"all": {"children": groups}}


def _address(host: Host) -> dict[str, Value]:
    """Return the address of a host. A role that ignores it has hosts that ssh finds by their names."""
    return {"ansible_host": host.private_address} if host.private_address else {}


def _variables(placed: Placed, files: Files, platform: Platform, folder: str) -> Iterator[RepositoryFile]:
    for host in placed.resources.values():
        if isinstance(host, Instance) and host.name in files:
            variables: dict[str, Value] = {
                "portinfra_role": placed.roles[host.address],
                "portinfra_files": _list(files[host.name]),
                "portinfra_cloud_provider": placed.environment.provider,
                "portinfra_cloud_files": _list(cloud_files(platform_services(placed, host, platform))),
            }
            yield rendered_file(f"{folder}/{host.name}/portinfra.yml", to_yaml(variables), str(placed.scope))


def _list(files: Iterable[HostFile]) -> list[Value]:
    return [dict(_attributes(file)) for file in files]


def _attributes(file: HostFile) -> Iterator[tuple[str, Value]]:
    yield "path", Verbatim(file.path)
    yield "mode", f"{file.mode:04o}"
    if file.check:
        yield "check", Verbatim(file.check.replace("%", "%s"))
    if file.reload:
        yield "reload", Verbatim(file.reload)
    yield "content", Verbatim(file.content)
