"""Text that lies beside a declaration: `user_data=file("boot.sh")`."""

from pathlib import Path

from portinfra.errors import DeclarationError
from portinfra.model.arguments import check_types
from portinfra.model.location import Location, here


@check_types
def file(path: str) -> str:
    """The text of a file, its path taken from the file that asks. Raises DeclarationError."""
    asked = here()
    return read_beside(asked.file, path, asked)


def read_beside(declaration: str, path: str, location: Location) -> str:
    """The text of a file, its path taken from a declaration's own. Raises DeclarationError.

    `~` is the home directory. A byte order mark is no part of the text.
    """
    try:
        return (Path(declaration).parent / Path(path).expanduser()).read_text(encoding="utf-8-sig")
    except (OSError, RuntimeError, ValueError) as error:
        reason = _reason(error)
        raise DeclarationError(
            f"the file {path!r} cannot be read: {reason}",
            location=location,
            fix=f"Paths are taken from the folder of {declaration}.",
        ) from error


def _reason(error: Exception) -> str:
    """Return why a file cannot be read. `expanduser` raises RuntimeError where there is no such home."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return str(error.strerror if isinstance(error, OSError) else error)
