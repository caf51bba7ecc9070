"""The writer of repositories says whose the files are that it does not replace."""

import pytest

from portinfra.commands.exits import EditedFileError
from portinfra.commands.hosts.repository import write_repository
from portinfra.hosts.delivery.repository import Repository, rendered_file


def repository(scope):
    return Repository(scope, (rendered_file("hosts/web1.yml", "a: 1\n", scope),), ("hosts",))


def refusal(folder, scope):
    with pytest.raises(EditedFileError) as found:
        write_repository(folder, repository(scope))
    return str(found.value)


def test_a_file_of_another_topology_is_not_said_to_be_of_a_person(tmp_path):
    write_repository(tmp_path, repository("shop/production"))
    assert "web1.yml (of shop/production) for blog/production" in refusal(tmp_path, "blog/production")


def test_an_edited_file_is_named_so(tmp_path):
    write_repository(tmp_path, repository("shop/production"))
    with (tmp_path / "hosts" / "web1.yml").open("a") as file:
        file.write("# mine\n")
    assert "web1.yml (edited) for shop/production" in refusal(tmp_path, "shop/production")
