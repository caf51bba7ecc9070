"""The files of a repository for a tool: rendered ones, and first versions that belong to the user."""

from portinfra.hosts.delivery.mark import add_mark
from portinfra.value import frozen


@frozen
class RepositoryFile:
    """One file of a repository."""

    path: str
    """The path within the repository."""
    text: str
    is_initial: bool = False
    """Whether it is a first version: portinfra writes it only where no file exists, and never again."""


@frozen
class Repository:
    """All files of a repository."""

    scope: str
    """`TOPOLOGY/ENVIRONMENT`. Only files with the mark of this scope are removed."""
    files: tuple[RepositoryFile, ...]
    host_folders: tuple[str, ...]
    """The folders with files of hosts. A rendered file there that is not in `files` is of a former host."""


def rendered_file(path: str, text: str, scope: str = "") -> RepositoryFile:
    """Return a file that portinfra renders again each time. Without a scope it is the same for all scopes."""
    return RepositoryFile(path, add_mark(text, scope))


def initial_file(path: str, text: str) -> RepositoryFile:
    """Return the first version of a file that belongs to the user."""
    return RepositoryFile(
        path, f"# portinfra wrote the first version of this file. It is yours.\n{text}", True
    )
