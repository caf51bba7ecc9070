"""User data for cloud-init: the user's own, together with portinfra's.

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
"""These are set at the very beginning of each boot, so that nothing later delays them. Neither may wait for
the rest of the boot, which waits for cloud-init.
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
"""Prefix of the first line of each kind of user data → content type of the kind."""

MESSAGE = "multipart/mixed"
"""The kind of a MIME message, which has headers in place of a first line."""

_MESSAGE_HEADER = "mime-version:"
_HEADERS_WITHIN = 4096
"""How many characters at the beginning cloud-init searches for the header."""


def kind_of(text: str) -> str | None:
    """Return the content type of user data; None where cloud-init knows no such kind.

    The rules are those of cloud-init: the longest prefix counts. Letter case and leading spaces do not
    matter.
    """
    begins = text.lstrip().lower()
    found = [beginning for beginning in KINDS if begins.startswith(beginning)]
    if found:
        return KINDS[max(found, key=len)]
    return MESSAGE if _MESSAGE_HEADER in text[:_HEADERS_WITHIN].lower() else None


def user_data(own: str, ssh_keys: tuple[str, ...] = (), ends_after: int = 0, every_boot: str = "") -> str:
    """Return the user's own data, the keys that may log in, the time after which the host ends itself, and a
    boot script.

    Several of them are parts of one message. Empty where there is none.
    """
    texts = (
        _cloud_config(ssh_keys, ends_after) if ssh_keys or ends_after else "",
        f"{_BOOTHOOK}\n{every_boot}" if every_boot else "",
        own,
    )
    parts = [text for text in texts if text]
    return join(parts) if len(parts) > 1 else "".join(parts)


def compress(text: str) -> bytes:
    """Return user data compressed by gzip, which cloud-init reads as plain text. Equal texts give equal
    bytes.
    """
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
    """Return a part with its headers. A MIME message has its own."""
    kind = kind_of(text)
    if kind == MESSAGE:
        return [text.lstrip()]
    return [f'Content-Type: {kind or "text/plain"}; charset="utf-8"', "", text]
