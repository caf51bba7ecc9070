"""How data is sealed on its way, and opened: existing tools, as shell.

What an engine sends it counts: it leaves the bytes that travelled in the file `moved`, and in the file
`digest` what tells that which it stored from anything else that could be in its place. All runs in a scratch
directory of the helper's own, with rclone's configuration in its environment.
"""

from collections.abc import Mapping
from shlex import quote
from typing import Protocol

from attrs import frozen

from portinfra.model.vault import Vault
from portinfra.recovery.vault.secret_files import text_of

NOWHERE = "/dev/null"

HOST = "portinfra"
"""Who restic says made a copy: helpers have names that mean nothing."""


REPOSITORY = "restic"
"""The folder of the vault that all copies by restic are in."""

_CHECKSUM = "{ tail -c 4 | od -A n -t x1; }"
"""What the last four bytes are: zstd's checksum of what it compressed."""


class Engine(Protocol):
    """One way to seal."""

    @property
    def tools(self) -> tuple[str, ...]:
        """Commands that must be there, besides rclone."""

    @property
    def folder(self) -> str:
        """Where in the vault a helper looks first: what is there is in the file `there` then."""

    def to_send(self, vault: Vault, *, first: bool) -> str:
        """Shell that a sender runs before it sends: one of a point's senders is the first. Raises
        InvalidRequest for a file that is not there.
        """

    def send(self, vault: Vault, object: str) -> str:
        """A command line that stores its standard input, of which there are `$bytes` bytes, under a name, and
        fails unless all is stored.
        """

    def to_receive(self, vault: Vault) -> str:
        """Shell that a receiver runs first. Raises InvalidRequest."""

    def receive(self, vault: Vault, object: str, digest: str) -> str:
        """A command line that writes what is stored under a name to standard output, and fails where it is
        not what the digest tells. It leaves a checksum of what it wrote in the file `came`.
        """

    @property
    def again(self) -> str:
        """A command line that makes the same checksum of its standard input: what the disk gives back."""


@frozen
class Age:
    """Streams, compressed and sealed for a public key: who sends cannot open."""

    tools: tuple[str, ...] = ("age", "zstd")
    folder: str = ""

    def to_send(self, vault: Vault, *, first: bool) -> str:
        """Nothing: the recipient is public."""
        return ""

    def send(self, vault: Vault, object: str) -> str:
        """Compress, seal, count, store. The digest is of what is sealed, which is less than the volume."""
        name = quote(f"{vault.remote}/{object}")
        told = "{ digested < sealed > digest & wc -c < counted > moved & }"
        seal = f"zstd -q --check -T0 -c | age -r {quote(vault.recipient)}"
        stored = f"{seal} | tee sealed counted | rclone rcat {name} && wait"
        return f"mkfifo sealed counted && {told} && {stored} && [ -s digest ] && [ -s moved ]"

    def to_receive(self, vault: Vault) -> str:
        """The key."""
        return keep_text("identity", text_of(vault.identity))

    def receive(self, vault: Vault, object: str, digest: str) -> str:
        """Fetch, open, decompress. Anybody can seal for a public key, hence the digest. The checksum is the
        one that zstd ended with, of all that it was given, and finds to be right.
        """
        name = quote(f"{vault.remote}/{object}")
        told = f"{{ digested < sealed > digest & {_CHECKSUM} < packed > came & }}"
        opened = f"rclone cat {name} | tee sealed | age -d -i identity | tee packed | zstd -q -d -c && wait"
        same = f"{{ grep -q ^{quote(digest)} digest || {{ echo it is not what was sent >&2; false; }}; }}"
        return f"{{ mkfifo sealed packed && {told} && {opened} && {same}; }}"

    @property
    def again(self) -> str:
        """As zstd does it; how little it compresses what is thrown away does not matter."""
        return f"zstd -q --check --fast=9 -c | {_CHECKSUM}"


@frozen
class Restic:
    """A repository of pieces, each stored once: the second time little travels, and who sends could read."""

    tools: tuple[str, ...] = ("restic",)
    folder: str = f"/{REPOSITORY}"

    def to_send(self, vault: Vault, *, first: bool) -> str:
        """The repository's password, and the repository, where there is none yet: of two that are made at one
        time, neither can be read ever after, so one sender makes it, and the others wait for that.
        """
        if first:
            make = "grep -qx config there || restic init > init 2>&1 || { cat init >&2; false; }\n"
        else:
            config = quote(f"{vault.remote}{self.folder}/config")
            there = f'[ -n "$(rclone lsf {config} 2> {NOWHERE})" ]'
            make = f"for each in $(seq 240); do {there} && break; sleep 5; done; {there}\n"
        return self.to_receive(vault) + make

    def send(self, vault: Vault, object: str) -> str:
        """One file from standard input; the pieces that are there already do not travel.

        All is stored once restic has summed up; where it could not read, it sums up no bytes. What it does
        then is to remove its lock: who may only add cannot, and restic would try for minutes. The digest is
        the copy's id, which is one of all that is in it, down to the pieces; restic before 0.15 says its
        beginning alone, and has all of it in its cache.
        """
        name = quote(object)
        backup = f"restic backup --json --stdin --stdin-filename {name} --host {HOST} --tag {name}"
        stored = f"{{ {backup} <&3 > said & }} 3<&0 && grep -m 1 '\"summary\"' < said > sum"
        # The last of the two is as it travelled, compressed; restic before 0.17 knows the first alone.
        added = "grep -o '\"data_added\\(_packed\\)\\{0,1\\}\":[0-9]*' sum | tail -n 1 | tr -dc 0-9 > moved"
        id = 'id=$(grep -o \'"snapshot_id":"[0-9a-f]*\' sum | cut -d \'"\' -f 4) && [ -n "$id" ]'
        cached = "find cache -path \"*/snapshots/*/$id*\" | grep -o '[^/]*$'"
        whole = f"{id} && {{ if [ ${{#id}} = 64 ]; then echo $id; else {cached}; fi; }} > digest"
        end = f"{{ kill -KILL $!; wait $!; true; }} 2> {NOWHERE}"
        unread = 'grep -q \'"total_bytes_processed":0[,}]\' sum && [ "$bytes" != 0 ]'
        read = f"{{ ! {{ {unread}; }} || {{ echo it could not be read >&2; false; }}; }}"
        return f"mkfifo said && {stored} && {end} && {read} && {added} && {whole} && [ -s moved ]"

    def to_receive(self, vault: Vault) -> str:
        """The same password."""
        repository = quote(f"rclone:{vault.remote}/{REPOSITORY}")
        return (
            keep_text("password", text_of(vault.password))
            + f"export RESTIC_REPOSITORY={repository} RESTIC_PASSWORD_FILE=password RESTIC_CACHE_DIR=cache\n"
        )

    def receive(self, vault: Vault, object: str, digest: str) -> str:
        """The file, as it was: restic compares each piece that it fetches with what it is called."""
        dump = f"restic dump {quote(digest)} {quote('/' + object)}"
        return f"{{ mkfifo plain && {{ digested < plain > came & }} && {dump} | tee plain && wait; }}"

    @property
    def again(self) -> str:
        """A digest."""
        return "digested"


ENGINES: Mapping[str, Engine] = {"age": Age(), "restic": Restic()}


def keep_text(name: str, text: str) -> str:
    """Shell that keeps a text in a file of the scratch directory, which only its owner can read."""
    return f"printf '%s\\n' {quote(text.rstrip())} > {name}\n"
