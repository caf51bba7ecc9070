"""The bundle on the host that signs: what an older or a newer one changes there."""

import os
import subprocess
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from portinfra.trust.archive import make_archive
from portinfra.trust.authority import create_authority
from portinfra.trust.bundle import make_bundle
from portinfra.trust.state import State

NOW = datetime(2030, 1, 1, tzinfo=UTC)
AUTHORITY, OTHER = (create_authority("shop/production", "est", NOW) for _ in range(2))


@pytest.fixture
def host(tmp_path):
    """Return a function that runs a bundle of some revisions, and returns the state of the host."""

    def install(opened=1, revoked="", authority=AUTHORITY):
        certificate = authority.certificate.public_bytes(Encoding.PEM)
        public = {"ca.pem": certificate, "opened": f"{opened}\n".encode(), "revoked": revoked.encode()}
        places = {**os.environ, "STATE": str(tmp_path / "state"), "ROOT": str(tmp_path / "root")}
        script = make_bundle(authority, public, make_archive(), NOW)
        subprocess.run(["sh"], input=script, text=True, check=True, capture_output=True, env=places)
        return State(tmp_path / "state").read_used()

    return install


def test_each_revision_adds_to_those_before(host):
    assert host().revoked == {}
    assert host(revoked="web1 2\n").revoked == {"web1": 2}
    found = host(opened=4, revoked="app1 3\nweb1 5\n")
    assert (found.opened, found.revoked) == (4, {"app1": 3, "web1": 5})


def test_a_bundle_of_an_old_copy_of_the_directory_ends_no_revocation(host):
    host(opened=3, revoked="web1 2\n")
    found = host(opened=1, revoked="")
    assert (found.opened, found.revoked) == (3, {"web1": 2})


def test_the_revisions_of_another_authority_begin_again(host):
    host(opened=3, revoked="web1 2\n")
    found = host(authority=OTHER)
    assert (found.opened, found.revoked) == (1, {})


def test_a_bundle_changes_nothing_where_puppet_server_has_another_authority(tmp_path):
    """Otherwise it would sign for tokens of one environment with the authority of another one."""
    state = tmp_path / "state"
    places = {**os.environ, "STATE": str(state), "ROOT": str(tmp_path / "root")}
    first, other = (create_authority("shop/production", "puppet", NOW) for _ in range(2))

    def send(authority, scope):
        certificate = authority.certificate.public_bytes(Encoding.PEM)
        public = {"scope": scope, "ca.pem": certificate, "opened": b"1\n", "revoked": b""}
        script = make_bundle(authority, public, make_archive(), NOW)
        return subprocess.run(["sh"], input=script, text=True, check=False, capture_output=True, env=places)

    assert send(first, b"shop/production\n").returncode == 0
    (state / "puppet").mkdir()
    (state / "puppet/ca_crt.pem").write_bytes(first.certificate.public_bytes(Encoding.PEM))
    (state / "ca.key").unlink()
    before = {file: file.read_bytes() for file in state.rglob("*") if file.is_file()}
    refused = send(other, b"shop/recovery\n")
    assert refused.returncode == 1
    assert "has another authority than this bundle" in refused.stderr
    assert {file: file.read_bytes() for file in state.rglob("*") if file.is_file()} == before
    assert send(first, b"shop/production\n").returncode == 0
