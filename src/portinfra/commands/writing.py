"""Results that go into a file."""

from pathlib import Path

from portinfra.errors import PortinfraError
from portinfra.visible import visible


def write_file(file: Path, text: str) -> None:
    """Write text to a file, as it would be printed. Raises PortinfraError."""
    try:
        file.write_text(visible(text, keep="\n\t"), encoding="utf-8")
    except OSError as error:
        fix = "Make room, or name another file, then run the same command again."
        raise PortinfraError(f"{file} cannot be written: {error.strerror}", fix=fix) from error
