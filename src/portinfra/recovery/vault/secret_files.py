"""The files that a vault names: secrets, which are read when they are needed, and kept nowhere."""

from pathlib import Path

from portinfra.errors import InvalidRequest


def text_of(file: str) -> str:
    """What a file that a vault names holds. Raises InvalidRequest."""
    try:
        return Path(file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise InvalidRequest(
            f"{file or 'a file without a name'}, which the vault names, cannot be read: {why}",
            provider="vault",
            fix="Put it there, readable for you alone; or correct the vault's attributes.",
        ) from None
