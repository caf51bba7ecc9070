"""The role of each resource of a plan, declared or not."""

import re

from portinfra.model.address import Address
from portinfra.model.placed import Placed

COMMON = "(network)"
"""Stands for the role of what belongs to none."""


def role_of(placed: Placed, address: Address) -> str:
    """Return the role of a resource; of one that is no longer declared, as its name tells."""
    if address in placed.resources:
        return placed.roles.get(address, COMMON)
    if address.kind == "network":
        return COMMON
    # Names are made of the role, which does not end in a digit, then `1`, `1-data` or `-0`.
    found = re.match(r"(.*?[a-z])-?\d", address.name)
    return found[1] if found else address.name
