"""The writer of repositories. It never overwrites or removes what a person wrote."""

from collections.abc import Iterable
from pathlib import Path

from portinfra.commands.exits import EditedFileError
from portinfra.errors import PortinfraError
from portinfra.hosts.delivery.mark import read_mark
from portinfra.hosts.delivery.repository import Repository, RepositoryFile
from portinfra.value import frozen


@frozen
class Written:
    """The counts of a run."""

    changed: int
    """The number of files that are new or have another text."""
    removed: int
    """The number of files of hosts that no topology declares any more."""


def write_repository(into: Path, repository: Repository) -> Written:
    """Write what differs, and remove the files of former hosts. Return how many files that were.

    It looks at all files before it writes the first one. Raises EditedFileError with the paths that a person
    edited or wrote, and those of another scope. Raises PortinfraError where the system refuses to read or
    write.
    """
    try:
        rendered = [file for file in repository.files if not file.is_initial]
        former = _former_files(into, repository)
        refused = [
            *(path for file in rendered if not _may_write(path := into / file.path, file, repository.scope)),
            *(path for path in former if not _is_ours(path, repository.scope)),
        ]
        if refused:
            raise EditedFileError(
                f"portinfra did not write {_list(refused)} for {repository.scope}; nothing was written",
                fix="Move what you wrote into a file of your own, delete these files, then run the same "
                "command again. Name another directory if the files are of another topology.",
            )
        changed = [file for file in repository.files if _differs(into / file.path, file)]
        for file in changed:
            _write(into / file.path, file.text)
        for path in former:
            path.unlink()
            if path.parent != into and not any(path.parent.iterdir()):
                path.parent.rmdir()
    except OSError as error:
        raise PortinfraError(
            f"{error.filename or into} cannot be written: {error.strerror}",
            fix="Name another directory, then run the same command again.",
        ) from error
    return Written(len(changed), len(former))


def _list(paths: Iterable[Path]) -> str:
    """Return the paths as text, each with the scope that it was rendered for and an edit by a person."""
    found = []
    for path in paths:
        mark = read_mark(_read(path) or "")
        whose = f" (of {mark.scope})" if mark and mark.is_intact else " (edited)" if mark else ""
        found.append(f"{path}{whose}")
    return ", ".join(found)


def _read(path: Path) -> str | None:
    """Return the text of a file; None if there is none. A file that is no text has an empty one."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
    except FileNotFoundError:
        return "" if path.is_symlink() else None


def _may_write(path: Path, file: RepositoryFile, scope: str) -> bool:
    """Return whether no person wrote the file that is at the path."""
    text = _read(path)
    return text is None or text == file.text or _is_ours(path, scope)


def _is_ours(path: Path, scope: str) -> bool:
    """Return whether a file is as portinfra rendered it, for this scope or for all scopes."""
    mark = read_mark(_read(path) or "")
    return mark is not None and mark.is_intact and mark.scope in ("", scope)


def _former_files(into: Path, repository: Repository) -> list[Path]:
    """Return the files of hosts that the scope no longer has, also those that a person edited."""
    wanted = {into / file.path for file in repository.files}
    return [
        path
        for folder in repository.host_folders
        for path in sorted((into / folder).rglob("*"))
        if path.is_file() and path not in wanted and _scope_of(path) == repository.scope
    ]


def _scope_of(path: Path) -> str | None:
    mark = read_mark(_read(path) or "")
    return mark.scope if mark else None


def _differs(path: Path, file: RepositoryFile) -> bool:
    """Return whether a file is to be written. A first version is, where there is no file at all."""
    text = _read(path)
    return text is None if file.is_initial else text != file.text


def _write(path: Path, text: str) -> None:
    """Write a file in one step, so that a run that ends half-way leaves whole files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
