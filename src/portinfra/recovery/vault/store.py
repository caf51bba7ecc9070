"""The vault, as this machine sees it: receipts and manifests, which are small. Data never comes by here."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import join

from attrs import frozen

from portinfra.errors import InvalidRequest, Unavailable
from portinfra.model.vault import Vault

SECONDS = 120.0
"""The longest that one look may take."""

NOT_THERE = (3, 4)
"""How rclone ends when there is no such directory, or no such file."""


@frozen
class Store:
    """One vault, through rclone."""

    vault: Vault

    @property
    def configuration(self) -> Path:
        """The receiver's, where this machine has it; else the sender's, which may read and not remove."""
        receiver = Path(self.vault.receiver).expanduser()
        return receiver if receiver.is_file() else Path(self.vault.sender).expanduser()

    @property
    def may_remove(self) -> bool:
        """Whether this machine has the receiver's configuration: retention is the target's affair."""
        return Path(self.vault.receiver).expanduser().is_file()

    def names(self, folder: str = "") -> list[str]:
        """What lies in a folder, and below it. Raises Unavailable."""
        found = self._rclone("lsf", "-R", "--files-only", self._path(folder), none_is="")
        return sorted(f"{folder}/{name}" if folder else name for name in found.splitlines())

    def folders(self) -> list[str]:
        """The folders: one a point, besides the repository of restic."""
        found = self._rclone("lsf", "--dirs-only", self.vault.remote, none_is="")
        return sorted(name.rstrip("/") for name in found.splitlines())

    def holding(self, name: str) -> list[str]:
        """The folders that a file of this name lies in. Raises Unavailable."""
        only = ("-R", "--max-depth", "2", "--files-only", "--include", f"/*/{name}")
        found = self._rclone("lsf", *only, self.vault.remote, none_is="")
        return sorted(path.partition("/")[0] for path in found.splitlines())

    def read(self, name: str) -> str:
        """What a small file says; empty where it is not there. Raises Unavailable."""
        return self._rclone("cat", self._path(name), none_is="")

    def write(self, name: str, text: str) -> None:
        """Keep a small file. Raises Unavailable."""
        self._rclone("rcat", self._path(name), given=text)

    def remove(self, folder: str) -> None:
        """Remove a folder and all that is in it. Raises Unavailable."""
        self._rclone("purge", self._path(folder), none_is="")

    def remove_file(self, name: str) -> None:
        """Remove a file. Raises Unavailable."""
        self._rclone("deletefile", self._path(name), none_is="")

    def _path(self, name: str) -> str:
        return f"{self.vault.remote}/{name}" if name else self.vault.remote

    def _rclone(self, *words: str, given: str | None = None, none_is: str | None = None) -> str:
        done = self.run("rclone", *words, given=given)
        if done.returncode in NOT_THERE and none_is is not None:
            return none_is
        return said(done)

    def run(
        self, *words: str, given: str | None = None, settings: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run rclone, or a program that runs it. Raises Unavailable where it goes on for too long."""
        if missing := [name for name in {words[0], "rclone"} if shutil.which(name) is None]:
            told = f"{' and '.join(sorted(missing))} is not on this machine"
            raise InvalidRequest(told, provider="vault", fix=f"Install {missing[0]}.")
        with tempfile.TemporaryDirectory(prefix="portinfra-") as scratch:
            environment = {**os.environ, **(settings or {}), "RCLONE_CONFIG": str(self.configuration)}
            if self.vault.host_key:
                known = Path(scratch, "known_hosts")
                known.write_text(self.vault.host_key + "\n", encoding="utf-8")
                environment["RCLONE_SFTP_KNOWN_HOSTS_FILE"] = str(known)
            try:
                return subprocess.run(
                    words,
                    input=given or "",
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise _silent(f"it did not answer within {SECONDS:.0f} s", words) from None


def said(done: "subprocess.CompletedProcess[str]") -> str:
    """What a program printed. Raises Unavailable where it failed."""
    if done.returncode:
        raise _silent((done.stderr.strip().splitlines() or ["no reason given"])[-1], done.args)
    return done.stdout


def _silent(why: str, words: Sequence[str]) -> Unavailable:
    return Unavailable(
        f"{why} ({join(words)})",
        provider="vault",
        fix="See whether that command works with the configuration that the vault names.",
    )
