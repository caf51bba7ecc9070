"""A real Puppet Server signs by tokens: the bundle, a real agent, requests that it refuses, and HAProxy.

One test, as the server takes most of the time to start, and parallel runs would start several.
"""

import os
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from enrolments import OTHER_KEY, request
from isolated_hosts import PROGRAMS as HOST_PROGRAMS
from new_hosts import create_hosts
from puppet_bed import PROGRAMS as PUPPET_PROGRAMS
from puppet_bed import SETTINGS, PuppetApi, PuppetHost, PuppetServer
from service_shop import platform
from signing_hosts import PYTHON, SigningHost, has_program

from portinfra import Environment, Role, Service, Topology, allow
from portinfra.hosts import enrolment, haproxy
from portinfra.hosts.render import render
from portinfra.placement import place
from portinfra.testing.fabric import PROGRAMS, Fabric, wait_until, why_impossible

pytestmark = [
    pytest.mark.tools(*PROGRAMS, *HOST_PROGRAMS, *PUPPET_PROGRAMS, PYTHON, "age", "curl"),
    pytest.mark.slow,
]

PAY = Service("pay", tcp=8443, local_port=8002, app_port=18443)
SHOP = Topology(
    "shop",
    [
        Role("web", count=3),
        Role("app", count=1, offers=PAY),
        Role("config", count=1, profile="puppet-server"),
    ],
    [
        allow("web", PAY, why="orders"),
        allow(["web", "app"], "config", tcp=8140, why="certificates and configuration"),
    ],
    delivery="puppet",
)
A_SECOND = 1
"""Certificates begin at full seconds. After one, the next certificate begins later."""
AUTHORIZATION = x509.ObjectIdentifier("1.3.6.1.4.1.34380.1.3.39")
"""pp_cli_auth: a host that has it may revoke the certificates of others."""


class Bed:
    """The hosts of an apply, and what operators and hosts do there."""

    def __init__(self, fabric, signing, scripts, folder):
        self.fabric, self.signing, self.scripts, self.folder = fabric, signing, scripts, folder
        self.authority = (signing.folder / "trust/ca.pem").read_text()
        self.api = PuppetApi(fabric, self.authority)
        self.server = PuppetServer(fabric, "config1", folder / "config1")
        self.boot(self.server)

    def boot(self, host):
        host.run("sh", text=self.scripts[self.fabric.hosts[host.name].private_address])

    def host(self, name):
        made = PuppetHost(self.fabric, name, self.folder / name)
        self.boot(made)
        return made

    def send_bundle(self):
        return self.server.run("sh", text=self.signing.call("bundle"))

    def enrol(self, name, given=None, *, path="", **how):
        """Send a request with a new key. Return the status, and the certificate if it was signed."""
        made = request(name, given, key=ec.generate_private_key(ec.SECP256R1()), **how)
        return self.api.enrol(made, path or name)

    def names_in_inventory(self):
        lines = self.server.read("/var/lib/portinfra/trust/puppet/inventory.txt").splitlines()
        return [line.rpartition("=")[2] for line in lines]

    def serial_numbers(self, name):
        lines = self.server.read("/var/lib/portinfra/trust/puppet/inventory.txt").splitlines()
        return [int(line.split()[0], 16) for line in lines if line.endswith(f"/CN={name}")]

    def revoked_serial_numbers(self):
        pem = self.server.read("/var/lib/portinfra/trust/puppet/ca_crl.pem")
        return [each.serial_number for each in x509.load_pem_x509_crl(pem.encode())]

    def let_time_pass(self):
        """Make all tokens so far used a minute earlier, which may be called once."""
        for mark in (self.server.folder / "var/lib/portinfra/trust/used").iterdir():
            used = mark.stat().st_mtime - 60
            os.utime(mark, (used, used))
        time.sleep(A_SECOND)


def test_a_real_puppet_server_signs_by_tokens(tmp_path):
    if why := why_impossible():
        pytest.skip(why)
    if not has_program():
        pytest.skip("python3-cryptography is not installed")
    signing = SigningHost(tmp_path / "signing", "puppet-server")
    production = Environment(
        "production",
        on="fake:us-east-1",
        trust=f"{signing.folder}/trust",
        credentials={"age_identity": f"{signing.folder}/age.txt"},
    )
    scripts, _ = create_hosts(SHOP, production)
    placed = place(SHOP, production)
    (tmp_path / "hosts").mkdir()
    with Fabric(placed, render(placed, platform), tmp_path / "hosts") as fabric:
        bed = Bed(fabric, signing, scripts, tmp_path / "hosts")
        bundle_imports_the_authority_once(bed)
        requests_are_signed_or_refused(bed)
        twelve_requests_with_one_token_get_one_signature(bed)
        a_refused_request_does_not_block_the_real_host(bed)
        an_agent_refuses_a_server_of_another_authority(bed)
        app = an_agent_enrols_by_its_token(bed)
        haproxy_serves_until_a_client_is_revoked(bed, app)


def bundle_imports_the_authority_once(bed):
    waiting = bed.server.enrol(enrolment.SCRIPT)
    assert waiting.returncode == 1
    assert "this host signs, and has no authority yet: send it the bundle" in waiting.stdout
    bed.server.reloads()
    assert "Import succeeded" in bed.send_bundle()
    assert bed.server.reloads() == [
        *["--quiet stop puppetserver"] * 2,
        "--quiet enable puppetserver",
        "--quiet restart puppetserver",
    ]
    assert not (bed.server.folder / "var/lib/portinfra/trust/ca.key").exists()
    bed.server.start_server()
    linked = bed.server.enrol(enrolment.SCRIPT)
    assert linked.returncode == 0, linked.stdout
    assert "CN = config1" in bed.server.run(
        "openssl", "x509", "-noout", "-subject", "-in", f"{haproxy.TLS}/host.pem"
    )
    assert not (bed.server.folder / enrolment.TOKEN.lstrip("/")).exists()


def requests_are_signed_or_refused(bed):
    token = bed.signing.token
    right = token("web1")
    (signature, last) = right[:-4], right[-4:]
    forged = signature + ("AAAA" if last != "AAAA" else "BBBB")
    past = int(time.time()) - 1
    rights = x509.UnrecognizedExtension(AUTHORIZATION, b"\x0c\x04true")
    refused = {
        "wrong key": bed.enrol("web1", token("web1", key=OTHER_KEY)),
        "no token": bed.enrol("web1"),
        "forged": bed.enrol("web1", forged),
        "of another host": bed.enrol("web1", token("web2")),
        "a name that was not created": bed.enrol("app9", right),
        "of another environment": bed.enrol("web1", token("web1", scope="shop/development")),
        "expired": bed.enrol("web1", token("web1", until=past)),
        "another name beside its own": bed.enrol("web1", right, others=["config1"]),
        "with the rights of an operator": bed.enrol("web1", right, extension=rights),
        "of the host that signs": bed.enrol("config1", token("config1")),
        "a path with another name": bed.enrol("web1", right, path="web2"),
        "a path out of the folder": bed.enrol("../web1", right, path="..%2fweb1"),
    }
    assert {how: certificate for how, (_, certificate) in refused.items() if certificate} == {}
    assert refused["a path with another name"][0] == 400
    assert refused["a path out of the folder"][0] == 400
    first = bed.enrol("web1", right)[1]
    assert first
    assert bed.enrol("web1", right)[1] is None, "a token counts once"
    assert "web1 refused: the token was used before" in bed.server.log()
    again = bed.enrol("web1", token("web1", attempt="a2"))[1]
    assert again.serial_number != first.serial_number
    oids = {each.oid.dotted_string for each in again.extensions}
    assert not {each for each in oids if each.startswith("1.3.6.1.4.1.34380")}


def twelve_requests_with_one_token_get_one_signature(bed):
    given = bed.signing.token("web2")
    made = [request("web2", given, key=ec.generate_private_key(ec.SECP256R1())) for _ in range(12)]
    before = bed.names_in_inventory().count("web2")
    with ThreadPoolExecutor(12) as at_once:
        answers = list(at_once.map(lambda each: bed.api.enrol(each, "web2"), made))
    assert [status for status, _ in answers] == [200] * 12
    assert sum(certificate is not None for _, certificate in answers) == 1
    assert bed.names_in_inventory().count("web2") - before == 1


def a_refused_request_does_not_block_the_real_host(bed):
    """Also a replaced host gets its certificate: its name has one already."""
    assert bed.enrol("web3", bed.signing.token("web3", key=OTHER_KEY))[1] is None
    assert bed.enrol("web3", bed.signing.token("web3"))[1]
    assert bed.enrol("web3", bed.signing.token("web3", attempt="replaced"))[1]


def an_agent_refuses_a_server_of_another_authority(bed):
    with bed.host("web3") as host:
        bed.fabric.authority.write(host.folder / "etc/portinfra/tls", "web3")
        settings = host.folder / "etc/puppet/puppet.conf"
        settings.write_text(f"{settings.read_text()}server = config1\ncertname = web3\n")
        refused = host.enrol(enrolment.SCRIPT)
    assert refused.returncode == 1
    assert "certificate verify failed" in refused.stdout


def an_agent_enrols_by_its_token(bed):
    app = bed.host("app1")
    before = bed.names_in_inventory().count("app1")
    app.reloads()
    done = app.enrol(enrolment.SCRIPT)
    assert done.returncode == 0, done.stdout
    assert bed.names_in_inventory().count("app1") == before + 1
    assert app.reloads() == [
        "--quiet enable puppet",
        "--no-block restart puppet",
        "--no-block try-reload-or-restart haproxy",
    ]
    assert not (app.folder / enrolment.TOKEN.lstrip("/")).exists()
    assert not (app.folder / "etc/puppet/csr_attributes.yaml").exists()
    assert (app.folder / "var/lib/puppet/ssl/certs/ca.pem").read_text() == bed.authority
    assert SETTINGS in app.read("/etc/puppet/puppet.conf"), "settings of the image stay"
    return app


def haproxy_serves_until_a_client_is_revoked(bed, app):
    """HAProxy reads Puppet's files by the links. The list of revoked certificates reaches it by the agent."""
    clients = {"web1": client_of(bed, "web1", "b1"), "web2": client_of(bed, "web2", "b1")}
    older = client_of(bed, "web1", "b2"), clients["web1"]
    unused = bed.signing.token("web1", attempt="b3"), bed.signing.token("web1", attempt="b4")
    bed.fabric.start_application("app1", PAY.port_of_app)
    app.start_proxy()
    for name, client in {**clients, "web1 of the run before": older[0]}.items():
        wait_until(lambda name=name, client=client: ask(bed, name.split()[0], client) == "app1")
    bed.signing.call("revoke", "web1", "--former")
    bed.let_time_pass()
    new = client_of(bed, "web1", "c1")
    time.sleep(A_SECOND)
    assert bed.enrol("web1", unused[0])[1], "the host that signs does not know of the revocation yet"
    stolen = bed.serial_numbers("web1")[-1]
    bed.server.reloads()
    assert "web1 is revoked" in bed.send_bundle()
    assert bed.server.reloads() == [], "a revocation restarts nothing"
    done = app.enrol(enrolment.SCRIPT)
    assert done.returncode == 0, done.stdout
    assert app.reloads() == ["--no-block try-reload-or-restart haproxy"]
    app.run("sh", "-c", "kill -USR2 $(cat /run/haproxy.pid)")
    for client in older:
        wait_until(lambda client=client: ask(bed, "web1", client) == "")
    assert ask(bed, "web2", clients["web2"]) == "app1"
    assert ask(bed, "web1", new) == "app1", "the new host may be first"
    assert stolen in bed.revoked_serial_numbers()
    assert bed.enrol("web1", unused[1])[1] is None


def client_of(bed, name, attempt):
    """Return the settings of a client with a certificate of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    _, certificate = bed.api.enrol(request(name, bed.signing.token(name, attempt=attempt), key=key), name)
    file = bed.folder / f"{name}.{attempt}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.create_default_context(cadata=bed.authority)
    context.check_hostname = False
    context.load_cert_chain(file)
    return context


def ask(bed, name, client):
    try:
        return bed.fabric.ask_by_tls(name, "app1", PAY.tcp, client)
    except OSError:
        return ""
