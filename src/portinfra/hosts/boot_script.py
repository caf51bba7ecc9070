"""The script that writes a host's files at its first boot, and loads its firewall at every boot.

It is an idempotent POSIX script. It writes the manifest last, so after a boot that ends half-way, the next
one writes all files again. It never overwrites later changes: the user's delivery makes these.
"""

from collections.abc import Callable, Sequence

from portinfra.hosts import enrolment, haproxy, hosts_file, manifest, nftables, systemd
from portinfra.model.host_file import HostFile
from portinfra.value import frozen

END = "PORTINFRA_END_OF_FILE"
"""The line that ends each file in the script. No file has such a line."""

_OPTIONAL = ((hosts_file.PATH,), (haproxy.PATH, systemd.SCRIPT, systemd.UNIT))
"""The files that too large user data leaves out, in this order. The firewall and the manifest stay."""

_HEAD = f"""\
#!/bin/sh
# portinfra renders this script. It runs at every boot, and writes files at the first one only.
(
set -eu
write() {{
  mkdir -p "${{2%/*}}"
  cat > "$2.new"
  chmod "$1" "$2.new"
  mv "$2.new" "$2"
}}
say() {{
  echo "portinfra: $1" | tee /dev/console > /dev/null 2>&1 || true
}}
load_firewall() {{
  if ! command -v nft > /dev/null; then
    say "nft is not installed: this host has no firewall of its own"
  elif ! nft -f {nftables.PATH}; then
    say "{nftables.PATH} cannot be loaded: this host has no firewall of its own"
  fi
}}
if [ -e {manifest.PATH} ]; then load_firewall; exit 0; fi
"""
_TAIL = """\
say "the files of this host are written"
)
"""
_UNITS = """\
if command -v systemctl > /dev/null; then
  systemctl daemon-reload
  systemctl --quiet enable nftables || true
  systemctl --no-block try-reload-or-restart haproxy || true
fi
"""


@frozen
class BootScript:
    """A boot script, with the files that do not fit into it."""

    text: str
    left_out: tuple[str, ...] = ()
    """The paths of files that the host does not have before the user delivers them."""
    fits: bool = True
    """Whether the user data of the host has room for `text`."""


def boot_script(
    files: Sequence[HostFile], size: Callable[[str], int], most: int, first: str = ""
) -> BootScript:
    """Return the script that writes these files. The last of them is the manifest.

    `first` is shell that it runs at the first boot, before it writes the files.

    `size` returns the bytes of user data for a script, and `most` is their limit. If the files do not fit,
    `/etc/hosts` is left out, then the files of HAProxy. The manifest still has every file, so that
    `sha256sum --check` finds the missing ones. If the script is still too large, `fits` is False.
    """
    left_out: tuple[str, ...] = ()
    text = _script(files, first)
    for paths in _OPTIONAL:
        if size(text) <= most:
            break
        left_out += tuple(file.path for file in files if file.path in paths)
        text = _script([file for file in files if file.path not in left_out], first)
    return BootScript(text, left_out, size(text) <= most)


def _script(files: Sequence[HostFile], first: str) -> str:
    """Return the script. It writes the firewall first, and loads it before it writes the other files."""
    *others, last = files
    parts = [_HEAD, first]
    for file in sorted(others, key=lambda file: file.path != nftables.PATH):
        parts.append(_write_command(file))
        if file.path == nftables.PATH:
            parts.append("load_firewall\n")
    units = [_UNITS, enrolment.START] if first else [_UNITS]
    return "".join([*parts, *units, _write_command(last), _TAIL])


def _write_command(file: HostFile) -> str:
    return f"write {file.mode:o} {file.path} <<'{END}'\n{file.content}{END}\n"
