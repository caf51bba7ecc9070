"""A POSIX shell script with which a host mounts its volumes at every boot.

It formats only a blank volume, and never one from a recovery point. Where a volume is missing, or its
contents are unknown, the script makes its mount point read-only. So no program writes beside the data by
mistake.
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
"""How many seconds to wait for a volume, which is attached once its host runs."""


def mount_script(volumes: Iterable[tuple[str, Mount]], *, look: str = ":", wait: int = _WAIT) -> str:
    """Return the script for volumes by the path of each on the host; empty where none is mounted.

    `look` is a shell command that runs while a volume is missing: it may create the path. A mount point
    inside another volume is mounted after it. Otherwise the order stays, as existing hosts were created with
    it.
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
    """Return how many of the mount points contain this one."""
    return sum(place.startswith(f"{other}/") for other in places)
