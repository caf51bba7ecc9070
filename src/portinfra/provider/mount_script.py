"""The volumes of a host, mounted by the host itself at every boot, as a script of POSIX shell.

Only what is blank is formatted, and never what came from a recovery point. Where a volume does not come, or
holds what nobody knows, its place is closed: nothing is written beside the data by mistake.
"""

import shlex
from collections.abc import Iterable

from portinfra.model.resources import Mount

_SCRIPT = """\
#!/bin/sh
closed() {
  echo "portinfra: $2 is closed, as $1" | tee /dev/console
  mount -t tmpfs -o ro,size=4k portinfra "$2"
}
volume() {
  device=$1 place=$2 waited=0
  mkdir -p "$place"
  if grep -q " $place " /proc/mounts; then return; fi
  until [ -b "$device" ]; do
    waited=$((waited + 1))
    if [ "$waited" -gt WAIT ]; then closed "$device did not come; reboot when it has" "$place"; return; fi
    sleep 1
    look
  done
  if ! mount "$device" "$place"; then
    zeros=$(dd if="$device" bs=65536 count=16 2> /dev/null | tr -cd '\\000' | wc -c)
    if [ "$3" != blank ] || [ "$zeros" -ne 1048576 ] || blkid -p "$device" > /dev/null 2>&1; then
      closed "$device cannot be mounted, and is not to be formatted" "$place"; return
    fi
    mkfs.ext4 -q "$device" || mke2fs -q "$device"
    mount "$device" "$place" || { closed "$device cannot be mounted" "$place"; return; }
  fi
  resize2fs "$device" > /dev/null 2>&1 || xfs_growfs "$place" > /dev/null 2>&1
  echo "portinfra: $device is mounted on $place" | tee /dev/console
}
"""

_WAIT = 300
"""Seconds for a volume to come: it is attached once its host runs."""


def mounting(volumes: Iterable[tuple[str, Mount]], *, look: str = ":", wait: int = _WAIT) -> str:
    """The script, for volumes by the path under which the host finds each; empty where none is mounted.

    `look` is a shell command that is run while a volume has not come: it may make the path. A place within
    another volume is mounted after it. Else the order stays: hosts that exist were born with it.
    """
    volumes = list(volumes)
    places = [mount.place for _, mount in volumes]
    calls = [
        " ".join(("volume", *map(shlex.quote, (path, mount.place)), "data" if mount.restored else "blank"))
        for path, mount in sorted(volumes, key=lambda volume: _depth(volume[1].place, places))
    ]
    if not calls:
        return ""
    head = _SCRIPT.replace("WAIT", str(wait))
    return "\n".join([f"{head}look() {{\n{look}\n}}", *calls, ""])


def _depth(place: str, places: Iterable[str]) -> int:
    """Return within how many of the places a place lies."""
    return sum(place.startswith(f"{other}/") for other in places)
