"""`hosts puppet` and `hosts ansible` bring a repository up to date, and keep what a person wrote there."""

import json

import pytest
from attrs import evolve
from json_schema import document_errors
from service_shop import PRODUCTION, SHOP, with_count
from typer.testing import CliRunner

from portinfra import render_hosts
from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.declaration.declared import Declared

SMALLER = with_count(SHOP, "web", 2)
DATA = {
    "puppet": "data/hosts/production/{}.yaml",
    "ansible": "inventory/production/host_vars/{}/portinfra.yml",
}
COMMON = {"puppet": "site/portinfra/manifests/init.pp", "ansible": "roles/portinfra/tasks/main.yml"}
OWN = {"puppet": "site/profile/manifests/base.pp", "ansible": "site.yml"}
TOOLS = pytest.mark.parametrize("tool", DATA)


def run(tool, into, *more, topology=SHOP, environment=PRODUCTION):
    words = ("hosts", tool, environment.name, "--into", str(into), *more)
    session = Session("portinfra", words, Declared((topology,), (environment,)))
    return CliRunner().invoke(app(session), words)


def tree(folder):
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@TOOLS
def test_each_host_has_its_data_and_a_second_run_writes_nothing(tool, tmp_path):
    first = run(tool, tmp_path)
    assert (first.exit_code, "Written: 12 hosts" in first.stderr) == (0, True)
    for host in render_hosts(SHOP, PRODUCTION):
        assert (tmp_path / DATA[tool].format(host)).is_file()
    before = tree(tmp_path)
    second = run(tool, tmp_path)
    assert "0 files changed, 0 files removed" in second.stderr
    assert tree(tmp_path) == before


@TOOLS
def test_with_json_it_prints_what_hosts_files_prints(tool, tmp_path):
    document = json.loads(run(tool, tmp_path, "--json").stdout)
    assert document_errors(document) == []
    assert document["hosts"].keys() == render_hosts(SHOP, PRODUCTION).keys()


@TOOLS
def test_the_data_of_a_former_host_is_removed_and_what_a_person_put_beside_it_stays(tool, tmp_path):
    run(tool, tmp_path)
    gone = tmp_path / DATA[tool].format("web3")
    own = gone.with_name("own.yml")
    own.write_text("mine: 1\n")
    done = run(tool, tmp_path, topology=SMALLER)
    assert (done.exit_code, "1 file removed" in done.stderr) == (0, True)
    assert (gone.exists(), own.read_text()) == (False, "mine: 1\n")


@TOOLS
@pytest.mark.parametrize("which", [DATA, COMMON], ids=["data", "module"])
def test_an_edited_file_is_refused_with_its_path_and_nothing_is_written(tool, which, tmp_path):
    run(tool, tmp_path)
    edited = tmp_path / which[tool].format("web1")
    edited.write_text(f"{edited.read_text()}# mine\n")
    before = tree(tmp_path)
    done = run(tool, tmp_path, topology=with_count(SHOP, "app", 5))
    assert (done.exit_code, str(edited) in done.stderr.replace("\n", "")) == (3, True)
    assert tree(tmp_path) == before


@TOOLS
def test_the_edited_data_of_a_former_host_is_refused_too(tool, tmp_path):
    run(tool, tmp_path)
    edited = tmp_path / DATA[tool].format("web3")
    edited.write_text(f"{edited.read_text()}# mine\n")
    assert run(tool, tmp_path, topology=SMALLER).exit_code == 3
    assert edited.exists()


@TOOLS
@pytest.mark.parametrize("content", [b"mine\n", b"\xff\xfe"], ids=["text", "no text"])
def test_a_file_of_a_person_at_a_place_of_ours_is_refused(tool, content, tmp_path):
    own = tmp_path / DATA[tool].format("web1")
    own.parent.mkdir(parents=True)
    own.write_bytes(content)
    assert run(tool, tmp_path).exit_code == 3
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [own]


@TOOLS
def test_a_deleted_file_of_ours_is_written_again(tool, tmp_path):
    run(tool, tmp_path)
    before = tree(tmp_path).keys()
    (tmp_path / COMMON[tool]).unlink()
    assert "1 file changed" in run(tool, tmp_path).stderr
    assert tree(tmp_path).keys() == before


@TOOLS
def test_first_versions_are_never_written_again(tool, tmp_path):
    run(tool, tmp_path)
    own = tmp_path / OWN[tool]
    own.write_text("mine\n")
    assert run(tool, tmp_path, topology=SMALLER).exit_code == 0
    assert own.read_text() == "mine\n"


@TOOLS
def test_environments_and_topologies_share_a_repository(tool, tmp_path):
    development = evolve(PRODUCTION, name="development")
    other = evolve(SHOP, name="blog", roles=[evolve(SHOP.role("logs"), name="blog")], flows=[])
    run(tool, tmp_path)
    before = tree(tmp_path)
    assert run(tool, tmp_path, environment=development).exit_code == 0
    assert run(tool, tmp_path, topology=other).exit_code == 0
    assert tree(tmp_path).items() >= before.items()


@TOOLS
def test_a_host_that_two_topologies_have_is_refused(tool, tmp_path):
    run(tool, tmp_path)
    assert run(tool, tmp_path, topology=evolve(SHOP, name="blog")).exit_code == 3


@TOOLS
def test_a_link_to_nothing_is_not_followed(tool, tmp_path):
    link = tmp_path / "repository" / DATA[tool].format("web1")
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "outside")
    assert run(tool, tmp_path / "repository").exit_code == 3
    assert not (tmp_path / "outside").exists()


@TOOLS
def test_a_file_in_place_of_a_folder_is_an_error_with_its_path(tool, tmp_path):
    (tmp_path / "file").write_text("")
    done = run(tool, tmp_path / "file")
    assert (done.exit_code, "file" in done.stderr, "Name another directory" in done.stderr) == (1, True, True)


@TOOLS
def test_without_delivery_there_is_nothing_to_write(tool, tmp_path):
    done = run(tool, tmp_path, topology=evolve(SHOP, delivery=""))
    assert (done.exit_code, list(tmp_path.iterdir())) == (1, [])
