"""The sources of the passphrases of encrypted disks.

portinfra reads the value of a key when it creates a disk. It gives the value only to libvirt's secrets: no
call, plan, journal or error has it.
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
    """A file that only its owner can read, or a command that prints the passphrase."""

    file: str = ""
    command: tuple[str, ...] = ()

    def passphrase(self) -> bytes:
        """Return the passphrase without its line end. Raises PermissionDenied if it cannot be read."""
        text = self._from_file() if self.file else self._from_command()
        passphrase = text.rstrip(b"\r\n")
        if not passphrase:
            raise _no_passphrase(f"the key source {self} is empty", "Write a passphrase into it.")
        return passphrase

    def __str__(self) -> str:
        return self.file or self.command[0]

    def _from_file(self) -> bytes:
        path = Path(self.file).expanduser()
        try:
            others = stat.S_IMODE(path.stat().st_mode) & 0o077
            if others:
                raise _no_passphrase(f"other users may read the key file {path}", f"Run: chmod 600 {path}")
            return path.read_bytes()
        except OSError as error:
            raise _no_passphrase(
                f"the key file {path} cannot be read: {error.strerror}", "Create it with mode 0600."
            ) from None

    def _from_command(self) -> bytes:
        try:
            done = subprocess.run(self.command, stdout=subprocess.PIPE, check=True, timeout=COMMAND_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            reason = "it failed" if isinstance(error, subprocess.CalledProcessError) else str(error)
            raise _no_passphrase(
                f"the key command {self} cannot be used: {reason}",
                "Run it by hand: it must print the passphrase.",
            ) from None
        return done.stdout


def key_source(settings: Mapping[str, Any]) -> KeySource:
    """Return a key source from a file of sites. Raises ValueError."""
    if set(settings) == {"file"}:
        return KeySource(file=str(settings["file"]))
    if set(settings) == {"command"} and isinstance(settings["command"], list) and settings["command"]:
        return KeySource(command=tuple(str(word) for word in settings["command"]))
    raise ValueError('write either file = "/path" or command = ["program", "argument"]')


def passphrase(key: str | None, sources: Mapping[str, KeySource]) -> bytes:
    """Return the passphrase of a key; without a key, a new random one that only libvirt's secret keeps.

    `key` is the name of a key of the site, or `file:/path`. Raises InvalidRequest for an unknown name.
    """
    return secrets.token_urlsafe(48).encode() if key is None else source(key, sources).passphrase()


def source(key: str, sources: Mapping[str, KeySource]) -> KeySource:
    """Return the source of a key's passphrase. Raises InvalidRequest for an unknown name."""
    if key in sources:
        return sources[key]
    if key.startswith("file:"):
        return KeySource(file=key.removeprefix("file:"))
    raise InvalidRequest(
        f"the site has no key {key!r}",
        provider="libvirt",
        fix=f"Its keys: {', '.join(sources) or 'none'}. Use one of them, or a file: key = "
        '"file:/etc/volumes.key".',
    )


def _no_passphrase(message: str, fix: str) -> PermissionDenied:
    return PermissionDenied(message, provider="libvirt", fix=fix)
