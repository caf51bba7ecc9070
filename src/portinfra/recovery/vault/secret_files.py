"""The files that a vault names: secrets, read when they are needed and never stored."""

from pathlib import Path

from portinfra.errors import InvalidRequest


def read_secret(file: str) -> str:
    """Return the text of a file that a vault names. Raises InvalidRequest."""
    try:
        return Path(file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise InvalidRequest(
            f"{file or 'a file without a name'}, which the vault names, cannot be read: {why}",
            provider="vault",
            fix="Put the file there, readable by you alone; or correct the vault's attributes.",
        ) from None
