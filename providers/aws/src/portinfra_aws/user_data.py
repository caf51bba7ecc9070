"""What a host is told at birth: the user's own data, and the keys that may log in, for cloud-init."""

import base64
import json

_BOUNDARY = "portinfra-part-of-user-data"


def encoded(user_data: str, ssh_keys: tuple[str, ...]) -> str | None:
    """Base64 of what cloud-init takes; both together as parts of one message. None: there is neither."""
    keys = _cloud_config(ssh_keys) if ssh_keys else ""
    text = _together(user_data, keys) if user_data and keys else user_data or keys
    return base64.b64encode(text.encode()).decode() if text else None


def _cloud_config(ssh_keys: tuple[str, ...]) -> str:
    lines = [f"  - {json.dumps(key)}" for key in ssh_keys]
    return "\n".join(["#cloud-config", "ssh_authorized_keys:", *lines, ""])


def _together(user_data: str, keys: str) -> str:
    """A multipart message: https://cloudinit.readthedocs.io/en/latest/explanation/format.html."""
    parts = [("text/cloud-config", keys), (_kind(user_data), user_data)]
    lines = ["MIME-Version: 1.0", f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"', ""]
    for kind, text in parts:
        lines += [f"--{_BOUNDARY}", f'Content-Type: {kind}; charset="utf-8"', "", text]
    return "\n".join([*lines, f"--{_BOUNDARY}--", ""])


def _kind(text: str) -> str:
    if text.startswith("#cloud-config"):
        return "text/cloud-config"
    if text.startswith("#include"):
        return "text/x-include-url"
    return "text/x-shellscript"
