"""Where the passphrases of encrypted disks come from. A key's value is read when a disk is made, and goes to
libvirt's secrets alone: it is in no call, plan, journal or error.
"""

import secrets
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from portinfra.errors import InvalidRequest, PermissionDenied

COMMAND_SECONDS = 60


@frozen
class KeySource:
    """A file that only its owner reads, or a command that prints the passphrase."""

    file: str = ""
    command: tuple[str, ...] = ()

    def passphrase(self) -> bytes:
        """The passphrase, without the end of its line. Raises PermissionDenied where it cannot be had."""
        text = self._from_file() if self.file else self._from_command()
        passphrase = text.rstrip(b"\r\n")
        if not passphrase:
            raise _no_passphrase(f"the key source {self} is empty", "Put a passphrase into it.")
        return passphrase

    def __str__(self) -> str:
        return self.file or self.command[0]

    def _from_file(self) -> bytes:
        path = Path(self.file).expanduser()
        try:
            others = stat.S_IMODE(path.stat().st_mode) & 0o077
            if others:
                raise _no_passphrase(f"others may read the key {path}", f"chmod 600 {path}")
            return path.read_bytes()
        except OSError as error:
            raise _no_passphrase(
                f"the key {path} cannot be read: {error.strerror}", "Make it, with mode 0600."
            ) from None

    def _from_command(self) -> bytes:
        try:
            done = subprocess.run(self.command, stdout=subprocess.PIPE, check=True, timeout=COMMAND_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            told = "it ended badly" if isinstance(error, subprocess.CalledProcessError) else str(error)
            raise _no_passphrase(
                f"the key command {self}: {told}", "Try it by hand: it prints the passphrase."
            ) from None
        return done.stdout


def key_source(told: Mapping[str, Any]) -> KeySource:
    """A key source as a file of sites tells it. Raises ValueError."""
    if set(told) == {"file"}:
        return KeySource(file=str(told["file"]))
    if set(told) == {"command"} and isinstance(told["command"], list) and told["command"]:
        return KeySource(command=tuple(str(word) for word in told["command"]))
    raise ValueError('say either file = "/path" or command = ["program", "argument"]')


def passphrase(key: str | None, sources: Mapping[str, KeySource]) -> bytes:
    """The passphrase of a disk whose key is so called; without a key, a new one that nobody knows.

    `key` is a name of the site's, or `file:/path`. Raises InvalidRequest for a name that is none.
    """
    return secrets.token_urlsafe(48).encode() if key is None else source(key, sources).passphrase()


def source(key: str, sources: Mapping[str, KeySource]) -> KeySource:
    """Where the passphrase of a key comes from. Raises InvalidRequest for a name that is none."""
    if key in sources:
        return sources[key]
    if key.startswith("file:"):
        return KeySource(file=key.removeprefix("file:"))
    raise InvalidRequest(
        f"the site has no key {key!r}",
        provider="libvirt",
        fix=f'It has: {", ".join(sources) or "none"}. Or name a file: key = "file:/etc/volumes.key".',
    )


def _no_passphrase(message: str, fix: str) -> PermissionDenied:
    return PermissionDenied(message, provider="libvirt", fix=fix)
