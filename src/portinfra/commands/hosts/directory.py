"""A directory with the files of hosts, such as `app1/etc/nftables.conf`, and with `manifest.json`."""

import json
from pathlib import Path

from portinfra.commands.exits import Misuse
from portinfra.errors import PortinfraError
from portinfra.hosts.delivery.directory import directory_files, read_paths
from portinfra.hosts.render import Files
from portinfra.model.plain import Document

MANIFEST = "manifest.json"


def write_directory(into: Path, document: Document, files: Files) -> int:
    """Write the files and then the manifest. Return the number of files of an earlier run that were removed.

    Raises Misuse for a directory that has files and no manifest of this topology and environment.
    Raises PortinfraError where the system refuses to write.
    """
    try:
        before = {into / path for path in _files_before(into, document)}
        now = {into / path: file for path, file in directory_files(files).items()}
        for path, file in now.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.content, encoding="utf-8")
            path.chmod(file.mode)
        gone = [path for path in before - now.keys() if path.is_file()]
        for path in gone:
            path.unlink()
            _remove_empty(path.parent, into)
        into.mkdir(parents=True, exist_ok=True)
        (into / MANIFEST).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise PortinfraError(
            f"{error.filename or into} cannot be written: {error.strerror}",
            fix="Name another directory, then run the same command again.",
        ) from error
    return len(gone)


def _remove_empty(folder: Path, into: Path) -> None:
    """Remove a folder and its parents below `into`, as long as they are empty."""
    while folder != into and not folder.is_symlink() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _files_before(into: Path, document: Document) -> list[Path]:
    """Return the files that the manifest of an earlier run names, as paths within the directory."""
    if not into.exists() or not any(into.iterdir()):
        return []
    try:
        before = json.loads((into / MANIFEST).read_text(encoding="utf-8"))
        known = (before["schema"], before["scope"]) == (document["schema"], document["scope"])
        found = [Path(path) for path in read_paths(before["hosts"])] if known else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        found = None
    if found is None:
        raise Misuse(
            f"{into} has files, and no {MANIFEST} of {document['scope']}",
            fix="Name an empty directory, or one that this command wrote before.",
        )
    return found
