"""Image files: their description, the tools that make them, and how they get their names."""

import errno
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from attrs import frozen

from portinfra import errors
from portinfra_libvirt.pool_images import ENDING

PLAIN_NAMES = re.compile(r"[a-z0-9][a-z0-9._-]*")
NAMES = re.compile(rf"{PLAIN_NAMES.pattern}(@[A-Za-z0-9._-]+)?")
"""NAME or NAME@VERSION. New guests use the newest version."""

_PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
"""Debian leaves the tools of disks out of the PATH of users who are not root."""

_ERROR_LINES = 6


@frozen
class Image:
    """A disk image, as a file of this machine: qcow2 of version 3, which backups of guests need.

    `name` is the declaration's, or that with a version: NAME@VERSION. `sha256` is the digest in hexadecimal,
    of the file or of its source. `virtual_bytes` is the size of the disk that a guest sees.
    """

    name: str
    path: Path
    sha256: str
    virtual_bytes: int


class Description(NamedTuple):
    """Its format, its qcow2 version, the size of its disk, and whether its data is partly in another file."""

    form: str
    compat: str
    virtual_bytes: int
    elsewhere: bool


def tool(name: str) -> str | None:
    """Return the path of a tool; None if this machine does not have it."""
    return shutil.which(name, path=_PLACES)


def bare(text: str) -> str:
    """Return the text without the users and passwords in its URLs."""
    return re.sub(r"//[^/@\s]*@", "//", text)


@contextmanager
def scratch(into: Path) -> Iterator[Path]:
    """Yield a directory to build an image in, inside the target directory, so that a rename finishes it.

    It is deleted afterwards with all its files. In the directory of a pool, no incomplete image becomes a
    volume.
    """
    try:
        into.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(dir=into, prefix=".unfinished-", ignore_cleanup_errors=True)
    except OSError as error:
        raise unwritable(into, error) from error
    with made as name:
        yield Path(name).absolute()


def unwritable(into: Path, error: OSError) -> errors.ProviderError:
    """Return the error of a directory that cannot take an image."""
    if error.errno == errno.ENOSPC:
        return errors.NoCapacity(f"{into} is full", fix="Free space there, or use another directory.")
    fix = "Use a directory in which you may write, on a local file system of this machine."
    return errors.InvalidRequest(f"{into} cannot hold an image: {error.strerror}", fix=fix)


def run_tool(
    *command: str,
    stdin: str = "",
    directory: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> str:
    """Run a tool with `stdin` as its input, and return its output. `settings` are environment variables.

    An error has the last lines of the tool's output. If this process is interrupted, it sends the tool
    SIGTERM and waits: the tool has files of its own to remove.
    """
    try:
        running = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd=directory,
            env={**os.environ, "PATH": _PLACES, "LC_ALL": "C.UTF-8", **(settings or {})},
        )
    except FileNotFoundError as error:
        raise errors.Unsupported(
            f"{command[0]} is not installed on this machine", fix=f"Install {command[0]}."
        ) from error
    with running:
        try:
            output, problems = running.communicate(stdin)
        except BaseException:
            running.send_signal(signal.SIGTERM)
            running.wait()
            raise
    if running.returncode:
        lines = [line for line in (problems.strip() or output).splitlines() if not line.startswith("I: ")]
        last = bare(" / ".join(lines[-_ERROR_LINES:]))
        raise errors.InvalidRequest(f"{command[0]} failed ({running.returncode}): {last}", fix=_fix(last))
    return output


def _fix(complaint: str) -> str:
    if "No space left" in complaint:
        return (
            "Free some disk space: a build needs about 4 GiB, in the directory of the image and in $TMPDIR."
        )
    return "Correct the problem in the message, then run the same command again: no files are left."


def describe_file(path: Path) -> Description:
    """Return the description of a file, by its contents."""
    info = json.loads(run_tool("qemu-img", "info", "--output=json", str(path)))
    special = info.get("format-specific", {}).get("data", {})
    elsewhere = "backing-filename" in info or "data-file" in special
    return Description(info["format"], special.get("compat", ""), info["virtual-size"], elsewhere)


def convert(source: Path, form: str, target: Path) -> None:
    """Convert a disk to compressed qcow2 of version 3. Guests read it more often than anything writes it.

    QEMU reads zstd since 5.1. qemu-img compresses with it in a seventh of the time of zlib.
    """
    options = ("-f", form, "-O", "qcow2", "-o", "compat=1.1,compression_type=zstd")
    run_tool("qemu-img", "convert", "-c", *options, str(source), str(target))


def publish_file(made: Path, into: Path, name: str) -> Image:
    """Give a finished file a name that no other has: guests may use a file with that name."""
    target = into / f"{name}{ENDING}"
    size = describe_file(made).virtual_bytes
    with made.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    made.chmod(0o644)
    try:
        target.hardlink_to(made)
    except FileExistsError as error:
        raise name_is_taken(target) from error
    except OSError as error:
        raise unwritable(into, error) from error
    return Image(name, target, digest, size)


def name_is_taken(target: Path) -> errors.AlreadyExists:
    """Return the error of a name that another image has."""
    name = target.name.removesuffix(ENDING).partition("@")[0]
    return errors.AlreadyExists(
        f"{target} exists already, and guests may use it",
        fix=f"Add a version to the name: {name}@VERSION. New guests use the new version.",
    )


def join_words(words: Sequence[str]) -> str:
    """Return words joined as in a sentence."""
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)
