"""Keys that encrypt disks, in the form in which the declaration names them.

Compute Engine takes and returns the full name of a key, with the version that it used. A user may write
`RING/KEY` for a key of the environment's own project and region.
"""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from portinfra.provider.interface import Answer, Call, Refuse
from portinfra_gcp.methods import READ_KEY


@frozen
class Keyring:
    """The project and region in which a short key name is resolved."""

    project: str
    region: str

    def whole(self, declared: str) -> str:
        """Return `projects/…/locations/…/keyRings/…/cryptoKeys/…` for a declared name."""
        if declared.startswith("projects/"):
            return declared
        ring, _, key = declared.partition("/")
        return f"projects/{self.project}/locations/{self.region}/keyRings/{ring}/cryptoKeys/{key}"

    def native(self, declared: str | None) -> dict[str, str] | None:
        """Return the key in the form of a request; None if Google chooses the key."""
        return {"kmsKeyName": self.whole(declared)} if declared else None

    def to_declared_key(self, disk_key: Mapping[str, Any] | None, declared: str | None) -> str | None:
        """Return the key of a disk in the form that was declared; None if Google chose the key."""
        name = (disk_key or {}).get("kmsKeyName", "").partition("/cryptoKeyVersions/")[0]
        if not name:
            return None
        return declared if declared and self.whole(declared) == name else name


def refuse_key_name(declared: str | None) -> Refuse | None:
    """Return why a declared name is not a key's name; None if it can be one."""
    if not declared or declared.startswith("projects/") or declared.count("/") == 1:
        return None
    return Refuse(
        f"{declared!r} is not the name of a key of Google Cloud",
        "Write RING/KEY, or projects/…/locations/…/keyRings/…/cryptoKeys/….",
    )


def call(declared: str) -> Call:
    """Return the read of a key by its declared name. The provider completes the name."""
    return Call(READ_KEY, {"key": declared})


def problem(answer: Answer) -> str:
    """Return why a key cannot encrypt a disk now; empty if it can. Its primary version must be enabled."""
    if answer.get("purpose") != "ENCRYPT_DECRYPT":
        return f"its purpose is {answer.get('purpose')}, not symmetric encryption"
    primary = answer.get("primary")
    if not primary:
        return "it has no primary version"
    state = str(primary.get("state", ""))
    return "" if state == "ENABLED" else f"the state of its primary version is {state}"
