"""What a host is told at birth, for cloud-init: the user's own data, beside what is ours to say.

https://cloudinit.readthedocs.io/en/latest/explanation/format.html
"""

import json
from collections.abc import Iterable

_BOOTHOOK = "#cloud-boothook"

_ENDING = (
    "systemd-run",
    "--no-block",
    "--timer-property=DefaultDependencies=no",
    "--property=DefaultDependencies=no",
)
_POWER_OFF = ("systemctl", "--no-block", "poweroff")
"""Set at the very beginning of each boot, lest what comes after it hold it up. Neither may wait for the rest
of the boot, which waits for cloud-init.
"""

_BOUNDARY = "portinfra-part-of-user-data"


def user_data(own: str, ssh_keys: tuple[str, ...] = (), ends_after: int = 0, every_boot: str = "") -> str:
    """The user's own data, with the keys that may log in, after how many seconds the host ends itself, and a
    script for the beginning of every boot.

    Several are parts of one message. Empty where there is none.
    """
    texts = (
        _cloud_config(ssh_keys, ends_after) if ssh_keys or ends_after else "",
        f"{_BOOTHOOK}\n{every_boot}" if every_boot else "",
        own,
    )
    parts = [text for text in texts if text]
    return _together(parts) if len(parts) > 1 else "".join(parts)


def _cloud_config(ssh_keys: tuple[str, ...], ends_after: int) -> str:
    lines = ["#cloud-config"]
    if ssh_keys:
        lines += ["ssh_authorized_keys:", *(f"  - {json.dumps(key)}" for key in ssh_keys)]
    if ends_after:
        lines += ["bootcmd:", f"  - [{', '.join((*_ENDING, f'--on-active={ends_after}', *_POWER_OFF))}]"]
    return "\n".join([*lines, ""])


def _together(parts: Iterable[str]) -> str:
    lines = ["MIME-Version: 1.0", f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"', ""]
    for text in parts:
        lines += [f"--{_BOUNDARY}", f'Content-Type: {_kind(text)}; charset="utf-8"', "", text]
    return "\n".join([*lines, f"--{_BOUNDARY}--", ""])


def _kind(text: str) -> str:
    if text.startswith("#cloud-config"):
        return "text/cloud-config"
    if text.startswith(_BOOTHOOK):
        return "text/cloud-boothook"
    if text.startswith("#include"):
        return "text/x-include-url"
    return "text/x-shellscript"
