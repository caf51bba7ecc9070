"""An emulator in a process of its own. It outlives every client that a test kills."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from attrs import field

from portinfra.testing.emulator.faults import Mishap
from portinfra.testing.emulator.local import Variables, no_variables
from portinfra.testing.emulator.server import VERBS
from portinfra.value import define


@define
class RemoteBed:
    """The verbs of an `Emulator`, over HTTP."""

    endpoint: str

    def ask(self, verb: str, **given: Any) -> Any:
        """Call a verb. Raises RuntimeError with the error of the emulator."""
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=60)
        try:
            connection.request("POST", f"{VERBS}{verb}", json.dumps(given))
            response = connection.getresponse()
            body = response.read().decode()
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(body.strip())
        return json.loads(body)

    def reset(self) -> None:
        """Forget everything except the settings."""
        self.ask("reset")

    def configure(self, **settings: Any) -> None:
        """Change settings, by name."""
        self.ask("configure", **settings)

    def now(self) -> float:
        """Return seconds since the epoch, by the clock of the emulator."""
        seconds: float = self.ask("now")
        return seconds

    def advance(self, seconds: float) -> None:
        """Move time forward."""
        self.ask("advance", seconds=seconds)

    def fault(self, mishap: Mishap, **where: Any) -> None:
        """Add a fault; see `Fault`."""
        self.ask("fault", mishap=mishap, **where)

    def calm(self) -> None:
        """Remove all faults."""
        self.ask("calm")

    def report(self) -> dict[str, Any]:
        """Return the number of requests by action, the violations and the gaps."""
        result: dict[str, Any] = self.ask("report")
        return result


R = TypeVar("R", bound=RemoteBed)


@define
class Remote(Generic[R]):
    """An emulator in a process of its own."""

    bed: R
    _process: Any = field(repr=False)
    _variables: Variables = no_variables

    @property
    def endpoint(self) -> str:
        """The URL of the server."""
        return self.bed.endpoint

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which the cloud's own tools find the emulator."""
        return dict(self._variables(self.endpoint))

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@contextmanager
def in_process(
    module: str,
    variables: Variables = no_variables,
    *,
    path: Path | None = None,
    handle: Callable[[str], R] = RemoteBed,  # type: ignore[assignment]
) -> Iterator[Remote[R]]:
    """Run `python -m MODULE`, which calls `main`, inside the `with` block. It ends with this process at the
    latest.

    `path` is the folder of the module, if it is not installed. `handle` creates the object that has its
    verbs.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **({"PYTHONPATH": str(path)} if path else {})},
        start_new_session=True,
        text=True,
    )
    assert process.stdout is not None
    remote = Remote(handle(process.stdout.readline().strip()), process, variables)
    try:
        yield remote
    finally:
        remote.close()
