"""Results that a command writes into a file."""

import errno
from pathlib import Path

from portinfra.errors import PortinfraError
from portinfra.safe_text import visible

_BEGINS = {
    errno.ENOSPC: "Make room, or name",
    errno.EDQUOT: "Make room, or name",
    errno.EISDIR: "It is a directory. Name",
}
"""The begin of the advice, by the error number of the system."""


def write_file(file: Path, text: str) -> None:
    """Write a text to a file, in the form in which it is printed. Raises PortinfraError."""
    try:
        file.write_text(visible(text, keep="\n\t"), encoding="utf-8")
    except OSError as error:
        begins = _BEGINS.get(error.errno or 0, "Name")
        fix = f"{begins} another file, then run the same command again."
        raise PortinfraError(f"{file} cannot be written: {error.strerror}", fix=fix) from error
