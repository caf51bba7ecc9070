"""The EST server on a host of its own, with declared firewalls between it and the hosts that enrol.

Requests come from openssl and curl. The server runs with Debian's Python, from the bundle.
"""

import socket
import subprocess

import pytest
from enrolments import OTHER_KEY
from est_bed import EstBed
from service_shop import platform
from signing_hosts import PYTHON, SigningHost, has_program

from portinfra import Environment, Role, Topology, allow
from portinfra.hosts.render import render
from portinfra.placement import place
from portinfra.testing.fabric import PROGRAMS, Fabric, why_impossible

pytestmark = [pytest.mark.tools(*PROGRAMS, PYTHON, "age", "openssl", "curl"), pytest.mark.slow]

SHOP = place(
    Topology(
        "shop",
        [Role("app"), Role("config", count=1), Role("web", count=1)],
        [allow("app", "config", tcp=8140, why="certificates")],
        delivery="files",
    ),
    Environment("production", on="fake:us-east-1"),
)


USED = "the token was used before, by a request with another key\n"


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    if why := why_impossible():
        pytest.skip(why)
    if not has_program():
        pytest.skip("python3-cryptography is not installed")
    signing = SigningHost(tmp_path_factory.mktemp("signing"))
    with Fabric(SHOP, render(SHOP, platform), tmp_path_factory.mktemp("hosts")) as fabric:
        for name in fabric.hosts:
            fabric.load_firewall(name)
        made = EstBed(fabric, signing)
        made.start()
        yield made


def verify(bed, file, *options):
    command = ["openssl", "verify", "-CAfile", bed.signing.state / "ca.pem", *options, file]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def serial_of(file):
    command = ["openssl", "x509", "-in", file, "-noout", "-serial"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def test_the_certificate_of_the_authority_is_public(bed):
    status, text = bed.ask("/.well-known/est/cacerts")
    assert status == 200
    assert verify(bed, bed.save("authority", text)).returncode == 0


@pytest.mark.parametrize("path", ["simpleenroll", "app1/simpleenroll"])
def test_a_host_enrols_with_its_token_and_another_key_does_not(bed, path):
    token = bed.signing.token(attempt=f"once{len(path)}")
    status, text = bed.enrol("app1", token, path=path)
    assert status == 200
    file = bed.save("app1", text)
    for purpose in ("sslserver", "sslclient"):
        assert verify(bed, file, "-purpose", purpose, "-verify_hostname", "app1").returncode == 0
    serial = serial_of(file)
    status, text = bed.enrol("app1", token, path=path)  # as a host does whose answer was lost
    assert (status, serial_of(bed.save("app1", text))) == (200, serial)
    assert bed.enrol("app1", token, path=path, key=bed.key("thief")) == (403, USED)


def test_a_replaced_host_enrols_with_a_new_key_and_the_token_of_its_run(bed):
    assert bed.enrol("app3", bed.signing.token("app3", attempt="first"))[0] == 200
    bed.key("app3").unlink()
    assert bed.enrol("app3", "x" * 40)[0] == 403  # an intruder's request blocks no name
    assert bed.enrol("app3", bed.signing.token("app3", attempt="second"))[0] == 200


@pytest.mark.parametrize(
    ("how", "more", "reason"),
    [
        (None, {}, "it has no token"),
        ({"key": OTHER_KEY}, {}, "forged"),
        ({"host": "app2"}, {}, "another host: app2"),
        ({"scope": "shop/development"}, {}, "another environment: shop/development"),
        ({"until": 1_700_000_000}, {}, "token expired"),
        ({}, {"others": "config1"}, "requests other names"),
    ],
)
def test_a_request_is_refused(bed, how, more, reason):
    token = "" if how is None else bed.signing.token(**{"attempt": "r", **how})
    status, text = bed.enrol("app1", token, **more)
    assert status == 403
    assert reason in text


@pytest.mark.parametrize(
    "path",
    [
        "app2/simpleenroll",
        "../simpleenroll",
        "..%2fapp1/simpleenroll",
        "app1%2f/simpleenroll",
        "/simpleenroll",
    ],
)
def test_a_path_that_is_not_the_subject_is_malformed(bed, path):
    status, _ = bed.enrol("app1", bed.signing.token(attempt="path"), path=path)
    assert status == 400
    assert not (bed.signing.state / "used/app1.path").exists()


@pytest.mark.parametrize(("body", "status"), [("hello", 400), ("%%%", 400), ("QUFB" * 5000, 400)])
def test_what_is_no_request_is_malformed(bed, body, status):
    assert bed.ask("/.well-known/est/simpleenroll", body)[0] == status


def test_an_unknown_path_is_not_found(bed):
    assert bed.ask("/etc/passwd")[0] == 404
    assert bed.ask("/.well-known/est/serverkeygen", "QUFB")[0] == 404


def test_twelve_keys_with_one_token_get_one_certificate(bed):
    token = bed.signing.token(attempt="race")
    bodies = [bed.folder / f"race{number}" for number in range(12)]
    for body in bodies:
        body.write_text(bed.request("app1", token, key=bed.key(body.name)))
    asking = [curl(bed, body) for body in bodies]
    answers = [each.communicate()[0] for each in asking]
    assert sorted(answers) == [b"200"] + [b"403"] * 11


def curl(bed, file):
    """Start curl on app1, which prints the status of its answer."""
    command = [
        *("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", bed.signing.state / "ca.pem"),
        *("--resolve", f"config1:8140:{bed.address}", "--data-binary", f"@{file}"),
        "https://config1:8140/.well-known/est/simpleenroll",
    ]
    with bed.fabric.inside("app1"):
        return subprocess.Popen(command, stdout=subprocess.PIPE)


def own_certificate(bed, host):
    return ("--cert", str(bed.folder / f"{host}.pem"), "--key", str(bed.key(host)))


def renew(bed, host, *, shown=None, key=None):
    options = own_certificate(bed, shown) if shown else ()
    return bed.ask("/.well-known/est/simplereenroll", bed.request(host, key=key), options=options)


@pytest.fixture
def enrolled(bed):
    """Two hosts with their certificates."""
    for host in ("app1", "app2"):
        status, text = bed.enrol(host, bed.signing.token(host, attempt=f"n{len(bed.log())}"))
        assert status == 200
        bed.save(host, text)


@pytest.mark.usefixtures("enrolled")
def test_a_host_renews_its_certificate_with_its_own(bed):
    before = (bed.folder / "app1.pem").read_text()
    status, text = renew(bed, "app1", shown="app1")
    assert status == 200
    assert bed.save("app1", text).read_text() != before
    assert verify(bed, bed.folder / "app1.pem").returncode == 0


@pytest.mark.usefixtures("enrolled")
def test_a_renewal_without_its_own_certificate_is_refused(bed):
    assert renew(bed, "app1") == (403, "it shows no certificate of its own\n")
    assert renew(bed, "app1", shown="app2") == (403, "it shows the certificate of 'app2'\n")


@pytest.mark.usefixtures("enrolled")
def test_a_revoked_host_renews_nothing_and_is_in_the_list(bed):
    bed.signing.call("revoke", "app2")
    bed.signing.install(bed.signing.call("bundle"))
    assert renew(bed, "app2", shown="app2") == (403, "the certificate that it shows is revoked\n")
    assert renew(bed, "app1", shown="app1")[0] == 200
    status, text = bed.ask("/crl.pem")
    assert status == 200
    listed = bed.folder / "crl.pem"
    listed.write_text(text)
    assert "revoked" in verify(bed, bed.folder / "app2.pem", "-crl_check", "-CRLfile", listed).stderr
    assert verify(bed, bed.folder / "app1.pem", "-crl_check", "-CRLfile", listed).returncode == 0


def test_a_server_of_another_authority_is_refused(bed, tmp_path):
    other = SigningHost(tmp_path)
    with pytest.raises(RuntimeError, match="certificate"):
        bed.ask("/.well-known/est/cacerts", ca=str(other.state / "ca.pem"))


def test_a_role_without_a_flow_does_not_reach_it(bed):
    with pytest.raises(RuntimeError, match=r"timed out|[Tt]imeout"):
        bed.ask("/.well-known/est/cacerts", at="web1", options=("--connect-timeout", "1"))


def test_no_line_of_the_log_has_a_token(bed):
    token = bed.signing.token("app2", attempt="canary")
    bed.enrol("app2", token)
    bed.enrol("app2", token, key=bed.key("thief"))
    assert USED.strip() in bed.log()
    assert token.rpartition(".")[2] not in bed.log()
    assert token.split(".")[1] not in bed.log()


def test_a_killed_server_forgets_no_token(bed):
    used, unused = bed.signing.token("app2", attempt="before"), bed.signing.token("app2", attempt="after")
    assert bed.enrol("app2", used)[0] == 200
    bed.server.kill()
    bed.server.wait()
    bed.start()
    assert bed.enrol("app2", used, key=bed.key("thief")) == (403, USED)
    assert bed.enrol("app2", unused)[0] == 200


def test_silent_clients_stop_no_other(bed):
    with bed.fabric.inside("app1"):
        silent = [socket.create_connection((bed.address, 8140)) for _ in range(50)]
    try:
        assert bed.ask("/.well-known/est/cacerts")[0] == 200
    finally:
        for each in silent:
            each.close()
