"""Two ways to run the bed: in a thread of the test, or in a process that outlives whatever a test kills."""

import base64
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define

from bed.identities import ACCESS_KEY, SECRET
from portinfra.testing import emulator

if TYPE_CHECKING:
    from bed.bed import Bed

    Local = emulator.Local[Bed]
else:
    Local = emulator.Local


def environment(endpoint: str, access_key: str = ACCESS_KEY, secret: str = SECRET) -> dict[str, str]:
    """What a client needs, in the variables that AWS's own tools read."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_EC2": endpoint,
        "AWS_ENDPOINT_URL_STS": endpoint,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def in_thread(**settings: Any) -> Iterator["Local"]:
    """A bed in a thread, with settings by name."""
    from bed.bed import Bed
    from bed.settings import Settings

    with emulator.in_thread(Bed(Settings(**settings)), environment) as local:
        yield local


@define
class RemoteBed(emulator.RemoteBed):
    """The verbs of `Bed`, over HTTP."""

    def write(self, volume: str, data: bytes, offset: int = 0) -> None:
        """Write bytes to a volume, as its host does."""
        self.ask("write", volume=volume, data=base64.b64encode(data).decode(), offset=offset)

    def read(self, id: str, offset: int, length: int) -> bytes:
        """What a volume or snapshot holds there."""
        return base64.b64decode(self.ask("read", id=id, offset=offset, length=length))

    def ground_truth(
        self, account: str | None = None, region: str | None = None, without: Collection[str] = ()
    ) -> list[str]:
        """Everything that exists, by moto's own word."""
        lines: list[str] = self.ask("ground_truth", account=account, region=region, without=list(without))
        return lines


Remote = emulator.Remote[RemoteBed]


def in_process() -> AbstractContextManager[Remote]:
    """A bed in a process of its own, which ends with this one at the latest."""
    return emulator.in_process("bed", environment, path=Path(__file__).parents[1], handle=RemoteBed)
