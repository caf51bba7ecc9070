"""Services of a cloud that a host needs besides the flows of a topology: its address, names, time,
metadata.
"""

from typing import Literal

from portinfra.value import frozen

DHCP = 67
"""The port of DHCP servers (RFC 2131). A client sends broadcasts before it has an address."""


@frozen
class PlatformService:
    """One service of a cloud that each host must reach, whatever flows a topology has."""

    address: str
    """An IPv4 address."""
    protocol: Literal["tcp", "udp"]
    port: int
    root_only: bool = False
    """Whether only root may reach it. Metadata holds user data, which no other program may read."""
