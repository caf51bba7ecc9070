"""Text that lies beside a declaration: `user_data=file("boot.sh")`."""

from pathlib import Path

from portinfra.errors import DeclarationError
from portinfra.model.location import Location, here


def file(path: str) -> str:
    """The text of a file, its path taken from the file that asks. Raises DeclarationError."""
    asked = here()
    return read_beside(asked.file, path, asked)


def read_beside(declaration: str, path: str, location: Location) -> str:
    """The text of a file, its path taken from a declaration's own. Raises DeclarationError."""
    try:
        return (Path(declaration).parent / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise DeclarationError(
            f"the file {path!r} cannot be read: {reason}",
            location=location,
            fix=f"Paths are taken from the folder of {declaration}.",
        ) from error
