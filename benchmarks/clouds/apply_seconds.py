"""How long an apply waits, and its calls: `python benchmarks/clouds/apply_seconds.py aws|gcp [HOSTS …]`.

The seconds are those of the test bed's clock. There a call takes no time and each change succeeds at once. So
they are the waits for rates and for lists. `change` changes one port between two roles.
"""

import importlib
import sys
import tempfile

from compare import BEDS, by_portinfra, measure


def main(cloud: str, sizes: list[int]) -> None:
    """Print a line for each size and verb."""
    print(f"{'hosts':>5}  {'verb':8}{'calls':>6}{'seconds':>9}")
    in_process = importlib.import_module(BEDS[cloud]).in_process
    with tempfile.TemporaryDirectory() as folder, in_process() as remote:
        remote.bed.configure(live_clock=False)
        for hosts in sizes:
            remote.bed.reset()
            for verb in ("create", "change", "destroy"):
                cost = measure(by_portinfra(cloud, verb, hosts), remote, folder)
                print(f"{hosts:5}  {verb:8}{cost.calls:6}{cost.printed:>9}{cost.said}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], [int(size) for size in sys.argv[2:]] or [9, 90])
