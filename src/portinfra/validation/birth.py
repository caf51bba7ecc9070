"""What a host is given at birth: user data that its cloud-init reads, and SSH keys that may log in.

No message shows either text: user data may hold secrets, and a wrong key may be a private one.
"""

import base64
import re
from collections.abc import Iterable, Iterator

from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.provider.cloud_init import KINDS, kind_of

_KEY = re.compile(
    r"(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com"
    r"|[a-z0-9@.-]+-cert-v01@openssh\.com)[ \t]+(?P<key>[A-Za-z0-9+/]+)={0,3}([ \t][^\n\r]*)?"
)
"""A line of `authorized_keys` without options: the type, the key in base64, a comment. See sshd(8)."""


def _is_public_key(line: str) -> bool:
    """Whether a line is a public key. What is in base64 begins with the key's type: RFC 4253, section 6.6."""
    match = _KEY.fullmatch(line)
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
    """Return what is wrong with the user data and SSH keys of a role or an instance."""
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
                "'ssh-ed25519 AAAA… name'.",
                subject=f"{subject}.ssh_keys",
                location=location,
            )
