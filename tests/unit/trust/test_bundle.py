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
