"""Checks of what a host receives at creation: user data for cloud-init, and SSH keys that may log in.

No message shows either text: user data may contain secrets, and a wrong key may be a private one.
"""

import base64
import re
from collections.abc import Iterable, Iterator

from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.provider.cloud_init import KINDS, kind_of

_PLAIN_OPTIONS = (
    "agent-forwarding|cert-authority|no-agent-forwarding|no-port-forwarding|no-pty|no-touch-required|no-user-rc"
    "|no-x11-forwarding|port-forwarding|pty|restrict|user-rc|verify-required|x11-forwarding"
)
_VALUED_OPTIONS = "command|environment|expiry-time|from|permitlisten|permitopen|principals|tunnel"
_OPTION = rf"""(?:{_PLAIN_OPTIONS}|(?:{_VALUED_OPTIONS})="(?:[^"\\\r\n]|\\"|\\(?!"))*")"""
_OPTIONS = rf"(?i:{_OPTION}(?:,{_OPTION})*)[ \t]+"
"""The options before a key. sshd ignores the whole line if it does not know one of them. Few declarations
have keys, and to compile this takes milliseconds: `re` compiles it at the first key, and keeps it.
"""

_KEY = re.compile(
    r"(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com"
    r"|[a-z0-9@.-]+-cert-v01@openssh\.com)[ \t]+(?P<key>[A-Za-z0-9+/]+)={0,3}([ \t][^\n\r]*)?"
)
"""A line of `authorized_keys` after its options: the type, the key in base64, a comment. See sshd(8)."""


def _is_public_key(line: str) -> bool:
    """Return whether a line is a public key, with or without options.

    The base64 text begins with the key's type: RFC 4253, section 6.6.
    """
    options = re.match(_OPTIONS, line)
    match = _KEY.fullmatch(line, options.end() if options else 0)
    if match is None:
        return False
    kind = match[1].encode()
    head = len(kind).to_bytes(4, "big") + kind
    certain = len(head) * 8 // 6  # the next character has bits of the next byte, too
    written = match["key"]
    return len(written) > certain + 1 and written.startswith(base64.b64encode(head).decode()[:certain])


def birth_findings(
    user_data: str, ssh_keys: Iterable[str], subject: str, location: Location
) -> Iterator[Finding]:
    """Yield what is wrong with the user data and SSH keys of a role or an instance."""
    if user_data and kind_of(user_data) is None:
        yield Finding(
            "topology/user-data",
            "cloud-init knows no kind of user data that begins so, and would ignore it",
            f"Begin it with one of {', '.join(KINDS)}; a MIME message begins with MIME-Version.",
            subject=f"{subject}.user_data",
            location=location,
        )
    for number, key in enumerate(ssh_keys, 1):
        if not _is_public_key(key.strip()):
            yield Finding(
                "topology/ssh-key",
                f"entry {number} is no SSH public key",
                "Give one public key for each entry, as ssh-keygen writes it to a .pub file: "
                "'ssh-ed25519 AAAA… name'. Options of sshd may be before it, as in authorized_keys.",
                subject=f"{subject}.ssh_keys",
                location=location,
            )
