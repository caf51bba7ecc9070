"""What every test of portinfra and of its providers has, whichever folder runs alone: chance that repeats
itself, and a home of its own.
"""

import os

import pytest
from hypothesis import settings

pytest_plugins = ["pytester", "left_out", "longest_first", "quick", "tools"]

settings.register_profile("everyday", deadline=None, derandomize=True, database=None, max_examples=60)
settings.register_profile("quick", settings.get_profile("everyday"), max_examples=20)
settings.register_profile("soak", deadline=None, database=None, max_examples=2000)


def pytest_configure(config):
    """Choose how many examples property tests draw, and whether by chance.

    Forget the user's own settings, once: what the fixture of a module sets stays for each of its tests.
    """
    for name in [name for name in os.environ if name.startswith("PORTINFRA_")]:
        del os.environ[name]
    usual = "quick" if config.option.quick else "everyday"
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", usual))


@pytest.fixture(autouse=True)
def own_home(tmp_path, tmp_path_factory, monkeypatch):
    """Journals, and whatever else a test leaves behind, go to a folder of its own."""
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.chdir(tmp_path)
