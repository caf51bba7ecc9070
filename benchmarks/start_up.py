"""How long it takes until portinfra does something: `python benchmarks/start_up.py [RUNS]`.

Medians, and ratios to a Python that starts and does nothing.
"""

import sys
from pathlib import Path

from measure import MACHINE, median, process

PORTINFRA = Path(sys.executable).with_name("portinfra")
HELLO = Path(__file__).parents[1] / "examples" / "hello.py"
HELLO_HCL = Path(__file__).with_name("hello.hcl")
"""The same 12 resources in HCL."""

COMMANDS: dict[str, list[str | Path]] = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import portinfra": [sys.executable, "-c", "import portinfra"],
    "portinfra --help": [PORTINFRA, "--help"],
    "plan, Python": [PORTINFRA, "plan", "-f", HELLO],
    "plan, HCL": [PORTINFRA, "plan", "-f", HELLO_HCL],
}


def main(runs: int) -> None:
    """Print a line for each command."""
    print(f"medians of {runs}; {MACHINE}")
    print(f"{'':20}{'wall ms':>9}{'CPU ms':>9}{'MB':>6}{'CPU ratio':>11}")
    nothing = None
    for name, command in COMMANDS.items():
        process(command)  # the first run compiles, and reads from the disk
        cost = median([process(command) for _ in range(runs)])
        nothing = nothing or cost
        ratio = cost.cpu / nothing.cpu
        print(f"{name:20}{cost.wall * 1000:9.0f}{cost.cpu * 1000:9.0f}{cost.mb:6.0f}{ratio:11.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 20)
