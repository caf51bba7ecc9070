"""The same platform by portinfra and by Terraform's core: `python benchmarks/side_by_side.py [HOSTS]`.

Each command is a process of its own; what it costs is that of its whole tree. Terraform makes
`terraform_data`, which needs no provider and calls nothing, and keeps its state file. portinfra makes the
simulator's resources, and so pays for the simulator as well: its SQLite file, its checks, its lists.

Each life is a plan from nothing, an apply, and a plan that finds nothing to do. `--runs N` lives by each, in
turns; medians of them, and ratios of those. `--forms` leaves out a form of Terraform's configuration.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from measure import MACHINE, Cost, median, process

HERE = Path(__file__).parent
PORTINFRA = Path(sys.executable).with_name("portinfra")
STEPS = ("plan", "apply", "no-op")
COMMAND, LIBRARY = "portinfra plan, apply", "portinfra as a library"
FORMS = {"blocks": "Terraform, a block each", "for_each": "Terraform, for_each"}

Life = dict[str, Cost]
"""What each step cost."""


def portinfra(folder: Path) -> Life:
    """By the command line, with the simulator in a file."""
    with tempfile.TemporaryDirectory() as home:
        variables = {"PORTINFRA_HOME": home, "PORTINFRA_FAKE_CLOUD": f"{home}/cloud.db"}

        def run(*arguments: str) -> Cost:
            command: list[str | Path] = [PORTINFRA, *arguments, "-f", "growth.hcl"]
            return process(command, folder=folder, variables=variables)

        return {
            "plan": run("plan"),
            "apply": run("apply", "--yes"),
            "no-op": run("plan", "--detailed-exitcode"),
        }


def library(hosts: int) -> Life:
    """By the Python verbs, with the simulator in memory; without the start of the process."""
    command = [sys.executable, str(HERE / "lifecycle.py"), str(hosts), "--volumes", "1"]
    figures = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {step: Cost(figures[step], figures[step], figures[f"{step}_mb"]) for step in STEPS}


def terraform(folder: Path) -> Life:
    """Plan, apply and plan again, from no state."""
    with tempfile.TemporaryDirectory() as fresh:
        shutil.copy(folder / "main.tf", fresh)
        variables = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": "", "TF_IN_AUTOMATION": "1"}

        def run(*arguments: str) -> Cost:
            command = ["terraform", *arguments, "-input=false", "-no-color"]
            return process(command, folder=Path(fresh), variables=variables)

        run("init")
        plan, apply = run("plan"), run("apply", "-auto-approve")
        return {"plan": plan, "apply": apply, "no-op": run("plan", "-detailed-exitcode")}


def lives(folder: Path, hosts: int, forms: Sequence[str]) -> Iterator[tuple[str, Life]]:
    """One life by each tool and form."""
    yield COMMAND, portinfra(folder / "portinfra")
    yield LIBRARY, library(hosts)
    if shutil.which("terraform"):
        for form in forms:
            yield FORMS[form], terraform(folder / form)


def table(medians: dict[str, Life]) -> None:
    """CPU seconds and memory; and how many times those of portinfra's command, and of its library."""
    print(f"{'':26}{'step':>6}{'CPU s':>9}{'MB':>7}{'÷ command':>11}{'÷ library':>11}{'MB ÷ command':>14}")
    for name, life in medians.items():
        for step in STEPS:
            cost, command, library = life[step], medians[COMMAND][step], medians[LIBRARY][step]
            print(
                f"{name:26}{step:>6}{cost.cpu:9.2f}{cost.mb:7.0f}"
                f"{cost.cpu / command.cpu:11.1f}{cost.cpu / library.cpu:11.1f}{cost.mb / command.mb:14.1f}"
            )


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hosts", type=int, nargs="?", default=1000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    given = parser.parse_args()
    costs: dict[str, dict[str, list[Cost]]] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(HERE / "declarations.py"), str(given.hosts), folder]
        resources = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(given.runs):
            for name, life in lives(Path(folder), given.hosts, given.forms):
                for step, cost in life.items():
                    costs[name][step].append(cost)
    print(f"{resources} resources, medians of {given.runs}; {MACHINE}")
    table({name: {step: median(run) for step, run in life.items()} for name, life in costs.items()})
    if not shutil.which("terraform"):
        print("terraform is not on the PATH: nothing to compare with")


if __name__ == "__main__":
    main()
