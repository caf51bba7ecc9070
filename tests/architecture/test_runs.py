"""What a run of the tests is: its order, its last line, what a quick run leaves out, what each test has."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from longest_first import spread

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROVIDERS = ("aws", "gcp", "libvirt")
FOLDERS = ["tests", "providers/aws/tests", "providers/gcp/tests"]
SUPPORT = str(ROOT / "tests" / "support")


@pytest.fixture
def run(pytester, monkeypatch):
    """A run of pytest, with plugins of this suite, on files made for it; its last line."""
    monkeypatch.setenv("PYTHONPATH", SUPPORT)

    def _run(*arguments, plugins=("left_out",), **files):
        pytester.makeini("[pytest]\naddopts = -q\nmarkers =\n  slow\n  sampled\n  soak\n  tools(*programs)")
        pytester.makepyfile(**files)
        named = [word for plugin in plugins for word in ("-p", plugin)]
        done = pytester.runpytest_subprocess("-p", "no:cacheprovider", *named, *arguments)
        return [line for line in done.outlines if line]

    return _run


SKIPS = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_skipped(number):
    pytest.skip("no dot here")

@pytest.mark.xfail(reason="a known gap")
def test_known_to_fail():
    assert False

def test_runs():
    pass
"""
IGNORES = 'collect_ignore = ["test_hypervisors.py"]\nwhy_ignored = "only root can start hypervisors"'


@pytest.mark.parametrize(
    "workers",
    [pytest.param((), id="alone"), pytest.param(("-n", "2"), id="two workers", marks=pytest.mark.slow)],
)
def test_the_last_line_counts_what_was_left_out_by_its_reason(run, workers):
    *_, closing, last = run(
        *workers,
        conftest=IGNORES,
        test_some=SKIPS,
        test_hypervisors="import not_there",
        test_moto='import pytest\npytest.importorskip("moto_is_not_there")',
    )
    assert re.match(r"1 passed, 4 skipped, 1 xfailed in ", closing)  # CI reads pytest's own line
    assert last == (
        "Left out: 1 test file (could not import 'moto_is_not_there': No module named 'moto_is_not_there'); "
        "1 test file (only root can start hypervisors); 3 tests (no dot here)."
    )


def test_a_folder_beside_what_was_asked_for_is_not_counted(run, pytester):
    (pytester.mkdir("unit") / "test_unit.py").write_text("def test_runs(): pass")
    lines = run("unit", conftest=IGNORES, test_hypervisors="import not_there")
    assert lines[-1] == "Nothing was left out."


def test_where_nothing_was_left_out_the_last_line_says_so(run):
    assert run(test_some="def test_runs(): pass")[-1] == "Nothing was left out."


def test_workers_share_what_pytest_rewrites_and_a_changed_module_is_rewritten_again(
    run, monkeypatch, pytester
):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    source = "def test_list():\n    found = [1, 2]\n    assert found == [{number}]"
    for number in (7, 8):
        files = {f"test_{name}": source.format(number=number) for name in "abcd"}
        lines = run("-n", "2", plugins=("rewritten_once",), **files)
        assert lines.count(f"E       assert [1, 2] == [{number}]") == 4
    kept = [path.name.partition(".")[0] for path in pytester.path.glob("__pycache__/*-pytest-*.pyc")]
    assert sorted(kept) == ["test_a", "test_b", "test_c", "test_d"]


QUICK = """
import time
import pytest

@pytest.mark.slow
def test_slow(): pass

@pytest.mark.tools("no-such-program")
def test_with_a_program(): pass

@pytest.mark.soak
def test_for_hours(): pass

@pytest.mark.sampled
def test_a_sweep(): pass

def test_plain(): pass
"""


def test_a_quick_run_leaves_out_what_is_slow_or_needs_programs_of_the_system(run):
    lines = run("--quick", plugins=("left_out", "quick", "tools"), test_some=QUICK)
    assert lines[-2].startswith("2 passed, 3 deselected in ")


def test_a_program_that_is_missing_is_named(run):
    lines = run(plugins=("left_out", "quick", "tools"), test_some=QUICK)
    assert lines[-1] == "Left out: 1 test (no-such-program is not installed)."


def test_a_slow_test_without_the_mark_fails_a_quick_run(run):
    busy = "def test_busy():\n    import time\n    while time.process_time() < 1: pass"
    conftest = "import quick\nquick.SECONDS_MAX = 0.1"
    lines = run("--quick", plugins=("left_out", "quick"), conftest=conftest, test_some=busy)
    assert any("mark it with @pytest.mark.slow" in line for line in lines)
    assert run(plugins=("left_out", "quick"), test_some=busy)[-2].startswith("1 passed")


@pytest.mark.parametrize("workers", [2, 3, 7])
@pytest.mark.parametrize("count", [1, 5, 23, 100])
@pytest.mark.parametrize("long", [0, 1, 4, 23])
def test_each_workers_part_begins_with_its_share_of_the_long_tests(workers, count, long):
    items = [(number, number >= count - long) for number in range(count)]
    ordered = spread(items, workers, lambda item: item[1], lambda item: item)
    assert sorted(ordered) == items
    shares = []
    while workers:  # as xdist divides
        size = len(ordered) // workers
        part, ordered, workers = ordered[:size], ordered[size:], workers - 1
        lengths = [is_long for _, is_long in part]
        assert lengths == sorted(lengths, reverse=True)
        shares.append(sum(lengths))
    assert max(shares) - min(shares) <= 1


def test_the_longest_test_begins_first_and_its_worker_has_fewer_other_long_ones():
    seconds = dict.fromkeys(range(40), 2) | {17: 40}
    items = list(range(200))
    ordered = spread(items, 2, seconds.__contains__, lambda item: item, seconds.get)
    assert sorted(ordered) == items
    parts = [part for part in (ordered[:100], ordered[100:]) if 17 in part]
    assert [part[0] for part in parts] == [17]
    assert sum(item in seconds for item in parts[0]) == 11


@pytest.mark.parametrize("workers", [2, 3])
def test_long_tests_that_share_a_fixture_of_their_module_go_to_one_worker(workers):
    modules = ["walls"] * 3 + ["a"] + ["portability"] * 5 + ["b", "c", "d", "e"]
    items = [*enumerate(modules), *((number, "") for number in range(100, 130))]
    ordered = spread(items, workers, lambda item: item[1], lambda item: item[1])
    assert sorted(ordered) == sorted(items)
    found = {}
    for worker in range(workers):  # as xdist divides
        size = len(ordered) // (workers - worker)
        for _, module in ordered[:size]:
            found.setdefault(module, set()).add(worker)
        del ordered[:size]
    assert {len(there) for module, there in found.items() if module} == {1}


PROBE = """
import json, os
from hypothesis import settings

def pytest_runtest_call(item):
    kept = {"database": str(settings().database), "deadline": str(settings().deadline)}
    print(json.dumps({**kept, "derandomize": settings().derandomize, "home": os.environ["PORTINFRA_HOME"]}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_providers_tests_alone_have_the_same_chance_and_a_home_of_their_own(provider, tmp_path):
    (tmp_path / "probe.py").write_text(PROBE)
    file = next((ROOT / "providers" / provider / "tests" / "unit").glob("test_*errors.py"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "probe", "-s", "--maxfail=1", file],
        cwd=file.parent,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PORTINFRA_HOME": "/not/this/one"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    found = json.loads(re.search(r"{.*}", done.stdout)[0])
    assert (found["database"], found["deadline"], found["derandomize"]) == ("None", "None", True)
    assert found["home"] != "/not/this/one"


@pytest.fixture(scope="module")
def sites():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTINFRA_SITES", "sites.hcl")
        patch.setenv("PORTINFRA_HOME", "home")
        yield


@pytest.mark.usefixtures("sites")
def test_variables_that_a_fixture_of_a_module_sets_are_kept():
    assert (os.environ["PORTINFRA_SITES"], os.environ["PORTINFRA_HOME"]) == ("sites.hcl", "home")


def test_no_test_module_is_imported_by_another():
    """What several tests use lies in tests/support."""
    found = [
        f"{path.relative_to(ROOT)}: {line}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s*(from|import) test_", line)
    ]
    assert found == []


def test_no_test_replaces_what_is_private():
    """A test reaches a situation by a name that others see: a call, a line, a public function."""
    private = re.compile(r"""(setattr|patch\.object|patch)\([^)]*["']([\w.]*\.)?_[a-z]""")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for match in private.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
