"""The form of names in tokens and certificates. No name leads out of a folder, or has a space or a dot."""

import re

HOST = re.compile(r"[a-z](?:[a-z0-9-]*[a-z])?[1-9][0-9]*")
"""A host: the name of a role and a number."""

SCOPE = re.compile(r"[a-z0-9+-]+/[a-z0-9+-]+")
"""A topology and an environment: `payments/production`."""

ATTEMPT = re.compile(r"[0-9a-z-]+")
"""The id of the creation of a host."""


def is_host(text: str) -> bool:
    """Return whether a text is the name of a host, with at most 63 characters."""
    return len(text) <= 63 and HOST.fullmatch(text) is not None
