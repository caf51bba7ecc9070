"""How long a plan that finds nothing to do waits: `python benchmarks/clouds/waits.py aws|gcp [MS]`.

Each call to the test bed takes MS milliseconds more, 300 by default. The first plan makes one read at a time,
the second one makes independent reads at the same time. The longest chain of reads, each of which began after
the one before it had ended, is the time that no other client can undercut.
"""

import importlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

HERE = Path(__file__).parent
PROVIDERS = HERE.parents[1] / "providers"
sys.path[:0] = [str(HERE), *(str(PROVIDERS / cloud / "tests") for cloud in ("aws", "gcp"))]

from shape import NETWORK  # noqa: E402

from portinfra import Environment, apply, plan  # noqa: E402
from portinfra.provider import registry  # noqa: E402
from portinfra.provider.interface import Call, Provider  # noqa: E402

BEDS = {"aws": "bed", "gcp": "emulator"}
HOSTS = 9


@define
class Slow:
    """Calls that take some seconds more."""

    seconds: float
    reads_at_once: int
    calls: int = 0
    longest: int = 0
    """The longest chain of calls that have ended."""
    _lock: threading.Lock = field(factory=threading.Lock)

    def wrap(self, provider: Any, environment: Environment) -> Provider:
        """Make the calls of a provider slow."""
        perform = provider.perform
        provider.capabilities = evolve(provider.capabilities, reads_at_once=self.reads_at_once)
        provider.perform = lambda call: self._perform(perform, call)
        return provider

    def _perform(self, perform: Any, call: Call) -> Any:
        with self._lock:
            self.calls += 1
            mine = self.longest + 1
        time.sleep(self.seconds)
        answer = perform(call)
        with self._lock:
            self.longest = max(self.longest, mine)
        return answer


@contextmanager
def bed(cloud: str) -> Iterator[Environment]:
    """Run the test bed of a cloud, by this machine's time."""
    where = importlib.import_module(f"on_{cloud}")
    with (
        tempfile.TemporaryDirectory() as home,
        importlib.import_module(BEDS[cloud]).in_process() as remote,
    ):
        os.environ.update(remote.environment, PORTINFRA_HOME=home)
        account = getattr(where, "PROJECT", "")
        on = f"{cloud}:{where.REGION}"
        yield Environment("hand", on=on, account=account, cidr=NETWORK, zones=where.ZONES, subnet_prefix=22)


def main(cloud: str, milliseconds: int) -> None:
    """Print a line for each of the two plans."""
    from by_portinfra import platform

    topology = platform(HOSTS)
    with bed(cloud) as there:
        apply(plan(topology, there))
        time.sleep(registry.plugin(cloud).capabilities.visibility_seconds + 1)  # no plan waits for lists
        print(f"{'reads at once':>13}{'calls':>7}{'longest chain':>15}{'seconds':>9}{'÷ latency':>11}")
        for at_once in (1, 8):
            slow = Slow(milliseconds / 1000, at_once)
            with registry.wrap_connections(cloud, slow.wrap):
                began = time.perf_counter()
                assert plan(topology, there).empty
                took = time.perf_counter() - began
            ratio = took / slow.seconds
            print(f"{at_once:13}{slow.calls:7}{slow.longest:15}{took:9.2f}{ratio:11.1f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 300)
