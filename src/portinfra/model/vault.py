"""A vault: where data waits on its way from one provider to another."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any, Protocol

from attrs import field, frozen

from portinfra.model import convert
from portinfra.model.arguments import refuse_unknown
from portinfra.model.location import Location, here

ENDPOINT = re.compile(r"(?P<cidr>\d+\.\d+\.\d+\.\d+(/\d+)?):(?P<port>\d+)")
RECIPIENT = re.compile(r"(age1[0-9a-z]{50,}|ssh-(ed25519|rsa) \S+( .*)?)")


class ScriptRunner(Protocol):
    """Runs a helper's script where the instances of a test bed run nothing."""

    name: str
    """How evidence calls it."""

    def run(self, script: str, volume: str) -> None:
        """Run it, with the volume of this native id in place of the disk that the helper would find; with no
        disk where that is empty.
        """


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class Vault:
    """Storage that both ends can reach, and none of them owns. Secrets are named here, never held: each is a
    file on the machine that runs `portinfra dr`.
    """

    remote: str = field(metadata={"stand_in": "unnamed:"})
    """An rclone remote and a path in it: `vault:shop`. Both configurations define that remote."""
    endpoint: str = field(metadata={"stand_in": "192.0.2.1:22"})
    """What helpers may reach, and nothing else: an IPv4 address or CIDR, and a port: `203.0.113.7:22`."""
    sender: str
    """File with the rclone configuration for the source's helpers, which may add and need not do more."""
    receiver: str
    """File with the rclone configuration for the target's helpers, and for retention: it may remove."""
    recipient: str = ""
    """The public key that `age` seals for: `age1…`; `age` needs it."""
    identity: str = ""
    """File with the key that opens what `age` sealed. Only restoring needs it."""
    password: str = ""
    """File with the password of a `restic` repository; `restic` needs it."""
    host_key: str = ""
    """The public key of an sftp server, as in a `known_hosts` file: `203.0.113.7 ssh-ed25519 AAAA…`. Empty:
    it is not checked.
    """
    cidr: str = "192.168.240.0/20"
    """The addresses of the helpers' network, /24 or larger."""
    size: str = "small"
    """A helper's size, as a role has it; `sizes` of the environment says what it is there."""
    image: str = "debian-12"
    """A helper's image, with rclone, zstd and age or restic in it; `images` of the environment says which."""
    native: Mapping[str, Mapping[str, Any]] = field(
        factory=dict, converter=convert.options, metadata={"block": "native"}
    )
    """Options of one provider for helpers that read blocks: `{"aws": {"instance_profile": …}}`."""
    blocks: tuple[str, ...] = field(default=(), converter=convert.strings)
    """Where a provider hands out a snapshot's blocks (AWS: the EBS direct APIs): what helpers may reach for
    that, written as `endpoint` is. They read these then, and no volume is made of the snapshot. Empty, or of
    a provider that hands out none: they read a clone.
    """
    limit: str = "4h"
    """The longest time to carry one group of volumes; helpers end themselves after it."""
    stand: ScriptRunner | None = None
    """Who runs the helpers' scripts on a test bed; evidence names it. None: the helpers do."""
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """All that helpers which read blocks may reach."""
        return (self.endpoint, *self.blocks)


def cidr_and_port(endpoint: str) -> tuple[str, int]:
    """An endpoint, as a firewall has it. Raises ValueError where it is none."""
    match = ENDPOINT.fullmatch(endpoint)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise ValueError
    return str(IPv4Network(match["cidr"])), int(match["port"])
