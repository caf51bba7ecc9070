"""What a host is told at birth, for cloud-init: the user's own data, beside what is ours to say.

https://cloudinit.readthedocs.io/en/latest/explanation/format.html
"""

import gzip
import json
from collections.abc import Iterable, Mapping

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

KINDS: Mapping[str, str] = {
    "#!": "text/x-shellscript",
    "#cloud-config": "text/cloud-config",
    "#cloud-config-archive": "text/cloud-config-archive",
    "#cloud-config-jsonp": "text/cloud-config-jsonp",
    _BOOTHOOK: "text/cloud-boothook",
    "#include": "text/x-include-url",
    "#include-once": "text/x-include-once-url",
    "#part-handler": "text/part-handler",
    "#upstart-job": "text/upstart-job",
    "## template: jinja": "text/jinja2",
}
"""How the first line of each kind of user data begins, and the content type of the kind."""

MESSAGE = "multipart/mixed"
"""The kind of a MIME message, which has headers in place of a first line."""

_MESSAGE_HEADER = "mime-version:"
_HEADERS_WITHIN = 4096
"""Characters at the beginning within which cloud-init looks for the header."""


def kind_of(text: str) -> str | None:
    """Return the content type of user data, or None where cloud-init knows no such kind.

    The rules are cloud-init's own: the longest beginning counts, letter case and blanks before it do not.
    """
    begins = text.lstrip().lower()
    found = [beginning for beginning in KINDS if begins.startswith(beginning)]
    if found:
        return KINDS[max(found, key=len)]
    return MESSAGE if _MESSAGE_HEADER in text[:_HEADERS_WITHIN].lower() else None


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
    return join(parts) if len(parts) > 1 else "".join(parts)


def compress(text: str) -> bytes:
    """Return user data by gzip, which cloud-init reads as the text itself. Equal texts give equal bytes."""
    return gzip.compress(text.encode(), mtime=0)


def _cloud_config(ssh_keys: tuple[str, ...], ends_after: int) -> str:
    lines = ["#cloud-config"]
    if ssh_keys:
        lines += ["ssh_authorized_keys:", *(f"  - {json.dumps(key)}" for key in ssh_keys)]
    if ends_after:
        lines += ["bootcmd:", f"  - [{', '.join((*_ENDING, f'--on-active={ends_after}', *_POWER_OFF))}]"]
    return "\n".join([*lines, ""])


def join(parts: Iterable[str]) -> str:
    """Return one message with user data of several kinds as its parts."""
    lines = ["MIME-Version: 1.0", f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"', ""]
    for text in parts:
        lines += [f"--{_BOUNDARY}", *_part(text)]
    return "\n".join([*lines, f"--{_BOUNDARY}--", ""])


def _part(text: str) -> list[str]:
    """Return a part with its headers. A message has its own."""
    kind = kind_of(text)
    if kind == MESSAGE:
        return [text.lstrip()]
    return [f'Content-Type: {kind or "text/plain"}; charset="utf-8"', "", text]
