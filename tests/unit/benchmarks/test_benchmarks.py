"""Each benchmark runs, at a size at which it costs nothing. What it measures is nobody's test."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture
def printed():
    """What a benchmark prints."""

    def run(name: str, *arguments: str) -> str:
        command = [sys.executable, ROOT / "benchmarks" / f"{name}.py", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def numbers(line: str) -> list[float]:
    return [float(text) for text in re.findall(r"(?<![\w.])\d+\.?\d*(?!\w)", line)]


def test_growth_measures_each_size_and_draws_it(printed, tmp_path):
    plot = tmp_path / "growth.svg"
    told = printed("growth", "20", "30", "40", "--applied", "30", "--runs", "1", "--plot", str(plot))
    sizes = [numbers(line)[:2] for line in told.splitlines()[2:5]]
    assert sizes == [[20, 151], [30, 201], [40, 251]]
    circles = ElementTree.parse(plot).findall("{*}circle")
    assert len(circles) == 3 + 2 + 2, "one for each size of each step"


def test_rates_alone_are_kept_to_the_second(printed):
    rates, waits = (numbers(line)[-5:] for line in printed("rates", "30").splitlines()[2:])
    took, floor, *_ = rates
    assert took == pytest.approx(floor, abs=1.0)
    assert waits[0] > took


def test_a_plan_that_finds_nothing_to_do_makes_the_fewest_calls(printed):
    *_, made, fewest = numbers(printed("calls", "30").splitlines()[1])
    assert made == fewest


def test_start_up_is_compared_with_a_python_that_does_nothing(printed):
    nothing, *others = printed("start_up", "1").splitlines()[2:]
    assert numbers(nothing)[-1] == 1.0
    names = ["import portinfra", "portinfra --help", "plan, Python", "plan, HCL"]
    assert [line.split("  ")[0] for line in others] == names


@pytest.mark.slow
def test_side_by_side_needs_no_terraform_to_measure_portinfra(printed, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    told = printed("side_by_side", "30", "--runs", "1")
    assert told.startswith("141 resources")
    assert told.count("portinfra") == 2 * 3
    assert "terraform is not on the PATH" in told


@pytest.mark.tools("terraform")
def test_terraform_makes_as_many_resources_in_both_forms(printed, tmp_path):
    resources = int(printed("declarations", "30", str(tmp_path)))
    for form in ("blocks", "for_each"):
        for command in (["init"], ["apply", "-auto-approve"]):
            subprocess.run(
                ["terraform", *command, "-input=false"],
                cwd=tmp_path / form,
                env={"PATH": str(Path(shutil.which("terraform")).parent), "CHECKPOINT_DISABLE": "1"},
                capture_output=True,
                check=True,
            )
        listed = subprocess.run(
            ["terraform", "state", "list"], cwd=tmp_path / form, capture_output=True, text=True, check=True
        )
        assert len(listed.stdout.splitlines()) == resources


def test_files_of_more_hosts_take_no_more_calls_a_host(printed):
    lines = [line.split() for line in printed("hosts", "100", "300").splitlines()[2:]]
    assert [line[:2] for line in lines] == [
        ["callers", "100"],
        ["callers", "300"],
        ["platform", "85"],
        ["platform", "289"],
    ]
    few, many = (float(line[4]) for line in lines[:2])
    assert many <= few
