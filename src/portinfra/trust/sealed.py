"""Private keys at rest: encrypted by the program `age` for the operators, and decrypted into memory only.

portinfra uses the same program for data that leaves a provider.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from portinfra.trust.errors import TrustError


def recipient_of(identity: Path) -> str:
    """Return the public key of an age identity: `age1…`. Raises TrustError."""
    return _run(["age-keygen", "-y", str(_existing(identity))], b"").decode().strip()


def encrypt(secret: bytes, recipients: Path) -> bytes:
    """Encrypt for each line of a file of recipients. Raises TrustError."""
    return _run(["age", "--encrypt", "--armor", "--recipients-file", str(recipients)], secret)


def decrypt(file: Path, identity: Path) -> bytes:
    """Return the contents of an encrypted file. Raises TrustError."""
    return _run(["age", "--decrypt", "--identity", str(_existing(identity)), str(_existing(file))], b"")


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise TrustError(f"there is no file {file}", fix="Put the file there, or correct the declaration.")
    return file


def _run(command: Sequence[str], text: bytes) -> bytes:
    try:
        done = subprocess.run(command, input=text, capture_output=True, check=False)
    except FileNotFoundError:
        raise TrustError(f"the program {command[0]} is not installed", fix="Install age.") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        raise TrustError(
            f"{command[0]} fails on {command[-1]}: {lines[0]}",
            fix="Name an identity that may decrypt it as age_identity in the environment's credentials.",
        )
    return done.stdout
