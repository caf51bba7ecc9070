"""Results that go into a file."""

import errno
from pathlib import Path

from portinfra.errors import PortinfraError
from portinfra.safe_text import visible

_BEGINS = {
    errno.ENOSPC: "Make room, or name",
    errno.EDQUOT: "Make room, or name",
    errno.EISDIR: "It is a directory. Name",
}
"""How the advice begins, by what the system says."""


def write_file(file: Path, text: str) -> None:
    """Write text to a file, as it would be printed. Raises PortinfraError."""
    try:
        file.write_text(visible(text, keep="\n\t"), encoding="utf-8")
    except OSError as error:
        begins = _BEGINS.get(error.errno or 0, "Name")
        fix = f"{begins} another file, then run the same command again."
        raise PortinfraError(f"{file} cannot be written: {error.strerror}", fix=fix) from error
