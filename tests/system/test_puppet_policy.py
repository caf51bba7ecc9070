"""Puppet's policy program, as Puppet Server runs it, by Debian's Python: exit code 0 signs, 1 refuses."""

import secrets
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from enrolments import OTHER_KEY, request
from signing_hosts import PYTHON, SigningHost, has_program

pytestmark = [pytest.mark.tools(PYTHON, "age", "openssl"), pytest.mark.slow]


@pytest.fixture(scope="module")
def signing(tmp_path_factory):
    if not has_program():
        pytest.skip("python3-cryptography is not installed")
    host = SigningHost(tmp_path_factory.mktemp("puppet"), "puppet-server")
    settings(host, "[server]\nallow_duplicate_certs = true\n")
    return host


def settings(host, text):
    (host.folder / "puppet.conf").write_text(text)


def decide(host, made, name="app1"):
    """Return the exit code of the program, and what it says."""
    command = [
        PYTHON,
        host.program,
        "--state",
        host.state,
        "policy",
        "--puppet-conf",
        host.folder / "puppet.conf",
    ]
    pem = made.public_bytes(Encoding.PEM)
    done = subprocess.run([*command, name], input=pem, capture_output=True, check=False)
    return done.returncode, done.stderr.decode()


def test_the_program_signs_once(signing):
    made = request(given=signing.token())
    assert decide(signing, made) == (0, "app1 signed: the token of the creation a1 is valid\n")
    assert decide(signing, made) == (1, "app1 refused: the token was used before\n")
    assert decide(signing, request(given=signing.token(attempt="a2")))[0] == 0


@pytest.mark.parametrize(
    ("name", "how", "reason"),
    [
        ("app1", {"key": OTHER_KEY}, "forged"),
        ("app1", {"host": "app2"}, "another host"),
        ("app1", {"scope": "shop/development"}, "another environment"),
        ("app1", {"until": 1_800_000_000 - 10**8}, "token expired"),
        ("app9", {}, "its subject is 'app1'"),
        ("../app1", {}, "not that of a host"),
        ("config1", {"host": "config1"}, "this host signs"),
    ],
)
def test_the_program_refuses(signing, name, how, reason):
    code, said = decide(signing, request(given=signing.token(**{"attempt": "b1", **how})), name)
    assert code == 1
    assert reason in said


def test_twelve_requests_with_one_token_get_one_signature(signing):
    made = request("app7", signing.token("app7"))
    with ThreadPoolExecutor(12) as at_once:
        codes = [code for code, _ in at_once.map(lambda _: decide(signing, made, "app7"), range(12))]
    assert sorted(codes) == [0] + [1] * 11


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[server]\nautosign = x\n",
        "[server]\nallow_duplicate_certs = false\n[main]\nallow_duplicate_certs = true\n",
        "[agent]\nallow_duplicate_certs = true\n",
        "[server]\n# allow_duplicate_certs = true\n",
    ],
)
def test_without_duplicate_names_the_program_signs_nothing(signing, text):
    """Puppet Server blocks the name of a refused request otherwise, and with it the real host."""
    settings(signing, text)
    try:
        code, said = decide(signing, request("app8", signing.token("app8")), "app8")
    finally:
        settings(signing, "[server]\nallow_duplicate_certs = true\n")
    assert code == 1
    assert "does not have allow_duplicate_certs = true" in said
    assert (
        decide(signing, request("app8", signing.token("app8", attempt=secrets.token_hex(3))), "app8")[0] == 0
    )


@pytest.mark.parametrize("section", ["server", "master", "main"])
def test_each_section_of_the_server_counts(signing, section):
    settings(signing, f"[{section}]\n  allow_duplicate_certs=true # needed\n")
    assert decide(signing, request("app6", signing.token("app6", attempt=section)), "app6")[0] == 0


@contextmanager
def away(path):
    kept = path.with_name("kept")
    shutil.move(path, kept)
    try:
        yield
    finally:
        shutil.rmtree(path, ignore_errors=True)
        shutil.move(kept, path)


def test_a_lost_record_refuses_all_until_it_is_reopened(tmp_path):
    signing = SigningHost(tmp_path)
    settings(signing, "[server]\nallow_duplicate_certs = true\n")
    made = request("app5", signing.token("app5"))
    with away(signing.state / "used"):
        assert "record of used tokens is lost" in decide(signing, made, "app5")[1]
        assert "the record of used tokens is lost" in signing.install(signing.call("bundle"))
        assert decide(signing, made, "app5")[0] == 1
        assert signing.install(signing.call("reopen")) == ""
        code, said = decide(signing, made, "app5")
        assert code == 1
        assert "revision 2 began a new record of used tokens" in said
        later = signing.token("app5", attempt="a2", revision=2)
        assert decide(signing, request("app5", later), "app5")[0] == 0


def test_the_bundle_of_puppet_has_what_puppet_server_imports(signing):
    kind = subprocess.run(
        ["openssl", "pkey", "-in", signing.state / "ca.key", "-noout", "-text"],
        check=True,
        capture_output=True,
    )
    assert b"3072 bit" in kind.stdout
    verified = subprocess.run(
        ["openssl", "crl", "-in", signing.state / "crl.pem", "-CAfile", signing.state / "ca.pem", "-noout"],
        check=True,
        capture_output=True,
    )
    assert b"verify OK" in verified.stderr
