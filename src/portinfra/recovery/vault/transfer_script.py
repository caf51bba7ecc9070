"""The script that a transfer host runs at its first start: it carries one volume to the vault, or from it.

The host identifies its disk by size, as the kernel decides order and names. It writes its result to the vault
as a receipt, and then powers itself off.
"""

from pathlib import PurePosixPath
from shlex import quote

from portinfra.model.vault import Vault
from portinfra.provider.abilities import BlockReader
from portinfra.recovery.vault.engines import ENGINES, keep_text
from portinfra.recovery.vault.secret_files import read_secret
from portinfra.value import frozen

GIB = 2**30

NAME = 8
"""Characters of an attempt that names contain."""

_HEAD = """\
#!/bin/bash
# portinfra: carries one volume {where}, leaves a receipt, and turns this host off.
set -u -o pipefail
umask 077
cd "$(mktemp -d)" || exit 1
{ours}
export RCLONE_CONFIG="$PWD/rclone.conf" RCLONE_RETRIES=5 RCLONE_LOW_LEVEL_RETRIES=20
# With the processor's help, where there is the tool that takes it.
digested() {{ if command -v openssl > /dev/null; then openssl dgst -sha256 -r; else sha256sum; fi; }}
leave() {{ printf '%s\\n' "$2" | rclone rcat {remote}/"$1"; }}
end() {{ [ -n "${{PORTINFRA_DISK:-}}" ] || {{ poweroff; sleep 60; poweroff -f; }}; exit "$1"; }}
failed() {{
    why=$(tail -n 3 errors 2> /dev/null | tr -d '"\\\\' | tr '\\n\\t' '  ' | tail -c 300)
    leave {receipt} "{{\\"failed\\":\\"$1: $why\\"}}"
    end 1
}}
# The one disk that is as large, to the byte; it is plugged in some time after this host began.
disk() {{
    tries=0
    while [ "$tries" -lt 900 ]; do
        for each in /sys/block/*; do
            [ "$(cat "$each/size")" = {sectors} ] && echo "/dev/${{each##*/}}" && return
        done
        tries=$((tries + 1))
        sleep 1
    done
    return 1
}}
# Its way out is made some time after it, too. A vault that is empty yet has no such folder, which is 3.
# What there is, it leaves in the file `there`.
reached() {{
    tries=0
    while [ "$tries" -lt 60 ]; do
        rclone lsf --max-depth 1 {folder} > there 2> errors
        case $? in 0 | 3) : > errors && return 0 ;; esac
        tries=$((tries + 1))
        sleep 5
    done
    return 1
}}
for each in rclone {tools}; do
    command -v "$each" > /dev/null || failed "this image has no $each"
done
reached || failed "the vault cannot be reached"
{plugged}{{
{prepare}}} 2>> errors || failed "could not begin"
"""

_PLUGGED = """\
disk=${{PORTINFRA_DISK:-$(disk)}} || failed "no disk of {gib} GiB was plugged in"
"""

_SEND = """\
bytes={bytes}
{read_only}{sent} 2>> errors || failed "could not be sent"
leave {receipt} "{{\\"digest\\":\\"$(cut -c 1-64 digest)\\",\\"bytes\\":$bytes,\\
\\"moved\\":$(tr -d ' ' < moved),\\"object\\":\\"{object}\\",\\"word\\":\\"{word}\\"}}"
end 0
"""

_READ_ONLY = """\
[ -b "$disk" ] && blockdev --setro "$disk"
[ -b "$disk" ] || bytes=$(wc -c < "$disk" | tr -d ' ')
"""

_RECEIVE = """\
# A blank volume's empty blocks need not be written, where this dd can leave them out.
[ -b "$disk" ] && dd if=/dev/null of=/dev/null conv=sparse 2> /dev/null && sparse=,sparse
# The first bytes of the disk; by dd, which reads more at a time than head, where their number lets it.
first() {{
    [ "$(($1 % 1048576))" = 0 ] || {{ head -c "$1" "$disk"; return; }}
    dd if="$disk" bs=1M count="$(($1 / 1048576))" iflag=fullblock status=none
}}
written() {{ dd of="$disk" bs=1M iflag=fullblock conv="notrunc,fsync${{sparse:-}}" status=none; }}
{{ {receive} | written; }} 2>> errors || failed "could not be received"
[ -b "$disk" ] && blockdev --flushbufs "$disk"
back=$(first {bytes} | {{ {again}; }}) && [ "$back" = "$(cat came)" ] && [ -s came ] \\
    || failed "what is on the disk is not what came"
leave {receipt} "{{\\"digest\\":\\"{digest}\\",\\"bytes\\":{bytes},\\
\\"moved\\":0,\\"object\\":\\"{object}\\",\\"word\\":\\"{word}\\"}}"
end 0
"""


@frozen
class TransferScript:
    """The work of one transfer host: one volume."""

    point: str
    volume: str
    """The volume's name."""
    gib: int
    attempt: str
    """It separates what one transfer host stores from what another stored before it died: nothing is ever
    overwritten. Its last part is a word that the vault does not know until the work is done. A receipt
    without this word is rejected.
    """
    engine: str
    first: bool = True
    """Whether this is the first volume of its point."""
    reader: BlockReader | None = None
    """How to read the volume without a disk; None: the disk is read."""

    @property
    def name(self) -> str:
        """The attempt, as names in the vault contain it."""
        return self.attempt[:NAME]

    @property
    def word(self) -> str:
        """The word that only the transfer host knows, and those who can read its tags."""
        return self.attempt[NAME:]

    @property
    def sender_receipt(self) -> str:
        """The name of a sender's receipt."""
        return f"{self.point}/{self.volume}.sent-{self.name}.json"

    @property
    def receiver_receipt(self) -> str:
        """The name of a receiver's receipt."""
        return f"{self.point}/{self.volume}.received-{self.name}.json"

    def sending_script(self, vault: Vault) -> str:
        """Return the script that sends the volume. Raises InvalidRequest for a file that does not exist."""
        engine, reader = ENGINES[self.engine], self.reader
        object = f"{self.point}/{self.volume}.{self.engine}-{self.name}"
        send = f"{{ {engine.send(vault, object)}; }}"
        body = _SEND.format(
            sent=f"{{ {reader.command} | {send}; }}" if reader else f'{send} < "$disk"',
            read_only="" if reader else _READ_ONLY,
            receipt=quote(self.sender_receipt),
            object=object,
            word=self.word,
            bytes=self.gib * GIB,
        )
        prepare = engine.to_send(vault, first=self.first)
        return self._head(vault, vault.sender, "to the vault", prepare, self.sender_receipt) + body

    def receiving_script(self, vault: Vault, object: str, digest: str, bytes: int) -> str:
        """Return the script that writes the sent data and reads it back. Raises InvalidRequest."""
        engine = ENGINES[self.engine]
        body = _RECEIVE.format(
            receive=engine.receive(vault, object, digest),
            again=engine.again,
            receipt=quote(self.receiver_receipt),
            object=object,
            word=self.word,
            digest=digest,
            bytes=bytes,
        )
        prepare = engine.to_receive(vault)
        return self._head(vault, vault.receiver, "from the vault", prepare, self.receiver_receipt) + body

    def _head(self, vault: Vault, configuration: str, where: str, prepare: str, receipt: str) -> str:
        ours = keep_text("rclone.conf", read_secret(configuration))
        if vault.host_key:
            ours += keep_text("known_hosts", vault.host_key)
            ours += 'export RCLONE_SFTP_KNOWN_HOSTS_FILE="$PWD/known_hosts"\n'
        return _HEAD.format(
            where=where,
            ours=ours.rstrip(),
            remote=quote(vault.remote),
            folder=quote(vault.remote + ENGINES[self.engine].folder),
            receipt=quote(receipt),
            sectors=self.gib * GIB // 512,
            tools=" ".join((*ENGINES[self.engine].tools, *(self.reader.tools if self.reader else ()))),
            plugged="" if self.reader else _PLUGGED.format(gib=self.gib),
            prepare=prepare or "true\n",
        )


def name_of(receipt: str) -> str:
    """Return the name of the volume of a receipt."""
    return PurePosixPath(receipt).name.partition(".")[0]
