"""Whether the files on hosts are those that portinfra renders: by digests that were computed from the files.

A host's own manifest does not count: a person who edits a file can edit the manifest, too.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from attrs import frozen

from portinfra.hosts.render import Files
from portinfra.model.host_file import HostFile

Digests = Mapping[str, Mapping[str, str]]
"""Host → path → SHA-256 of the file there."""


@frozen
class HostState:
    """How the files of one host compare."""

    host: str
    edited: tuple[str, ...] = ()
    """The paths of files with another content."""
    missing: tuple[str, ...] = ()
    """The paths of files of which no digest came."""
    is_read: bool = True
    """Whether any digest came from this host."""

    @property
    def state(self) -> Literal["same", "differs", "unread"]:
        """One word."""
        if not self.is_read:
            return "unread"
        return "differs" if self.edited or self.missing else "same"


def read_digests(text: str) -> Digests:
    """Return the digests of lines `HOST DIGEST PATH`, as `sha256sum` prints them behind the host's name.

    `sha256sum --binary` prints `*PATH`.
    Raises ValueError, with the number of the line, for one that has another form.
    """
    found: dict[str, dict[str, str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split(maxsplit=2)
        if not words:
            continue
        path = words[-1].removeprefix("*")
        if len(words) != 3 or len(words[1]) != 64 or not path.startswith("/"):
            raise ValueError(f"line {number} is not `HOST DIGEST PATH`, with a SHA-256 and an absolute path")
        host, digest, _ = words
        found.setdefault(host, {})[path] = digest.lower()
    return found


def compare_files(files: Files, digests: Digests) -> list[HostState]:
    """Return the state of every host that has files, in their order. Other hosts and paths are left aside."""
    return [_compare(host, some, digests.get(host)) for host, some in files.items()]


def _compare(host: str, files: Iterable[HostFile], digests: Mapping[str, str] | None) -> HostState:
    if digests is None:
        return HostState(host, is_read=False)
    wanted = {file.path: file.digest for file in files}
    return HostState(
        host,
        edited=tuple(path for path, digest in wanted.items() if digests.get(path, digest) != digest),
        missing=tuple(path for path in wanted if path not in digests),
    )
