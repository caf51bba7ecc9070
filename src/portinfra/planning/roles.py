"""The role of each resource of a plan, declared or not."""

import re

from portinfra.model.address import Address
from portinfra.model.placed import Placed

COMMON = "(network)"
"""The role name of resources that belong to no role."""

_AFTER_ROLE = {
    "subnet": r"-\d+",
    "firewall": "",
    "firewall-rules": "",
    "instance": r"\d+",
    "public-address": r"\d+",
}
"""By kind: what follows the role's name in a resource's name: `web-0`, `web`, `web1`. All other kinds:
`web1-data`.
"""


def role_of(placed: Placed, address: Address) -> str:
    """Return the role of a resource; of one that is no longer declared, by its name."""
    if address in placed.resources:
        return placed.roles.get(address, COMMON)
    if address.kind == "network":
        return COMMON
    found = re.fullmatch(rf"(.*?[a-z])(?:{_after_role(address)})", address.name)
    return found[1] if found else address.name


def is_named_by(address: Address, role: str) -> bool:
    """Return whether placement gives such a name to resources of a role."""
    rest = address.name.removeprefix(role)
    return address.name.startswith(role) and re.fullmatch(_after_role(address), rest) is not None


def _after_role(address: Address) -> str:
    return _AFTER_ROLE.get(address.kind, r"\d+-.+")
