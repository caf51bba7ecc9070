"""One file of one host, as portinfra renders it."""

import hashlib
from functools import lru_cache

from portinfra.value import frozen


@frozen
class HostFile:
    """A file, and what a tool needs to deliver it. `%` in `check` means the path of the new file."""

    path: str
    """An absolute path, as in Debian 12."""
    content: str
    """The text. It ends with a line break and holds no secret."""
    mode: int = 0o644
    check: str = ""
    """The command that fails if the file is wrong. Empty: no program checks it."""
    reload: str = ""
    """The command that makes a program read the changed file. Empty: none is needed."""

    @property
    def digest(self) -> str:
        """The SHA-256 of its content, in hexadecimal digits."""
        return _digest(self.content)


@lru_cache(maxsize=256)  # hosts of one role have most files in common
def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
