"""What the simulator's file costs: `python benchmarks/simulator.py [HOSTS]`.

First, an apply by the command, with the simulator in a file, beside the same by the library, in memory. Then,
how long a process takes to open a file that has 1 or 50 environments, each in an account of its own.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from attrs import evolve
from lifecycle import time_call
from measure import MACHINE
from side_by_side import HERE, library, portinfra
from topology import PRODUCTION

from portinfra import Role, Topology, apply, plan
from portinfra.testing.fake import plugin

ENVIRONMENTS = 50
SMALL = Topology("small", [Role("web", count=3, public="to measure")])
OPENINGS = 200


def compare_applies(hosts: int) -> None:
    """Print the CPU of one apply by the command and by the library, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(HERE / "declarations.py"), str(hosts), folder]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        by_command = portinfra(Path(folder, "portinfra"))["apply"].cpu
    by_library = library(hosts)["apply"].cpu
    ratio = by_command / by_library
    print(
        f"apply of {hosts} hosts: command {by_command:.2f} s, library {by_library:.2f} s, ratio {ratio:.1f}"
    )


def opening_seconds() -> float:
    """Return the CPU seconds of one opening, by one environment."""

    def open_often() -> None:
        for _ in range(OPENINGS):
            plugin.connect(evolve(PRODUCTION, account=f"{1:012d}")).close()

    return time_call(open_often)[0] / OPENINGS


def compare_openings() -> None:
    """Print the CPU of an opening with one environment in the file, and with many, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"PORTINFRA_HOME": folder, "PORTINFRA_FAKE_CLOUD": f"{folder}/cloud.db"}
        seconds = []
        for number in range(1, ENVIRONMENTS + 1):
            apply(plan(SMALL, evolve(PRODUCTION, account=f"{number:012d}")))
            if number in (1, ENVIRONMENTS):
                seconds.append(opening_seconds())
    first, last = (each * 1000 for each in seconds)
    print(f"opening with 1 environment {first:.2f} ms, with {ENVIRONMENTS} {last:.2f} ms", end=", ")
    print(f"ratio {last / first:.2f}")


def main(hosts: int) -> None:
    """Print both comparisons."""
    print(f"CPU time; {MACHINE}")
    compare_applies(hosts)
    compare_openings()


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1000)
