"""Image files: what one is, the tools that make it, and how it gets its name."""

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
"""NAME or NAME@VERSION; the newest version is the one that new guests get."""

_PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
"""Debian leaves the tools of disks out of the PATH of those who are not root."""

_TOLD_LINES = 6


@frozen
class Image:
    """A disk image, as a file of this machine: qcow2 of version 3, which is what backups of guests need.

    `name` is the declaration's, or that and a version: NAME@VERSION. `sha256` is the file's own digest, in
    hexadecimal, or that of what it was made from; `virtual_bytes` the size of the disk that a guest sees.
    """

    name: str
    path: Path
    sha256: str
    virtual_bytes: int


class Description(NamedTuple):
    """Its format, the version of qcow2 it needs, the size of its disk, and whether it lies on another."""

    form: str
    compat: str
    virtual_bytes: int
    elsewhere: bool


def tool(name: str) -> str | None:
    """Where a tool is; None if this machine does not have it."""
    return shutil.which(name, path=_PLACES)


def bare(text: str) -> str:
    """The text without the users and passwords that its URLs give."""
    return re.sub(r"//[^/@\s]*@", "//", text)


@contextmanager
def scratch(into: Path) -> Iterator[Path]:
    """A directory to make an image in: within the one it is for, so that the finished file need not move far.

    It is gone afterwards with all that it holds. Where the directory is a pool's, no half image is a volume.
    """
    try:
        into.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(dir=into, prefix=".unfinished-", ignore_cleanup_errors=True)
    except OSError as error:
        raise unwritable(into, error) from error
    with made as name:
        yield Path(name).absolute()


def unwritable(into: Path, error: OSError) -> errors.ProviderError:
    """What to say of a directory that does not take an image."""
    if error.errno == errno.ENOSPC:
        return errors.NoCapacity(f"{into} is full", fix="Make room there, or name another directory.")
    fix = "Name a directory that you may write in, on a file system of this machine's own."
    return errors.InvalidRequest(f"{into} cannot hold an image: {error.strerror}", fix=fix)


def run_tool(
    *command: str,
    told: str = "",
    directory: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> str:
    """What a tool says, which is told `told`. A failure carries the last lines of what it complained of.
    `settings` are variables of its environment.

    It is asked to end, and waited for, when this process is interrupted: it has things of its own to remove.
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
            f"{command[0]} is not on this machine", fix=f"Install {command[0]}."
        ) from error
    with running:
        try:
            said, complained = running.communicate(told)
        except BaseException:
            running.send_signal(signal.SIGTERM)
            running.wait()
            raise
    if running.returncode:
        lines = [line for line in (complained.strip() or said).splitlines() if not line.startswith("I: ")]
        last = bare(" / ".join(lines[-_TOLD_LINES:]))
        raise errors.InvalidRequest(f"{command[0]} failed ({running.returncode}): {last}", fix=_fix(last))
    return said


def _fix(complaint: str) -> str:
    if "No space left" in complaint:
        return "Make room there: building needs some 4 GiB, in the directory of the image and in $TMPDIR."
    return "Mend what it complains of, and run the same again: nothing was left behind."


def describe_file(path: Path) -> Description:
    """What a file is, by its contents."""
    told = json.loads(run_tool("qemu-img", "info", "--output=json", str(path)))
    special = told.get("format-specific", {}).get("data", {})
    elsewhere = "backing-filename" in told or "data-file" in special
    return Description(told["format"], special.get("compat", ""), told["virtual-size"], elsewhere)


def convert(source: Path, form: str, target: Path) -> None:
    """The same disk as qcow2 of version 3, compressed: it is read more often than it is written. QEMU reads
    zstd since 5.1, and qemu-img compresses by it in a seventh of the time of zlib.
    """
    options = ("-f", form, "-O", "qcow2", "-o", "compat=1.1,compression_type=zstd")
    run_tool("qemu-img", "convert", "-c", *options, str(source), str(target))


def publish_file(made: Path, into: Path, name: str) -> Image:
    """Gives a finished file its name, which no other has: guests may lie on the one that bears it."""
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
    """What to say of a name that another image bears."""
    name = target.name.removesuffix(ENDING).partition("@")[0]
    return errors.AlreadyExists(
        f"{target} is there already, and guests may lie on it",
        fix=f"Give the new one a version, and new guests begin as that: {name}@VERSION.",
    )


def join_words(words: Sequence[str]) -> str:
    """Words as one sentence has them."""
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)
