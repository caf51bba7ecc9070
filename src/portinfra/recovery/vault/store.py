"""The receipts and manifests in the vault, which are small. The data itself never passes this machine."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from portinfra.model.vault import Vault
from portinfra.recovery.vault.rclone import Rclone
from portinfra.value import frozen


@frozen
class Store:
    """One vault, through rclone."""

    vault: Vault

    @property
    def configuration(self) -> Path:
        """The receiver's configuration if this machine has it; else the sender's, which cannot
        remove files.
        """
        receiver = Path(self.vault.receiver).expanduser()
        return receiver if receiver.is_file() else Path(self.vault.sender).expanduser()

    @property
    def may_remove(self) -> bool:
        """Whether this machine has the receiver's configuration: only the target prunes."""
        return Path(self.vault.receiver).expanduser().is_file()

    def names(self, folder: str = "") -> list[str]:
        """Return the paths of the files in a folder and below it. Raises Unavailable."""
        found = self._rclone("lsf", "-R", "--files-only", self._path(folder), none_is="")
        return sorted(f"{folder}/{name}" if folder else name for name in found.splitlines())

    def folders(self) -> list[str]:
        """Return the folders: one for each point, and the repository of restic."""
        found = self._rclone("lsf", "--dirs-only", self.vault.remote, none_is="")
        return sorted(name.rstrip("/") for name in found.splitlines())

    def folders_with(self, name: str) -> list[str]:
        """Return the folders that have a file of this name. Raises Unavailable."""
        only = ("-R", "--max-depth", "2", "--files-only", "--include", f"/*/{name}")
        found = self._rclone("lsf", *only, self.vault.remote, none_is="")
        return sorted(path.partition("/")[0] for path in found.splitlines())

    def read(self, name: str) -> str:
        """Return the text of a small file; empty where it does not exist. Raises Unavailable."""
        return self._rclone("cat", self._path(name), none_is="")

    def write(self, name: str, text: str) -> None:
        """Write a small file. Raises Unavailable."""
        self._rclone("rcat", self._path(name), given=text)

    def remove(self, folder: str) -> None:
        """Remove a folder and its contents. Raises Unavailable."""
        self._rclone("purge", self._path(folder), none_is="")

    def remove_file(self, name: str) -> None:
        """Remove a file. Raises Unavailable."""
        self._rclone("deletefile", self._path(name), none_is="")

    def _path(self, name: str) -> str:
        return f"{self.vault.remote}/{name}" if name else self.vault.remote

    def _rclone(self, *words: str, given: str | None = None, none_is: str | None = None) -> str:
        return self._program.ask(*words, given=given, none_is=none_is)

    @property
    def _program(self) -> Rclone:
        return Rclone(self.configuration, self.vault.host_key)

    def run(
        self, *words: str, given: str | None = None, settings: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run rclone, or a program that runs it. Raises Unavailable at the time limit."""
        return self._program.run(*words, given=given, settings=settings)
