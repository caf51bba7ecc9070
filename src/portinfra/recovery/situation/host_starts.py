"""The last starts of the hosts of an end, as their provider reports them. They show whether hosts ran since
they were stopped. No clock is compared. Pure.
"""

import base64
import hashlib
from collections.abc import Collection

from portinfra.model.address import Address
from portinfra.model.observed import Observation
from portinfra.model.resources import Instance


def mark_starts(there: Observation, only: Collection[Address] | None = None) -> str:
    """Return a short id of the hosts of an end, or of `only` some, and of their last starts. It changes when
    a host starts, is created or is deleted.

    Empty: the provider does not report starts, a zone does not answer, or no host exists.
    """
    hosts = [seen for address, seen in there.of(Instance).items() if only is None or address in only]
    if there.unknown or not hosts or not all(host.started for host in hosts):
        return ""
    text = " ".join(sorted(f"{host.id} {host.started}" for host in hosts))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()[:12]
