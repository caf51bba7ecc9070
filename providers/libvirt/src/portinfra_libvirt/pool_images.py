"""The names of files in a pool of images: they show which images are complete, and their digests.

A pool holds files only. So the name of an empty file beside an image records its digest. During an upload
another file lies beside the image, because libvirt lists a file from the first byte.
"""

import re
from collections.abc import Iterable

ENDING = ".qcow2"
PART = "part-"

_DIGEST = re.compile(rf"(?P<file>.+{re.escape(ENDING)})\.sha256-(?P<digest>[0-9a-f]{{64}})")


def part(file: str) -> str:
    """Return the name of the file that marks an incomplete image."""
    return PART + file


def digest_file(file: str, digest: str) -> str:
    """Return the name of the file that records an image's digest."""
    return f"{file}.sha256-{digest}"


def digest_files(file: str, names: Iterable[str]) -> list[str]:
    """Return the files of a pool that record an image's digest."""
    return [name for name in names if (match := _DIGEST.fullmatch(name)) and match["file"] == file]


def whole(names: Iterable[str]) -> dict[str, str]:
    """Return complete image → its digest; empty if it is unknown, because a person copied the file there."""
    there = set(names)
    digests = {match["file"]: match["digest"] for name in sorted(there) if (match := _DIGEST.fullmatch(name))}
    return {
        name: digests.get(name, "")
        for name in sorted(there)
        if name.endswith(ENDING) and not name.startswith(PART) and part(name) not in there
    }


def everywhere(pools: Iterable[Iterable[str]]) -> tuple[list[str], list[str]]:
    """Return images that every pool has, older ones first, and images that differ or are missing."""
    found = [whole(names) for names in pools]
    files = set().union(*found)
    same = {
        file
        for file in files
        if all(file in each for each in found) and len({each[file] for each in found} - {""}) < 2
    }
    return sorted(same, key=_age), sorted(files - same)


def _age(file: str) -> tuple[list[int | str], ...]:
    """Return the sort key of a file.

    Of two versions of an image the lesser is older, and 9 is less than 10.
    """
    name, _, version = file.removesuffix(ENDING).partition("@")
    pieces = re.split(r"(\d+)", version)
    return [name], [int(each) if each.isdigit() else each for each in pieces]
