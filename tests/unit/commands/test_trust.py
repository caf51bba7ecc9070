"""`trust`: the keys of an environment, and the bundle for the host that signs."""

import subprocess

import pytest
from typer.testing import CliRunner

from portinfra import Environment, Role, Topology
from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.declaration.declared import Declared
from portinfra.trust.authority import kind_of
from portinfra.trust.directory import open_directory

pytestmark = pytest.mark.tools("age", "age-keygen")
SHOP = Topology("shop", roles=[Role("app")])
BY_PUPPET = Topology("shop", roles=[Role("config", count=1, profile="puppet-server")], delivery="files")
SECRET = "PRIVATE KEY"


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a command in an environment whose trust lies in the test's folder."""
    subprocess.run(["age-keygen", "-o", tmp_path / "age.txt"], check=True, capture_output=True)

    def run(*arguments, trust="trust", identity="age.txt", name="production", topology=SHOP):
        credentials = {"age_identity": str(tmp_path / identity)} if identity else {}
        where = str(tmp_path / trust) if trust else ""
        environment = Environment(name, on="fake:us-east-1", trust=where, credentials=credentials)
        words = ("trust", *arguments)
        session = Session("portinfra", words, Declared((topology,), (environment,)))
        return CliRunner().invoke(app(session), words)

    return run


def message(done):
    return " ".join(done.output.split())


def test_init_writes_encrypted_keys(run, tmp_path):
    assert run("init").exit_code == 0
    written = {file.name: file.read_bytes() for file in (tmp_path / "trust").iterdir()}
    names = {
        "ca.key.age",
        "ca.pem",
        "enrolment.key.age",
        "enrolment.pub",
        "opened",
        "recipients",
        "revoked",
        "scope",
    }
    assert set(written) == names
    assert not any(SECRET.encode() in raw for raw in written.values())
    directory = open_directory(
        f"{tmp_path}/trust", {"age_identity": f"{tmp_path}/age.txt"}, "shop/production"
    )
    assert kind_of(directory.read_authority().certificate) == "est"
    assert directory.read_enrolment_key()


def test_init_makes_the_authority_that_the_profile_needs(run, tmp_path):
    assert run("init", topology=BY_PUPPET).exit_code == 0
    directory = open_directory(f"{tmp_path}/trust", {}, "shop/production")
    assert kind_of(directory.read_certificate()) == "puppet"


def test_a_second_init_changes_nothing(run, tmp_path):
    run("init")
    before = (tmp_path / "trust/ca.pem").read_bytes()
    done = run("init")
    assert "has an authority already" in message(done)
    assert (tmp_path / "trust/ca.pem").read_bytes() == before


def test_an_interrupted_init_is_repeated(run, tmp_path):
    run("init")
    (tmp_path / "trust/ca.pem").unlink()
    assert run("init").exit_code == 0
    assert run("bundle").exit_code == 0


def test_every_operator_in_recipients_reads_the_keys(run, tmp_path):
    subprocess.run(["age-keygen", "-o", tmp_path / "other.txt"], check=True, capture_output=True)
    keys = [
        subprocess.run(["age-keygen", "-y", tmp_path / name], check=True, capture_output=True).stdout
        for name in ("age.txt", "other.txt")
    ]
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust/recipients").write_bytes(b"".join(keys))
    run("init")
    assert run("bundle", identity="other.txt").exit_code == 0


def test_init_refuses_keys_that_its_own_operator_cannot_read(run, tmp_path):
    other = subprocess.run(["age-keygen"], check=True, capture_output=True).stdout
    (tmp_path / "other.txt").write_bytes(other)
    (tmp_path / "trust").mkdir()
    key = subprocess.run(["age-keygen", "-y", tmp_path / "other.txt"], check=True, capture_output=True)
    (tmp_path / "trust/recipients").write_bytes(key.stdout)
    assert "age fails on" in message(run("init"))
    assert not (tmp_path / "trust/ca.pem").exists()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"trust": ""}, "has no trust directory"),
        ({"identity": ""}, "names no identity of age"),
        ({"identity": "absent.txt"}, "there is no file"),
        ({"trust": "absent"}, "has no authority"),
        ({"name": "development"}, "is the trust of shop/production, and not of shop/development"),
    ],
)
def test_a_missing_part_is_named_with_what_to_do(run, how, words):
    run("init")
    done = run("bundle", **how)
    assert done.exit_code != 0
    assert words in message(done)
    assert len(done.output.splitlines()) == 2  # what happened, and what to do
    assert SECRET not in done.output


def test_a_key_of_another_authority_is_found(run, tmp_path):
    run("init")
    run("init", trust="other")
    for name in ("ca.key.age", "enrolment.key.age"):
        (tmp_path / "other" / name).rename(tmp_path / "trust" / name)
    assert "is not the key of ca.pem beside it" in message(run("bundle"))


def test_each_change_is_a_revision_whatever_the_clock_says(run, tmp_path):
    run("init")
    files = [tmp_path / "trust" / name for name in ("opened", "revoked")]
    assert [file.read_text() for file in files] == ["1\n", ""]
    run("revoke", "production", "app2")
    run("revoke", "production", "app1")
    run("revoke", "production", "app2")
    assert [file.read_text() for file in files] == ["1\n", "app1 3\napp2 4\n"]
    run("reopen")
    assert [file.read_text() for file in files] == ["5\n", "app1 3\napp2 4\n"]
    assert "is not the name of a host" in message(run("revoke", "production", "../app", "--former"))


def test_a_host_that_the_topology_does_not_declare_is_revoked_only_as_a_former_one(run, tmp_path):
    run("init")
    refused = run("revoke", "production", "app9")
    assert (refused.exit_code, "There are app1 … app3" in message(refused)) == (2, True), message(refused)
    assert (tmp_path / "trust/revoked").read_text() == ""
    assert run("revoke", "production", "app9", "--former").exit_code == 0
    assert (tmp_path / "trust/revoked").read_text().startswith("app9 ")


def test_no_error_has_a_private_key(run):
    run("init")
    for arguments in (("bundle", "--json"), ("revoke",), ("reopen", "x")):
        assert SECRET not in run(*arguments).output
