"""The wheels work where the repository is not: `make dist` builds them, and the README runs with them."""

import json
import os
import subprocess
import sys
import tarfile
from importlib.metadata import Distribution, distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from transcripts import ROOT, Terminal, blocks, commands

from portinfra.version import VERSION

pytestmark = pytest.mark.slow

PROJECTS = ("portinfra", "portinfra_aws", "portinfra_gcp", "portinfra_libvirt")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the folder of what `make dist` builds, and an environment that has only the wheels."""
    folder = tmp_path_factory.mktemp("dist")
    target, installed = folder / "dist", folder / "installed"
    command = [ROOT / "tools" / "dist", sys.prefix, target, installed]
    subprocess.run(command, check=True, cwd=ROOT)
    return target, installed


@pytest.fixture(scope="module")
def installed(built):
    """Return the distributions of the clean environment, by name."""
    (packages,) = built[1].glob("lib/python*/site-packages")
    return {each.name: each for each in distributions(path=[str(packages)])}


def named(project):
    return project.replace("_", "-")


@pytest.mark.parametrize("project", PROJECTS)
def test_the_metadata_says_what_a_package_is_and_whose(installed, project):
    found: Distribution = installed[named(project)]
    metadata = found.metadata
    assert found.version == VERSION
    assert metadata["Author"]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description"].startswith(f"# {named(project)}\n")
    assert {"Typing :: Typed", "Intended Audience :: System Administrators"} <= {
        *metadata.get_all("Classifier")
    }
    licences = [file for file in found.files if file.name == "LICENSE"]
    assert [file.locate().read_text() for file in licences] == [(ROOT / "LICENSE").read_text()]
    assert [file for file in found.files if file.name == "py.typed"]


@pytest.mark.parametrize("project", PROJECTS[1:])
def test_a_provider_and_portinfra_are_bound_to_each_other_by_version(installed, project):
    major, minor, _ = map(int, VERSION.split("."))
    bound = SpecifierSet(f">={major}.{minor},<{major}.{minor + 1}")
    of_provider = {need.name: need for need in map(Requirement, installed[named(project)].requires)}
    extra = {"extra": named(project).removeprefix("portinfra-")}
    of_core = {need.name: need for need in map(Requirement, installed["portinfra"].requires) if need.marker}
    assert of_provider["portinfra"].specifier == bound
    assert of_core[named(project)].specifier == bound
    assert of_core[named(project)].marker.evaluate(extra)


def test_a_wheel_has_modules_and_no_tests(built):
    for project in PROJECTS:
        with ZipFile(built[0] / f"{project}-{VERSION}-py3-none-any.whl") as wheel:
            folders = {Path(name).parts[0] for name in wheel.namelist()}
        assert folders == {project, f"{project}-{VERSION}.dist-info"}


@pytest.mark.parametrize("project", PROJECTS)
def test_every_public_name_of_a_wheel_has_a_type_that_checkers_agree_about(built, project):
    """Pyright finds the wheels by the first Python on the PATH. Its warnings would need the network."""
    programs = f"{built[1] / 'bin'}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        [
            Path(sys.executable).with_name("pyright"),
            "--verifytypes",
            project,
            "--ignoreexternal",
            "--outputjson",
        ],
        env={**os.environ, "PATH": programs, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        capture_output=True,
        text=True,
    )
    complete = json.loads(ran.stdout)["typeCompleteness"]
    assert complete["modules"]
    unclear = [each for each in complete["symbols"] if each["isTypeAmbiguous"] or not each["isTypeKnown"]]
    assert [each["name"] for each in unclear] == []


def test_a_source_archive_builds_the_same_wheel(built, tmp_path):
    for project in PROJECTS:
        with tarfile.open(built[0] / f"{project}-{VERSION}.tar.gz") as archive:
            archive.extractall(tmp_path, filter="data")
        hatchling = Path(sys.executable).with_name("hatchling")
        subprocess.run(
            [hatchling, "build", "-t", "wheel", "-d", tmp_path],
            cwd=tmp_path / f"{project}-{VERSION}",
            check=True,
            capture_output=True,
        )
        wheel = f"{project}-{VERSION}-py3-none-any.whl"
        assert (tmp_path / wheel).read_bytes() == (built[0] / wheel).read_bytes()


def test_the_list_of_components_names_each_installed_distribution(built, installed):
    (text,) = built[0].glob("*.cdx.json")
    listed = {(each["name"], each["version"]) for each in json.loads(text.read_text())["components"]}
    assert listed == {(each.name, each.version) for each in installed.values()}


def test_every_command_of_the_readme_runs_with_the_wheels(built, tmp_path):
    terminal = Terminal(tmp_path, built[1] / "bin")
    assert not terminal.run("python -c 'import portinfra; print(portinfra.__file__)'").startswith(str(ROOT))
    for command, printed in commands("".join(blocks("README.md", "console"))):
        terminal.assert_prints(command, printed)


def test_python_m_portinfra_is_the_program(built, tmp_path):
    terminal = Terminal(tmp_path, built[1] / "bin")
    assert terminal.run("python -m portinfra providers --json") == terminal.run("portinfra providers --json")
    assert terminal.run("python -m portinfra --version").strip().endswith(VERSION)
