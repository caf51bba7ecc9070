"""One file of one host, as portinfra renders it."""

import hashlib
from functools import lru_cache

from attrs import frozen


@frozen
class HostFile:
    """A file with what a tool needs to deliver it. `%` in `check` stands for the path of the new file."""

    path: str
    """Absolute, as Debian 12 has it."""
    content: str
    """It ends with a line break, and holds no secret."""
    mode: int = 0o644
    check: str = ""
    """The command that fails where the file is wrong; empty: no program checks it."""
    reload: str = ""
    """The command that puts a changed file in force; empty: none is needed."""

    @property
    def digest(self) -> str:
        """The SHA-256 of its content, in hexadecimal digits."""
        return _digest(self.content)


@lru_cache(maxsize=256)  # hosts of one role have most files in common
def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
