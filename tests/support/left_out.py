"""The last line of a run: which tests and test files did not run here, and why.

A conftest.py that leaves files out (`collect_ignore`, `collect_ignore_glob`) says why in `why_ignored`.
"""

from collections import Counter
from pathlib import Path

import pytest

UNTOLD = "their conftest.py leaves them out"


class LeftOut:
    """What did not run in this process and, under xdist, in its workers."""

    def __init__(self, config):
        self.config = config
        self.files, self.tests = {}, {}

    @pytest.hookimpl(wrapper=True)
    def pytest_ignore_collect(self, collection_path, config):
        ignored = yield
        if ignored and collection_path.match("test_*.py") and (why := self._why_ignored(collection_path)):
            self.files[str(collection_path)] = why
        return ignored

    def _why_ignored(self, path):
        asked = [Path(argument.partition("::")[0]).resolve() for argument in self.config.args]
        if not any(path.is_relative_to(folder) for folder in asked):
            return ""
        for plugin in self.config.pluginmanager.get_plugins():
            ignores = getattr(plugin, "collect_ignore", []) or getattr(plugin, "collect_ignore_glob", [])
            if ignores and Path(plugin.__file__).parent in path.parents:
                return getattr(plugin, "why_ignored", UNTOLD)
        return ""

    def pytest_collectreport(self, report):
        if report.skipped:  # a whole file: pytest.importorskip
            self.files[report.nodeid] = _reason(report)

    def pytest_runtest_logreport(self, report):
        if report.skipped and not hasattr(report, "wasxfail"):
            self.tests[report.nodeid] = _reason(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        self.files.update(getattr(node, "workeroutput", {}).get("left_out", {}))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self):
        """Outermost: a worker tells before xdist sends it; pytest's closing line is printed first."""
        worker = hasattr(self.config, "workeroutput")
        if worker:
            self.config.workeroutput["left_out"] = self.files
        result = yield
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if terminal and not worker:
            terminal.write_line(last_line(self.files.values(), self.tests.values()))
        return result


def last_line(files, tests):
    """What was left out, counted by reason: the most first."""
    counts = [*_counted(files, "test file"), *_counted(tests, "test")]
    return f"Left out: {'; '.join(counts)}." if counts else "Nothing was left out."


def _counted(reasons, noun):
    for reason, count in sorted(Counter(reasons).items(), key=lambda item: (-item[1], item[0])):
        yield f"{count} {noun}{'s' if count > 1 else ''} ({reason})"


def _reason(report):
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return " ".join(told.removeprefix("Skipped: ").split())


def pytest_configure(config):
    config.pluginmanager.register(LeftOut(config))
