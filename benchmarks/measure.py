"""What a process costs: CPU seconds and memory, its children's included."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

MACHINE = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}"


COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""An installed package is compiled once; where this is set, every start would compile it again."""


class Cost(NamedTuple):
    """What one process cost."""

    cpu: float
    """User and system CPU seconds, of its children too."""
    wall: float
    """Seconds from start to end. Says little on a machine that others use as well."""
    mb: float
    """Most resident memory at a time, in MB of 10⁶ bytes: of the largest process, where there are several."""


def process(
    command: Sequence[str | Path], *, folder: Path | None = None, variables: Mapping[str, str] | None = None
) -> Cost:
    """Run a program to its end, silently. Raises SystemExit with its standard error where it fails.

    A child counts its parent's memory at the fork as its own, so what calls this should stay small itself.
    """
    began = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **COMPILED, **(variables or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stderr is not None
        complaint = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {child.returncode}:\n{complaint}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - began, usage.ru_maxrss * 1024 / 1e6)


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each figure by itself."""
    return Cost(*(statistics.median(figures) for figures in zip(*costs, strict=True)))
