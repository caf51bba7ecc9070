"""A directory with one folder for each host, such as `app1/etc/nftables.conf`, for a tool of the user."""

from collections.abc import Iterator, Mapping
from typing import Any

from portinfra.hosts.render import Files
from portinfra.model.host_file import HostFile


def directory_files(files: Files) -> Mapping[str, HostFile]:
    """Return the files of all hosts by their paths in the directory."""
    return {_path(host, file.path): file for host, some in files.items() for file in some}


def read_paths(hosts: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paths in the directory that the `hosts` of its manifest name. A user may have edited it.

    A path that leads out of the directory is left out. Raises KeyError, TypeError or AttributeError for a
    manifest of another form.
    """
    for host, about in hosts.items():
        for file in about["files"]:
            path = _path(host, file["path"])
            if ".." not in path.split("/") and not path.startswith("/"):
                yield path


def _path(host: str, path: str) -> str:
    return f"{host}/{path.lstrip('/')}"
