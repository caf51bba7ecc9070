"""How cost grows with size: `python benchmarks/growth.py [HOSTS …] [--plot FILE]`.

Each size is a process of its own, planned from nothing, applied on a cloud without delays, and planned again;
above `--applied` hosts it is planned only. CPU seconds of the work, without the process's start.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from math import log
from pathlib import Path

from measure import MACHINE
from plot import Series, log_log

LIFECYCLE = Path(__file__).with_name("lifecycle.py")
SIZES = (20, 60, 200, 600, 2000, 3000, 6000, 10_000, 20_000)
MEASURABLE = 1000
"""Resources from which the exponent is taken: below, what is done once is most of it."""

Figures = dict[str, float]


def measure(hosts: int, runs: int, *, plan_only: bool) -> Figures:
    """The medians of every figure."""
    command = [sys.executable, str(LIFECYCLE), str(hosts), *(["--plan-only"] if plan_only else [])]
    figures = [
        json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout) for _ in range(runs)
    ]
    return {figure: statistics.median(one[figure] for one in figures) for figure in figures[0]}


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """The power of the size with which the cost grows: the slope of the best line through the logarithms."""
    sizes, costs = zip(*((log(size), log(cost)) for size, cost in points), strict=True)
    return statistics.linear_regression(sizes, costs).slope


def points(figures: Sequence[Figures], step: str, least: float = 0) -> list[tuple[float, float]]:
    """Resources and CPU seconds, of the sizes that have this step."""
    return [(one["resources"], one[step]) for one in figures if step in one and one["resources"] >= least]


def fit(figures: Sequence[Figures], step: str) -> str:
    """The growth of a step beside that of n log n over the same sizes."""
    large = points(figures, step, MEASURABLE)
    if len(large) < 2:
        return f"{step}: too few sizes of {MEASURABLE} resources or more"
    ideal = exponent([(size, size * log(size)) for size, _ in large])
    least = large[0][0]
    return f"{step}: n^{exponent(large):.2f} from {least:,.0f} resources on; n log n is n^{ideal:.2f} there"


def row(one: Figures) -> str:
    """One size as a line of the table."""
    each = one["plan"] / one["resources"] * 1e6
    planned = (
        f"{one['hosts']:6.0f}{one['resources']:11.0f}{one['plan']:8.2f}{each:17.1f}{one['plan_mb']:9.0f}"
    )
    if "apply" not in one:
        return planned
    return f"{planned}{one['apply']:9.2f}{one['no-op']:9.2f}{one['no-op_mb']:9.0f}"


def main() -> None:
    """Print a line for each size, then the fits; draw them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hosts", type=int, nargs="*", default=SIZES)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--applied", type=int, default=3000)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    print(f"CPU seconds, medians of {given.runs}; {MACHINE}")
    print(" hosts  resources  plan s  µs per resource  plan MB  apply s  no-op s   all MB")
    figures = []
    for hosts in given.hosts:
        figures.append(measure(hosts, given.runs, plan_only=hosts > given.applied))
        print(row(figures[-1]), flush=True)
    for step in ("plan", "apply", "no-op"):
        print(fit(figures, step))
    if given.plot:
        series = [Series(step, points(figures, step)) for step in ("plan", "apply", "no-op")]
        given.plot.write_text(log_log("CPU seconds by resources", series), encoding="utf-8")


if __name__ == "__main__":
    main()
