"""How data is sealed on its way, and opened: existing tools, as shell.

What an engine sends it counts: it leaves the bytes that travelled in the file `moved`. All runs in a scratch
directory of the helper's own, with rclone's configuration in its environment.
"""

from collections.abc import Mapping
from shlex import quote
from typing import Protocol

from attrs import frozen

from portinfra.model.vault import Vault
from portinfra.recovery.vault.files import text_of

NOWHERE = "/dev/null"

HOST = "portinfra"
"""Who restic says made a copy: helpers have names that mean nothing."""


REPOSITORY = "restic"
"""The folder of the vault that all copies by restic are in."""


class Engine(Protocol):
    """One way to seal."""

    @property
    def tools(self) -> tuple[str, ...]:
        """Commands that must be there, besides rclone."""

    def to_send(self, vault: Vault) -> str:
        """Shell that a sender runs first. Raises InvalidRequest for a file that is not there."""

    def send(self, vault: Vault, object: str) -> str:
        """A command line that stores its standard input under a name, and fails unless all is stored."""

    def to_receive(self, vault: Vault) -> str:
        """Shell that a receiver runs first. Raises InvalidRequest."""

    def receive(self, vault: Vault, object: str) -> str:
        """A command line that writes what is stored under a name to standard output."""


@frozen
class Age:
    """Streams, compressed and sealed for a public key: who sends cannot open."""

    tools: tuple[str, ...] = ("age", "zstd")

    def to_send(self, vault: Vault) -> str:
        """Nothing: the recipient is public."""
        return ""

    def send(self, vault: Vault, object: str) -> str:
        """Compress, seal, count, store."""
        name = quote(f"{vault.remote}/{object}")
        seal = f"zstd -q -c | age -r {quote(vault.recipient)} | tee sealed | rclone rcat {name}"
        return f"mkfifo sealed && {{ wc -c < sealed > moved & }} && {seal} && wait"

    def to_receive(self, vault: Vault) -> str:
        """The key."""
        return kept("identity", text_of(vault.identity))

    def receive(self, vault: Vault, object: str) -> str:
        """Fetch, open, decompress."""
        name = quote(f"{vault.remote}/{object}")
        return f"rclone cat {name} | age -d -i identity | zstd -q -d -c"


@frozen
class Restic:
    """A repository of pieces, each stored once: the second time little travels, and who sends could read."""

    tools: tuple[str, ...] = ("restic",)

    def to_send(self, vault: Vault) -> str:
        """The repository's password, and the repository, where there is none yet."""
        repository = quote(f"rclone:{vault.remote}/{REPOSITORY}")
        return (
            kept("password", text_of(vault.password))
            + f"export RESTIC_REPOSITORY={repository} RESTIC_PASSWORD_FILE=password RESTIC_CACHE_DIR=cache\n"
            + "# Where there is none yet, the first to come makes it.\n"
            + f'[ -n "$(rclone lsf {quote(vault.remote)}/restic/config 2> {NOWHERE})" ] || '
            + f"restic init > {NOWHERE} 2>&1 || true\n"
        )

    def send(self, vault: Vault, object: str) -> str:
        """One file from standard input; the pieces that are there already do not travel.

        All is stored once restic has summed up. What it does then is to remove its lock: who may only add
        cannot, and restic would try for minutes.
        """
        backup = f"restic backup --json --stdin --stdin-filename {quote(object)} --host {HOST}"
        # The last of the two is as it travelled, compressed; restic before 0.17 knows the first alone.
        added = "grep -o '\"data_added\\(_packed\\)\\{0,1\\}\":[0-9]*' | tail -n 1 | tr -dc 0-9"
        count = f"grep -m 1 '\"summary\"' < said | {added} > moved"
        done = f"for each in 1 2 3 4; do kill -0 $! 2> {NOWHERE} || break; sleep 0.3; done"
        return (
            f"mkfifo said && {{ {backup} --tag {quote(object)} <&3 > said & }} 3<&0 && {count} && "
            f"{{ {done}; kill -KILL $! 2> {NOWHERE} || true; }} && [ -s moved ]"
        )

    def to_receive(self, vault: Vault) -> str:
        """The same password."""
        return self.to_send(vault)

    def receive(self, vault: Vault, object: str) -> str:
        """The file, as it was."""
        return f"restic dump --host {HOST} --tag {quote(object)} latest {quote('/' + object)}"


ENGINES: Mapping[str, Engine] = {"age": Age(), "restic": Restic()}


def kept(name: str, text: str) -> str:
    """Shell that keeps a text in a file of the scratch directory, which only its owner can read."""
    return f"printf '%s\\n' {quote(text.rstrip())} > {name}\n"
