"""The user data of a prober: the script of its role, then checks, with a receipt on the console.

The script needs bash, coreutils, gzip and tar. Two variables are for tests: `PORTINFRA_CONSOLE` names the
file that it prints to. `PORTINFRA_ROUNDS` is the number of rounds of checks before it ends with a receipt.
"""

import base64
import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

from attrs import field

from portinfra.model.receipts import ProberSummary
from portinfra.provider.cloud_init import join
from portinfra.value import frozen

PAUSE_SECONDS = 5
"""The pause between two rounds of checks."""

RECEIPT_SECONDS = 10
"""The pause between two receipts."""

CHECK_SECONDS = 60
"""The longest time of one try of a check."""

PRINTED_BYTES = 300
"""The most bytes of the output of a check in a receipt: the last ones."""

_OWN = ".portinfra"
_ENDS = "PORTINFRA_END_OF_FILES"

_SCRIPT = """\
#!/bin/bash
{summary}
set -u
umask 077
home=$(mktemp -d) && cd "$home" || exit 1
base64 -d <<'{ends}' | tar xz || exit 1
{files}
{ends}
own={own}
console=${{PORTINFRA_CONSOLE:-/dev/console}}
export PORTINFRA_INVENTORY="$home/$own/inventory.json"
[ ! -e "$own/role" ] || (cd / && "$home/$own/role")

ask() {{
    state=failed tries=0
    [ ! -e "$own/answer-$1" ] || read -r state tries _ < "$own/answer-$1"
    [ "$state" != passed ] || return 0
    state=failed
    timeout -k 5 {check_seconds} /bin/sh "$own/check-$1" < /dev/null > "$own/printed" 2>&1 && state=passed
    echo "$state $((tries + 1)) $(tail -c {printed_bytes} "$own/printed" | base64 -w 0)" > "$own/next"
    mv "$own/next" "$own/answer-$1"
}}
ask_all() {{ for each in {checks}; do ask "$each"; done; }}

hash() {{ sha256sum | cut -c 1-64; }}
print_receipt() {{
    number=$((${{number:-0}} + 1))
    body=$(for each in {checks}; do
        line='failed 0 '
        [ ! -e "$own/answer-$each" ] || IFS= read -r line < "$own/answer-$each"
        echo "check $each $line"
    done)
    digest=$(printf '%s' '{word}'"$number
$body" | hash)
    digest=$(printf '%s' '{word}'"$digest" | hash)
    printf '\\n%s\\n%s\\n%s\\n' "== portinfra receipt $number begins ==" "$body" \\
        "== portinfra receipt $number ends $digest ==" >> "$console"
}}

if [ -n "${{PORTINFRA_ROUNDS:-}}" ]; then
    for round in $(seq "$PORTINFRA_ROUNDS"); do ask_all; done
    print_receipt
    exit
fi
(
    trap '' HUP
    while :; do ask_all; sleep {pause}; done &
    while :; do sleep {receipt_seconds}; print_receipt; done
) < /dev/null > /dev/null 2>&1 &
# end of the prober
"""


@frozen
class ProberCheck:
    """One check of a prober."""

    command: str
    """The command for a shell of the host, in the folder of the files."""
    reads: tuple[str, ...] = ()
    """The native ids of the volumes whose data it reads."""


@frozen
class Prober:
    """The parts of the user data of a prober."""

    word: str
    """A secret that only the prober and its run know: letters and digits."""
    checks: tuple[ProberCheck, ...]
    inventory: Mapping[str, Any]
    """The hosts of the drill, as hooks read them."""
    files: Mapping[str, bytes] = field(factory=dict)
    """The contents of files by relative path. All are executable."""
    role_user_data: str = ""
    """The user data of its role."""
    quiet: bool = False
    """Whether receipts leave out the output of checks."""

    def user_data(self) -> str:
        """Return the user data. A script of the role runs first; other user data is a second part."""
        is_script = self.role_user_data.startswith("#!")
        script = self._script(self.role_user_data if is_script else "")
        return script if is_script or not self.role_user_data else join([self.role_user_data, script])

    def _script(self, role: str) -> str:
        reads = tuple(each.reads for each in self.checks)
        files = dict(self.files)
        files |= {f"{_OWN}/check-{n}": each.command.encode() for n, each in enumerate(self.checks, 1)}
        files[f"{_OWN}/inventory.json"] = json.dumps(self.inventory, separators=(",", ":")).encode()
        if role:
            files[f"{_OWN}/role"] = role.encode()
        return _SCRIPT.format(
            summary=ProberSummary(self.word, reads).line(),
            word=self.word,
            own=_OWN,
            ends=_ENDS,
            files=_pack(files),
            checks=" ".join(str(number) for number in range(1, len(self.checks) + 1)),
            check_seconds=CHECK_SECONDS,
            printed_bytes=0 if self.quiet else PRINTED_BYTES,
            pause=PAUSE_SECONDS,
            receipt_seconds=RECEIPT_SECONDS,
        )


def _pack(files: Mapping[str, bytes]) -> str:
    """Return the files as base64 of a packed archive. Equal files give an equal text."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, contents in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(contents), 0o700
            tar.addfile(entry, io.BytesIO(contents))
    packed = gzip.compress(archive.getvalue(), mtime=0)
    return base64.encodebytes(packed).decode().rstrip("\n")
