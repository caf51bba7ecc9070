"""In a new clone, each test module gets its readable assertions once a run, not once in each worker of xdist.

pytest keeps what it has rewritten beside the module. So each worker first rewrites its share of the modules;
when it comes to those of the other workers, they have done the same. That is a half of the time of the first
collection.
"""

import sys
from pathlib import Path

import pytest
from _pytest.assertion import rewrite


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session):
    """Rewrite a worker's share of the modules that this run collects."""
    worker = getattr(session.config, "workerinput", None)
    if worker and not sys.dont_write_bytecode:
        number = int(worker["workerid"].removeprefix("gw"))
        for module in modules(session.config.args)[number :: worker["workercount"]]:
            rewrite_once(module, session.config)


def modules(arguments):
    """Return the test modules of files and folders, in order."""
    paths = [Path(argument.partition("::")[0]).resolve() for argument in arguments]
    found = {file for path in paths for file in ([path] if path.is_file() else path.rglob("test_*.py"))}
    return sorted(found)


def rewrite_once(module, config):
    """Rewrite the assertions of a module, unless pytest has kept what it rewrote."""
    state = config.stash[rewrite.assertstate_key]
    kept = rewrite.get_cache_dir(module) / f"{module.stem}{rewrite.PYC_TAIL}"
    if rewrite._read_pyc(module, kept, state.trace) is None and rewrite.try_makedirs(kept.parent):
        version, code = rewrite._rewrite_test(module, config)
        rewrite._write_pyc(state, code, version, kept)
