"""The comparison of the files on hosts with the rendered ones, by digests of the files.

The manifest of a host does not count: a person who edits a file can edit the manifest, too.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from portinfra.hosts.render import Files
from portinfra.model.host_file import HostFile
from portinfra.value import frozen

Digests = Mapping[str, Mapping[str, str]]
"""The SHA-256 of files, by host and path."""


@frozen
class HostState:
    """The result for the files of one host."""

    host: str
    edited: tuple[str, ...] = ()
    """The paths of files with other contents."""
    missing: tuple[str, ...] = ()
    """The paths of files without a digest."""
    is_read: bool = True
    """Whether there is any digest of this host."""

    @property
    def state(self) -> Literal["same", "differs", "unread"]:
        """The result as one word."""
        if not self.is_read:
            return "unread"
        return "differs" if self.edited or self.missing else "same"


def read_digests(text: str) -> Digests:
    """Return the digests in lines `HOST DIGEST PATH`: the name of a host, then a line of `sha256sum`.

    `sha256sum --binary` prints `*PATH`. Raises ValueError, with the number of the line, for another form.
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
    """Return the state of every host that has files, in their order. Other hosts and paths are ignored."""
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
