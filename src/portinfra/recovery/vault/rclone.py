"""rclone on this machine, and programs that run it: with one configuration and a time limit."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import join

from portinfra.errors import InvalidRequest, Unavailable
from portinfra.value import frozen

SECONDS = 120.0
"""The time limit of one call, in seconds."""


NOT_THERE = (3, 4)
"""The exit codes of rclone where a directory or a file does not exist."""


def path_in(remote: str, name: str) -> str:
    """Return the path of a name in an rclone remote. `vault:` gets no `/`, which may be another folder."""
    return f"{remote}{'' if remote.endswith((':', '/')) else '/'}{name}"


@frozen
class Rclone:
    """rclone with a configuration."""

    configuration: Path
    host_key: str = ""
    """The public key of an sftp server, as in a `known_hosts` file. Empty: it is not checked."""

    def ask(self, *words: str, given: str | None = None, none_is: str | None = None) -> str:
        """Return the output of rclone; `none_is` where the file or directory does not exist.

        Raises Unavailable.
        """
        process = self.run("rclone", *words, given=given)
        if process.returncode in NOT_THERE and none_is is not None:
            return none_is
        return output_of(process)

    def run(
        self, *words: str, given: str | None = None, settings: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run rclone, or a program that runs it. Raises Unavailable at the time limit, and InvalidRequest
        where the program is not installed on this machine.
        """
        if missing := [name for name in {words[0], "rclone"} if shutil.which(name) is None]:
            message = f"{' and '.join(sorted(missing))} is not installed on this machine"
            raise InvalidRequest(message, provider="vault", fix=f"Install {missing[0]}.")
        with tempfile.TemporaryDirectory(prefix="portinfra-") as scratch:
            environment = {**os.environ, **(settings or {}), "RCLONE_CONFIG": str(self.configuration)}
            if self.host_key:
                known = Path(scratch, "known_hosts")
                known.write_text(self.host_key + "\n", encoding="utf-8")
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


def output_of(process: "subprocess.CompletedProcess[str]") -> str:
    """Return the output of a program. Raises Unavailable where it failed."""
    if process.returncode:
        raise _silent((process.stderr.strip().splitlines() or ["no reason given"])[-1], process.args)
    return process.stdout


def _silent(why: str, words: Sequence[str]) -> Unavailable:
    return Unavailable(
        f"{why} ({join(words)})",
        provider="vault",
        fix="Find out whether that command works with the configuration that the vault names.",
    )
