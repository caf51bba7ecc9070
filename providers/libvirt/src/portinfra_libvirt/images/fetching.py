"""Published images, used only if their digest is the publisher's."""

import errno
import hashlib
import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import IO

from portinfra import errors
from portinfra_libvirt.images import files
from portinfra_libvirt.images.files import Image
from portinfra_libvirt.pool_images import ENDING

_PART = 1 << 20
_PATIENCE_SECONDS = 60.0
_ENDINGS = (ENDING, ".raw", ".img")
_FORMATS = ("qcow2", "raw")


def fetch(url_or_path: str | Path, into: Path, *, sha256: str, name: str = "") -> Image:
    """Fetch an image from an http(s) URL or a file into the directory `into`, as qcow2 of version 3.

    `sha256` is the digest of the published file, in hexadecimal. `name` is NAME or NAME@VERSION; without it,
    the image has the published file's name without its ending. The file is verified and converted before it
    gets its name. So a file with that name is always complete, and after an error no files are left.

    Raises `InvalidRequest` for another digest, an invalid name or a file that is not an image; `NotFound` if
    there is no file; `AlreadyExists` if the name is taken; `Unavailable` if the transfer broke.
    """
    source = str(url_or_path)
    chosen = name or _file_name(source)
    _check(chosen, sha256)
    if (into / f"{chosen}{ENDING}").exists():
        raise files.name_is_taken(into / f"{chosen}{ENDING}")
    with files.scratch(into) as place:
        received = place / "received"
        found = _receive(source, received)
        if found != sha256.lower():
            raise errors.InvalidRequest(
                f"{_without_secrets(source)} has the SHA-256 {found}, not {sha256.lower()}",
                fix="Get the digest from the publisher over a trusted connection, then fetch the image "
                "again.",
            )
        return files.publish_file(_convert(received, _without_secrets(source)), into, chosen)


def _file_name(source: str) -> str:
    path = urllib.parse.unquote(urllib.parse.urlsplit(source).path) if _is_url(source) else source
    file = Path(path).name
    ending = next((each for each in _ENDINGS if file.endswith(each)), "")
    return file.removesuffix(ending)


def _check(name: str, sha256: str) -> None:
    if not files.NAMES.fullmatch(name):
        raise errors.InvalidRequest(
            f"{name!r} is not a valid image name",
            fix="Use the name in the declaration, or add a version: debian-12, debian-12@20261101.",
        )
    if not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise errors.InvalidRequest(
            f"{sha256!r} is not a SHA-256 digest of 64 hexadecimal digits",
            fix="Use the digest that the publisher gives.",
        )
    if files.tool("qemu-img") is None:
        raise errors.Unsupported(
            "this machine has no qemu-img", fix="apt-get install -y --no-install-recommends qemu-utils"
        )


def _is_url(source: str) -> bool:
    return bool(re.match(r"https?://", source))


def _without_secrets(source: str) -> str:
    """Return the source without possible secrets: a user, a password, a signature."""
    if not _is_url(source):
        return source
    parts = urllib.parse.urlsplit(source)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _receive(source: str, target: Path) -> str:
    """Write the source to the target, and return its digest."""
    shown = _without_secrets(source)
    again = "Run the same command again: it starts from the beginning, and no files are left."
    try:
        with closing(_open(source)) as stream, target.open("wb") as file:
            length = (
                stream.headers.get("Content-Length") if isinstance(stream, http.client.HTTPResponse) else None
            )
            digest = hashlib.sha256()
            while part := stream.read(_PART):
                digest.update(part)
                file.write(part)
            if length and file.tell() < int(length):
                raise errors.Unavailable(f"{shown} ended after {file.tell()} of {length} bytes", fix=again)
    except urllib.error.HTTPError as error:
        kind = errors.NotFound if error.code in {404, 410} else errors.Unavailable
        raise kind(
            f"{shown} returned {error.code} {error.reason}", fix="Check the URL in a browser."
        ) from error
    except (FileNotFoundError, IsADirectoryError) as error:
        raise errors.NotFound(
            f"no image was found at {shown}",
            fix="Use the path of a file, or a URL that begins with https://.",
        ) from error
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise files.unwritable(target.parent.parent, error) from error
        raise errors.Unavailable(f"{shown} could not be read: {error}", fix=again) from error
    return digest.hexdigest()


def _open(source: str) -> IO[bytes] | http.client.HTTPResponse:
    if not _is_url(source):
        return Path(source).open("rb")
    if "@" in urllib.parse.urlsplit(source).netloc:
        raise errors.InvalidRequest(
            f"the URL {_without_secrets(source)} contains a user, which is not supported",
            fix="Download it with another program, and use the path of the file.",
        )
    opened: http.client.HTTPResponse = urllib.request.urlopen(source, timeout=_PATIENCE_SECONDS)
    return opened


def _convert(received: Path, shown: str) -> Path:
    """Return the file itself if it is qcow2 of version 3; else a converted one."""
    found = files.describe_file(received)
    if found.form not in _FORMATS or (found.form == "raw" and not _has_boot_sector(received)):
        raise errors.InvalidRequest(
            f"{shown} is not a disk image: it is neither qcow2 nor a raw disk with a partition table",
            fix="If it is packed, unpack it and use the path of the unpacked file.",
        )
    if found.elsewhere:
        raise errors.InvalidRequest(
            f"{shown} is incomplete: a part of its contents is in another file",
            fix="Merge them with qemu-img convert -O qcow2, and use the path of the result.",
        )
    if found.form == "qcow2" and found.compat != "0.10":
        return received
    target = received.with_name("converted")
    files.convert(received, found.form, target)
    return target


def _has_boot_sector(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(512)[510:] == b"\x55\xaa"
