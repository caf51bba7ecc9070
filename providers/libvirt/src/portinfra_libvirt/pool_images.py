"""What the names of files in a pool of images tell: which images are there, whole, and what is in each.

A pool keeps nothing but files. So an image's digest is the name of an empty file beside it, and an image that
is on its way has a file beside it, too, as long as it is: libvirt lists what it has only begun to write.
"""

import re
from collections.abc import Iterable

ENDING = ".qcow2"
PART = "part-"

_DIGEST = re.compile(rf"(?P<file>.+{re.escape(ENDING)})\.sha256-(?P<digest>[0-9a-f]{{64}})")


def part(file: str) -> str:
    """What lies beside an image that is not whole yet."""
    return PART + file


def digest_file(file: str, digest: str) -> str:
    """What lies beside an image of this digest."""
    return f"{file}.sha256-{digest}"


def digest_files(file: str, names: Iterable[str]) -> list[str]:
    """What of a pool's files tells an image's digest."""
    return [name for name in names if (told := _DIGEST.fullmatch(name)) and told["file"] == file]


def whole(names: Iterable[str]) -> dict[str, str]:
    """The images that are whole → their digests; empty where nobody has told: it was put there by hand."""
    there = set(names)
    digests = {told["file"]: told["digest"] for name in sorted(there) if (told := _DIGEST.fullmatch(name))}
    return {
        name: digests.get(name, "")
        for name in sorted(there)
        if name.endswith(ENDING) and not name.startswith(PART) and part(name) not in there
    }


def everywhere(pools: Iterable[Iterable[str]]) -> tuple[list[str], list[str]]:
    """Images that every pool has, the older before the newer; and those that some lack, or have with other
    contents.
    """
    found = [whole(names) for names in pools]
    files = set().union(*found)
    same = {
        file
        for file in files
        if all(file in each for each in found) and len({each[file] for each in found} - {""}) < 2
    }
    return sorted(same, key=_age), sorted(files - same)


def _age(file: str) -> tuple[list[int | str], ...]:
    """Of two versions of one image, the lesser is the older, and 9 is less than 10."""
    name, _, version = file.removesuffix(ENDING).partition("@")
    pieces = re.split(r"(\d+)", version)
    return [name], [int(each) if each.isdigit() else each for each in pieces]
