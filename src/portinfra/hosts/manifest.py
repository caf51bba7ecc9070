"""/etc/portinfra/manifest: the digest of every other file of a host, as `sha256sum --check` reads it."""

from collections.abc import Iterable

from portinfra.model.host_file import HostFile

PATH = "/etc/portinfra/manifest"


def manifest_file(files: Iterable[HostFile]) -> HostFile:
    """Return the manifest of these files. Its own digest identifies all of them."""
    text = "".join(f"{file.digest}  {file.path}\n" for file in files)
    return HostFile(PATH, text, check="sha256sum --check --quiet %")
