"""What every test of portinfra and of its providers has, whichever folder runs alone: chance that repeats
itself, and a home of its own.
"""

import itertools
import os

import pytest
from hypothesis import settings

pytest_plugins = ["pytester", "garbage", "left_out", "longest_first", "quick", "rewritten_once", "tools"]

SHORT_LIVED_GO = {"GOGC": "off", "GOMEMLIMIT": "512MiB"}
"""For rclone, restic and age, which tests start a thousand times: a tenth of their time was the search for
garbage while they begin.
"""

settings.register_profile("everyday", deadline=None, derandomize=True, database=None, max_examples=30)
settings.register_profile("quick", settings.get_profile("everyday"), max_examples=12)
settings.register_profile("soak", deadline=None, database=None, max_examples=2000)


def pytest_configure(config):
    """Choose how many examples property tests draw, and whether by chance."""
    usual = "quick" if config.option.quick else "everyday"
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", usual))


@pytest.fixture(scope="session", autouse=True)
def shared_home(tmp_path_factory):
    """Journals of fixtures that several tests share go to a folder of this run. No variable of portinfra
    reaches the tests from outside.
    """
    home = str(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PORTINFRA_")]:
            patch.delenv(name)
        patch.setenv("PORTINFRA_HOME", home)
        for name, value in SHORT_LIVED_GO.items():
            patch.setenv(name, value)
        yield home


@pytest.fixture(scope="session")
def homes(tmp_path_factory):
    """Paths of new folders. `mktemp` would look through all folders of this run, for each test again."""
    directory = tmp_path_factory.mktemp("homes")
    return (directory / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def own_home(tmp_path, homes, monkeypatch, shared_home):
    """Journals, and whatever else a test leaves behind, go to a folder of its own. Variables that a fixture
    of its module has set stay.
    """
    if os.environ["PORTINFRA_HOME"] == shared_home:
        home = next(homes)
        home.mkdir()
        monkeypatch.setenv("PORTINFRA_HOME", str(home))
    monkeypatch.chdir(tmp_path)
