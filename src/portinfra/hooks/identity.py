"""The identity of a hook: its command, with digests of the command and of its file."""

import hashlib
import inspect
from pathlib import Path

from portinfra.hooks.calls import FILE
from portinfra.model.hook import Hook
from portinfra.value import frozen


@frozen
class HookIdentity:
    """A hook as evidence names it. Digests are SHA-256 in hexadecimal digits; empty where nothing can be
    read.
    """

    command: str
    """The command; of a Python function, its module and name."""
    command_sha256: str
    """The digest of the command; of a Python function, of its source."""
    file_sha256: str
    """The digest of the file that the command begins with, or that defines the function."""


def identify(hook: Hook) -> HookIdentity:
    """Return the present identity of a hook. Its file may have changed at the next call."""
    if isinstance(hook, str):
        named = FILE.match(hook)
        return HookIdentity(hook, _sha256(hook.encode()), _file_digest(named[1] if named else ""))
    of = hook if hasattr(hook, "__qualname__") else type(hook)
    try:
        source, file = inspect.getsource(of), inspect.getsourcefile(of) or ""
    except (OSError, TypeError):
        source, file = "", ""
    name = f"{of.__module__}.{of.__qualname__}"
    return HookIdentity(name, _sha256(source.encode()) if source else "", _file_digest(file))


def _file_digest(name: str) -> str:
    try:
        return _sha256(Path(name).expanduser().read_bytes()) if name else ""
    except (OSError, RuntimeError):
        return ""


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
