"""Text files beside a declaration: `user_data=file("boot.sh")`."""

from pathlib import Path

from portinfra.errors import DeclarationError
from portinfra.model.arguments import check_types
from portinfra.model.location import Location, here


@check_types
def file(path: str) -> str:
    """Return the text of a file. Its path is relative to the calling file. Raises DeclarationError."""
    caller = here()
    return read_beside(caller.file, path, caller)


def read_beside(declaration: str, path: str, location: Location) -> str:
    """Return the text of a file. Its path is relative to the file of the declaration.

    `~` is the home directory. A byte order mark is no part of the text. Raises DeclarationError.
    """
    try:
        return (Path(declaration).parent / Path(path).expanduser()).read_text(encoding="utf-8-sig")
    except (OSError, RuntimeError, ValueError) as error:
        reason = _reason(error)
        raise DeclarationError(
            f"the file {path!r} cannot be read: {reason}",
            location=location,
            fix=f"Correct the path. Paths are relative to the folder of {declaration}.",
        ) from error


def _reason(error: Exception) -> str:
    """Return why a file cannot be read. `expanduser` raises RuntimeError for an unknown home directory."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return str(error.strerror if isinstance(error, OSError) else error)
