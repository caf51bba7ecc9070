"""Keys that encrypt disks, in the words of whoever named them.

Compute Engine takes and tells the whole name of a key, with the version that was used. A user may write
`RING/KEY` for a key of the environment's own project and region.
"""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from portinfra.provider.interface import Answer, Call, Refuse
from portinfra_gcp.methods import READ_KEY


@frozen
class Keyring:
    """The place in which a short name is looked up."""

    project: str
    region: str

    def whole(self, asked: str) -> str:
        """`projects/…/locations/…/keyRings/…/cryptoKeys/…`, for what a user writes."""
        if asked.startswith("projects/"):
            return asked
        ring, _, key = asked.partition("/")
        return f"projects/{self.project}/locations/{self.region}/keyRings/{ring}/cryptoKeys/{key}"

    def native(self, asked: str | None) -> dict[str, str] | None:
        """What a request says; None where the key is Google's own choice."""
        return {"kmsKeyName": self.whole(asked)} if asked else None

    def to_declared_key(self, told: Mapping[str, Any] | None, asked: str | None) -> str | None:
        """The key of a disk that was told of, in the word of whoever asked for it; None: Google's own."""
        name = (told or {}).get("kmsKeyName", "").partition("/cryptoKeyVersions/")[0]
        if not name:
            return None
        return asked if asked and self.whole(asked) == name else name


def misspelt(asked: str | None) -> Refuse | None:
    """Why a key's name can be none."""
    if not asked or asked.startswith("projects/") or asked.count("/") == 1:
        return None
    return Refuse(
        f"{asked!r} names no key of Google Cloud",
        "Write RING/KEY, or projects/…/locations/…/keyRings/…/cryptoKeys/….",
    )


def call(asked: str) -> Call:
    """Return the read of a key, by the name that a user writes: the provider completes it."""
    return Call(READ_KEY, {"key": asked})


def problem(answer: Answer) -> str:
    """Return why a key encrypts no disk now: its primary version encrypts, and must be enabled."""
    if answer.get("purpose") != "ENCRYPT_DECRYPT":
        return f"it is for {answer.get('purpose')}, and not for symmetric encryption"
    primary = answer.get("primary")
    if not primary:
        return "it has no primary version"
    state = str(primary.get("state", ""))
    return "" if state == "ENABLED" else f"its primary version is {state}"
