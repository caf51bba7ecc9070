"""Two ways to run the bed: in a thread of the test, or in a process that outlives whatever a test kills."""

import base64
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import define, field

from bed.identities import ACCESS_KEY, SECRET

_ROOT = str(Path(__file__).parents[1])


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


class Local:
    """A bed in a thread of this process.

    After os.fork a child has the bed as it was, on a port of its own: `endpoint` and, where they named the
    old one, the variables of AWS_ENDPOINT_URL are changed. Clients of before the fork must connect anew.
    """

    def __init__(self, **settings: Any) -> None:
        from bed.bed import Bed
        from bed.server import Server
        from bed.settings import Settings

        self._server_class = Server
        self.bed = Bed(Settings(**settings))
        self._start()
        _LIVE.append(self)

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs, in the variables that AWS's own tools read."""
        return environment(self.endpoint)

    def close(self) -> None:
        """Stop serving."""
        _LIVE.remove(self)
        self._server.shutdown()
        self._server.server_close()

    def _start(self) -> None:
        self._server = self._server_class(self.bed)
        self._server.start()
        self.endpoint = self._server.endpoint

    def fork_hook(self) -> None:
        """Serve on in a child of os.fork. Called by itself."""
        before = self.endpoint
        self._server.socket.close()
        self._start()
        for name, value in os.environ.items():
            if name.startswith("AWS_ENDPOINT_URL") and value == before:
                os.environ[name] = self.endpoint


_LIVE: list[Local] = []


def _before_fork() -> None:
    for each in _LIVE:
        each.bed.lock.acquire()


def _after_fork() -> None:
    for each in _LIVE:
        each.bed.lock.release()


def _in_child() -> None:
    _after_fork()
    for each in _LIVE:
        each.fork_hook()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)


@contextmanager
def in_thread(**settings: Any) -> Iterator[Local]:
    """A bed in a thread, with settings by name."""
    local = Local(**settings)
    try:
        yield local
    finally:
        local.close()


@define
class RemoteBed:
    """The verbs of `Bed`, over HTTP."""

    endpoint: str

    def ask(self, verb: str, **given: Any) -> Any:
        """Any verb of the bed's."""
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=60)
        try:
            connection.request("POST", f"/bed/{verb}", json.dumps(given))
            response = connection.getresponse()
            body = response.read().decode()
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(body.strip())
        return json.loads(body)

    def reset(self) -> None:
        """Forget everything but the settings."""
        self.ask("reset")

    def configure(self, **settings: Any) -> None:
        """Change settings, by name."""
        self.ask("configure", **settings)

    def advance(self, seconds: float) -> None:
        """Move time on."""
        self.ask("advance", seconds=seconds)

    def now(self) -> float:
        """Seconds since the epoch, by that EC2's clock."""
        seconds: float = self.ask("now")
        return seconds

    def fault(self, mishap: str, **where: Any) -> None:
        """Let something go wrong; see `bed.faults.Fault`."""
        self.ask("fault", mishap=mishap, **where)

    def calm(self) -> None:
        """Take all faults back."""
        self.ask("calm")

    def write(self, volume: str, data: bytes, offset: int = 0) -> None:
        """Write bytes to a volume, as its host does."""
        self.ask("write", volume=volume, data=base64.b64encode(data).decode(), offset=offset)

    def read(self, id: str, offset: int, length: int) -> bytes:
        """What a volume or snapshot holds there."""
        return base64.b64decode(self.ask("read", id=id, offset=offset, length=length))

    def books(
        self, account: str | None = None, region: str | None = None, without: Collection[str] = ()
    ) -> list[str]:
        """Everything that exists, by moto's own word."""
        lines: list[str] = self.ask("books", account=account, region=region, without=list(without))
        return lines

    def report(self) -> dict[str, Any]:
        """How many requests came by action, what the model refused and what the bed could not serve."""
        said: dict[str, Any] = self.ask("report")
        return said


@define
class Remote:
    """A bed in a process of its own."""

    bed: RemoteBed
    _process: Any = field(repr=False)

    @property
    def endpoint(self) -> str:
        """Where it serves."""
        return self.bed.endpoint

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs, in the variables that AWS's own tools read."""
        return environment(self.endpoint)

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@contextmanager
def in_process() -> Iterator[Remote]:
    """A bed in a process of its own, which ends with this one at the latest."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bed"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": _ROOT},
        start_new_session=True,
        text=True,
    )
    assert process.stdout is not None
    remote = Remote(RemoteBed(process.stdout.readline().strip()), process)
    try:
        yield remote
    finally:
        remote.close()
