"""Two ways to run the bed: in a thread of the test, or in a process that outlives whatever a test kills."""

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

from emulator.identities import PROJECT, TOKEN

_ROOT = str(Path(__file__).parents[1])


def environment(endpoint: str, project: str = PROJECT, token: str = TOKEN) -> dict[str, str]:
    """What a client needs, in the variables that Google's own tools and libraries read.

    google-auth finds its metadata server here, once, when it is first imported; gcloud and Terraform the
    token itself. `accounts.key_file` is for a process that sees several beds.
    """
    place = urlsplit(endpoint).netloc
    return {
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": f"{endpoint}/compute/v1/",
        "CLOUDSDK_CORE_PROJECT": project,
        "CLOUDSDK_AUTH_ACCESS_TOKEN": token,
        "GOOGLE_CLOUD_PROJECT": project,
        "GOOGLE_OAUTH_ACCESS_TOKEN": token,
        "GCE_METADATA_HOST": place,
        "GCE_METADATA_ROOT": place,
        "GCE_METADATA_IP": place,
    }


VARIABLES = tuple(environment(""))
"""Their names."""


class Local:
    """A bed in a thread of this process.

    After os.fork a child has the bed as it was, on a port of its own: `endpoint` and, where they named the
    old one, the variables of `environment` are changed. Clients of before the fork must connect anew.
    """

    def __init__(self, **settings: Any) -> None:
        from emulator.bed import Bed
        from emulator.server import Server
        from emulator.settings import Settings

        self._server_class = Server
        self.bed = Bed(Settings(**settings))
        self._start()
        _LIVE.append(self)

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs, in the variables that Google's own tools read."""
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
        old, new = environment(before), self.environment
        for name in VARIABLES:
            if os.environ.get(name) == old[name]:
                os.environ[name] = new[name]


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

    def now(self) -> float:
        """Seconds since the epoch."""
        seconds: float = self.ask("now")
        return seconds

    def advance(self, seconds: float) -> None:
        """Move time on."""
        self.ask("advance", seconds=seconds)

    def fault(self, mishap: str, **where: Any) -> None:
        """Let something go wrong; see `emulator.faults.Fault`."""
        self.ask("fault", mishap=mishap, **where)

    def calm(self) -> None:
        """Take all faults back."""
        self.ask("calm")

    def books(self, project: str | None = None, without: Collection[str] = ()) -> list[str]:
        """Everything that exists, by the bed's own word."""
        lines: list[str] = self.ask("books", project=project, without=list(without))
        return lines

    def report(self) -> dict[str, Any]:
        """How many requests came by method, what the document refused and what the bed could not serve."""
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
        """What a client needs, in the variables that Google's own tools read."""
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
        [sys.executable, "-m", "emulator"],
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
