"""Engines, which encrypt data on its way and decrypt it: existing tools, called from shell.

A sending engine counts its work. It writes the number of transferred bytes to the file `moved`. It writes to
the file `digest` what identifies the stored data. All of it runs in a temporary directory of the transfer
host, with rclone's configuration in the environment.
"""

from collections.abc import Mapping
from shlex import quote
from typing import Protocol

from portinfra.model.vault import Vault
from portinfra.recovery.vault.secret_files import read_secret
from portinfra.value import frozen

NOWHERE = "/dev/null"

HOST = "portinfra"
"""The host name that restic records for a copy: the names of transfer hosts carry no meaning."""


REPOSITORY = "restic"
"""The folder of the vault that contains all copies of restic."""

_CHECKSUM = "{ tail -c 4 | od -A n -t x1; }"
"""The last four bytes: zstd's checksum of what it compressed."""


class Engine(Protocol):
    """One way to encrypt a stream."""

    @property
    def tools(self) -> tuple[str, ...]:
        """The commands that the image must have, besides rclone."""

    @property
    def folder(self) -> str:
        """The folder of the vault that a transfer host lists first, into the file `there`."""

    def to_send(self, vault: Vault, *, first: bool) -> str:
        """Return shell that a sender runs before it sends. `first` marks the first sender of a point. Raises
        InvalidRequest where a file of the vault does not exist.
        """

    def send(self, vault: Vault, object: str) -> str:
        """Return a command line that stores its standard input, of `$bytes` bytes, under a name. It fails
        unless all bytes are stored.
        """

    def to_receive(self, vault: Vault) -> str:
        """Return shell that a receiver runs first. Raises InvalidRequest."""

    def receive(self, vault: Vault, object: str, digest: str) -> str:
        """Return a command line that writes a stored object to standard output. It fails where the object
        does not have the digest. It writes a checksum of its output to the file `came`.
        """

    @property
    def again(self) -> str:
        """A command line that makes the same checksum of its standard input, which is read back from the
        disk.
        """


@frozen
class Age:
    """Compressed streams, encrypted for a public key: a sender cannot decrypt them."""

    tools: tuple[str, ...] = ("age", "zstd")
    folder: str = ""

    def to_send(self, vault: Vault, *, first: bool) -> str:
        """Return nothing: the recipient is public."""
        return ""

    def send(self, vault: Vault, object: str) -> str:
        """Compress, encrypt, count and store. The digest is of the encrypted data, which is smaller."""
        name = quote(f"{vault.remote}/{object}")
        digests = "{ digested < sealed > digest & wc -c < counted > moved & }"
        seal = f"zstd -q --check -T0 -c | age -r {quote(vault.recipient)}"
        stored = f"{seal} | tee sealed counted | rclone rcat {name} && wait"
        return f"mkfifo sealed counted && {digests} && {stored} && [ -s digest ] && [ -s moved ]"

    def to_receive(self, vault: Vault) -> str:
        """Return shell that writes the key."""
        return keep_text("identity", read_secret(vault.identity))

    def receive(self, vault: Vault, object: str, digest: str) -> str:
        """Fetch, decrypt and decompress. Anyone can encrypt for a public key, so the digest is compared. The
        checksum is the one at the end of zstd's stream: zstd verifies it over all its input.
        """
        name = quote(f"{vault.remote}/{object}")
        digests = f"{{ digested < sealed > digest & {_CHECKSUM} < packed > came & }}"
        decrypted = (
            f"rclone cat {name} | tee sealed | age -d -i identity | tee packed | zstd -q -d -c && wait"
        )
        same = f"{{ grep -q ^{quote(digest)} digest || {{ echo it is not what was sent >&2; false; }}; }}"
        return f"{{ mkfifo sealed packed && {digests} && {decrypted} && {same}; }}"

    @property
    def again(self) -> str:
        """zstd's own checksum; the compression level does not matter, as the output is discarded."""
        return f"zstd -q --check --fast=9 -c | {_CHECKSUM}"


@frozen
class Restic:
    """A repository of pieces that are stored once: later copies transfer little. A sender can also
    read it.
    """

    tools: tuple[str, ...] = ("restic",)
    folder: str = f"/{REPOSITORY}"

    def to_send(self, vault: Vault, *, first: bool) -> str:
        """Return shell that writes the password, and creates the repository where it does not exist. Two
        repositories created at one time make both unreadable. So the first sender creates it, and the others
        wait.
        """
        if first:
            make = "grep -qx config there || restic init > init 2>&1 || { cat init >&2; false; }\n"
        else:
            config = quote(f"{vault.remote}{self.folder}/config")
            there = f'[ -n "$(rclone lsf {config} 2> {NOWHERE})" ]'
            make = f"for each in $(seq 240); do {there} && break; sleep 5; done; {there}\n"
        return self.to_receive(vault) + make

    def send(self, vault: Vault, object: str) -> str:
        """Store one file from standard input; pieces that exist already are not transferred.

        All data is stored once restic prints its summary; the summary has no bytes where restic could not
        read. Then restic removes its lock. Credentials that can only add files cannot do that, and restic
        would retry for minutes. The digest is the id of the copy, which covers all its pieces. restic before
        0.15 prints only the beginning of the id, and has the whole id in its cache.
        """
        name = quote(object)
        backup = f"restic backup --json --stdin --stdin-filename {name} --host {HOST} --tag {name}"
        stored = f"{{ {backup} <&3 > said & }} 3<&0 && grep -m 1 '\"summary\"' < said > sum"
        # The second is the compressed size that was transferred; restic before 0.17 prints only the first.
        added = "grep -o '\"data_added\\(_packed\\)\\{0,1\\}\":[0-9]*' sum | tail -n 1 | tr -dc 0-9 > moved"
        id = 'id=$(grep -o \'"snapshot_id":"[0-9a-f]*\' sum | cut -d \'"\' -f 4) && [ -n "$id" ]'
        cached = "find cache -path \"*/snapshots/*/$id*\" | grep -o '[^/]*$'"
        whole = f"{id} && {{ if [ ${{#id}} = 64 ]; then echo $id; else {cached}; fi; }} > digest"
        end = f"{{ kill -KILL $!; wait $!; true; }} 2> {NOWHERE}"
        unread = 'grep -q \'"total_bytes_processed":0[,}]\' sum && [ "$bytes" != 0 ]'
        read = f"{{ ! {{ {unread}; }} || {{ echo it could not be read >&2; false; }}; }}"
        return f"mkfifo said && {stored} && {end} && {read} && {added} && {whole} && [ -s moved ]"

    def to_receive(self, vault: Vault) -> str:
        """Return shell that writes the same password."""
        repository = quote(f"rclone:{vault.remote}/{REPOSITORY}")
        return (
            keep_text("password", read_secret(vault.password))
            + f"export RESTIC_REPOSITORY={repository} RESTIC_PASSWORD_FILE=password RESTIC_CACHE_DIR=cache\n"
        )

    def receive(self, vault: Vault, object: str, digest: str) -> str:
        """Restore the file: restic compares each piece that it fetches with the digest in its name."""
        dump = f"restic dump {quote(digest)} {quote('/' + object)}"
        return f"{{ mkfifo plain && {{ digested < plain > came & }} && {dump} | tee plain && wait; }}"

    @property
    def again(self) -> str:
        """The command for a digest."""
        return "digested"


ENGINES: Mapping[str, Engine] = {"age": Age(), "restic": Restic()}


def keep_text(name: str, text: str) -> str:
    """Return shell that writes a text to a file of the temporary directory, which only its owner can read."""
    return f"printf '%s\\n' {quote(text.rstrip())} > {name}\n"
