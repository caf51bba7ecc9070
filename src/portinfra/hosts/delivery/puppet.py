"""A control repository for Puppet 7 and 8, and OpenVox: data of each host, two modules, and a skeleton.

The data and the modules `portinfra` and `portinfra_cloud` are rendered again each time. All else is a first
version, and belongs to the user. https://www.puppet.com/docs/puppet/8/hiera_config_yaml_5.html
"""

from collections.abc import Iterable, Iterator

from portinfra.hosts.delivery import puppet_modules, puppet_skeleton
from portinfra.hosts.delivery.cloud import cloud_files
from portinfra.hosts.delivery.repository import Repository, RepositoryFile, initial_file, rendered_file
from portinfra.hosts.delivery.yaml import Value, to_yaml
from portinfra.hosts.render import Files, Platform, platform_services
from portinfra.model.host_file import HostFile
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance


def control_repository(placed: Placed, files: Files, platform: Platform) -> Repository:
    """Return the control repository of a placed topology. `files` are the rendered files by host."""
    scope = str(placed.scope)
    folder = f"data/hosts/{puppet_name(placed.environment.name)}"
    return Repository(
        scope,
        (*_modules(), *_skeleton(placed), *_data(placed, files, platform, scope, folder)),
        (folder,),
    )


def puppet_name(name: str) -> str:
    """Return the name of a role or an environment in Puppet, which allows no hyphen."""
    return name.replace("-", "_")


def role_class(role: str) -> str:
    """Return the last part of the name of a role's class. Puppet reserves `init` for the module itself."""
    return "init_" if role == "init" else puppet_name(role)


def _modules() -> Iterator[RepositoryFile]:
    for path, text in puppet_modules.FILES.items():
        yield rendered_file(f"site/{path}", text)


def _skeleton(placed: Placed) -> Iterator[RepositoryFile]:
    for path, text in puppet_skeleton.FILES.items():
        yield initial_file(path, text)
    for role in placed.topology.roles:
        name = role_class(role.name)
        text = puppet_skeleton.role_text(name, role.profile)
        yield initial_file(f"site/role/manifests/{name}.pp", text)


def _data(
    placed: Placed, files: Files, platform: Platform, scope: str, folder: str
) -> Iterator[RepositoryFile]:
    for host in placed.resources.values():
        if isinstance(host, Instance) and host.name in files:
            services = platform_services(placed, host, platform)
            data: dict[str, Value] = {
                "portinfra::role": role_class(placed.roles[host.address]),
                "portinfra::files": _hash(files[host.name]),
                "portinfra_cloud::provider": placed.environment.provider,
                "portinfra_cloud::files": _hash(cloud_files(services)),
            }
            yield rendered_file(f"{folder}/{host.name}.yaml", to_yaml(data), scope)


def _hash(files: Iterable[HostFile]) -> dict[str, Value]:
    return {_plain(file.path): dict(_attributes(file)) for file in files}


def _attributes(file: HostFile) -> Iterator[tuple[str, Value]]:
    yield "mode", f"{file.mode:04o}"
    if file.check:
        yield "check", _plain(file.check)
    if file.reload:
        yield "reload", _plain(file.reload)
    yield "content", _plain(file.content)


def _plain(text: str) -> str:
    """Return a text in which Hiera expands nothing: it reads `%{NAME}` as an expression."""
    return text.replace("%{", "%{literal('%')}{")
