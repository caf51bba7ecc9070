"""A vault: where data is stored on its way from one provider to another."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any, Protocol

from attrs import field

from portinfra.model import convert
from portinfra.model.arguments import refuse_unknown
from portinfra.model.location import Location, here
from portinfra.value import frozen

ENDPOINT = re.compile(r"(?P<cidr>\d+\.\d+\.\d+\.\d+(/\d+)?):(?P<port>\d+)")
RECIPIENT = re.compile(r"(age1[0-9a-z]{50,}|ssh-(ed25519|rsa) \S+( .*)?)")


class ScriptRunner(Protocol):
    """A program that runs the script of a transfer host, where the instances of a test bed run nothing."""

    name: str
    """Its name in evidence."""

    def run(self, script: str, volume: str) -> None:
        """Run the script with the volume of this native id as its disk. Empty: without a disk."""


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class Vault:
    """Storage that both ends can reach and that neither owns. It names secrets and holds none: each is a file
    on the machine that runs `portinfra dr`.
    """

    remote: str = field(metadata={"stand_in": "unnamed:"})
    """An rclone remote and a path in it: `vault:shop`. Both configurations define that remote."""
    endpoint: str = field(metadata={"stand_in": "192.0.2.1:22"})
    """What transfer hosts may reach, and nothing else: an IPv4 address or CIDR, and a port: `203.0.113.7:22`.
    """
    sender: str
    """File with the rclone configuration for the source's transfer hosts, which must be able to add files."""
    receiver: str
    """File with the rclone configuration for the target's transfer hosts and for retention. It may delete
    files.
    """
    recipient: str = ""
    """The public key that `age` encrypts for: `age1…`. `age` needs it."""
    identity: str = ""
    """File with the key that decrypts what `age` encrypted. Only a restore needs it."""
    password: str = ""
    """File with the password of a `restic` repository. `restic` needs it."""
    host_key: str = ""
    """The public key of an sftp server, as in a `known_hosts` file: `203.0.113.7 ssh-ed25519 AAAA…`. Empty:
    it is not checked.
    """
    cidr: str = "192.168.240.0/20"
    """The CIDR of the transfer hosts' network, /24 or larger."""
    size: str = "small"
    """The size of a transfer host, as a role has it. `sizes` of the environment can translate it."""
    image: str = "debian-12"
    """The image of a transfer host, with rclone, zstd and age or restic. `images` of the environment can
    translate it.
    """
    native: Mapping[str, Mapping[str, Any]] = field(
        factory=dict, converter=convert.options, metadata={"block": "native"}
    )
    """Options of one provider for transfer hosts that read blocks: `{"aws": {"instance_profile": …}}`."""
    blocks: tuple[str, ...] = field(default=(), converter=convert.strings)
    """The endpoint that returns the blocks of a snapshot (AWS: the EBS direct APIs), written as `endpoint`
    is. Transfer hosts then read blocks, and portinfra creates no volume from the snapshot. Empty, or for a
    provider that returns no blocks: they read a clone.
    """
    limit: str = "4h"
    """The longest time to transfer one group of volumes. Transfer hosts stop after it."""
    stand: ScriptRunner | None = None
    """The program that runs the scripts of transfer hosts on a test bed. Evidence names it. None: the hosts
    run them.
    """
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """All endpoints that transfer hosts which read blocks may reach."""
        return (self.endpoint, *self.blocks)


def cidr_and_port(endpoint: str) -> tuple[str, int]:
    """Return address and port of an endpoint, as a firewall has them. Raise ValueError if the text is no
    endpoint.
    """
    match = ENDPOINT.fullmatch(endpoint)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise ValueError
    return str(IPv4Network(match["cidr"])), int(match["port"])
