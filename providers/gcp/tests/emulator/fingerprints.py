"""Fingerprints: a hash of what is there, which whoever changes it must show.

https://cloud.google.com/compute/docs/labeling-resources ("labelFingerprint"): a request with another one
fails with 412 conditionNotMet.
"""

import base64
import hashlib
import json
from typing import Any

from emulator.errors import changed


def fingerprint(told: Any) -> str:
    """A hash of any JSON."""
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).digest()
    return base64.urlsafe_b64encode(digest[:8]).decode()


def demand(given: str | None, now: Any, message: str) -> None:
    """Raises GceError where what was given is not the fingerprint of what is there."""
    if given != fingerprint(now):
        raise changed(message)
