"""New hosts from their first boot to a request: an apply signs tokens, each host runs its own script.

The simulator creates the hosts. Their user data runs in network namespaces, with real firewalls, openssl,
curl, HAProxy and the EST server.
"""

import os
import re
import subprocess

import pytest
from attrs import evolve
from est_bed import EstBed
from new_hosts import create_hosts
from service_shop import platform
from signing_hosts import PYTHON, SigningHost, has_program

from portinfra import Environment, Role, Service, Topology, allow
from portinfra.hosts import enrolment, haproxy
from portinfra.hosts.render import render
from portinfra.placement import place
from portinfra.testing.fabric import PROGRAMS, Fabric, why_impossible

pytestmark = [pytest.mark.tools(*PROGRAMS, PYTHON, "age", "openssl", "curl"), pytest.mark.slow]

PAY = Service("pay", tcp=8443, local_port=8002, app_port=18443)
SHOP = Topology(
    "shop",
    [Role("web", count=2), Role("app", count=1, offers=PAY), Role("config", count=1, profile="est-server")],
    [
        allow("web", PAY, why="orders"),
        allow(["web", "app"], "config", tcp=8140, why="certificates"),
    ],
    delivery="files",
)


class NewHosts(EstBed):
    """Hosts that an apply created, each with a folder that stands for its root."""

    def __init__(self, fabric, signing, scripts):
        super().__init__(fabric, signing)
        self.scripts = scripts
        programs = self.folder / "bin"
        programs.mkdir()
        (programs / "systemctl").write_text("#!/bin/sh\n")  # no host here has systemd
        (programs / "systemctl").chmod(0o755)
        self.path = f"PATH={programs}:{os.environ['PATH']}"

    def root(self, host):
        return self.folder / "roots" / host

    def tls(self, host):
        return self.root(host) / "etc/portinfra/tls"

    def boot(self, host):
        """Run the user data of a host at its boot, with the host's root in place of /."""
        script = self.scripts[self.fabric.hosts[host].private_address]
        self.fabric.run(host, "env", self.path, "sh", "-c", self.under(self.root(host), script))

    def enrol(self, host):
        """Run the program that systemd starts."""
        self.fabric.run(host, "env", self.path, "sh", str(self.root(host) / enrolment.SCRIPT.lstrip("/")))

    def under(self, root, script):
        return re.sub(r"(?<=[ =])/(etc|usr/local)/", rf"{root}/\1/", script)

    def certificate(self, host, *options):
        command = ["openssl", "x509", "-in", self.tls(host) / "host.pem", "-noout", *options]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def signing(tmp_path_factory):
    if why := why_impossible():
        pytest.skip(why)
    if not has_program():
        pytest.skip("python3-cryptography is not installed")
    return SigningHost(tmp_path_factory.mktemp("signing"))


@pytest.fixture(scope="module")
def production(signing):
    return Environment(
        "production",
        on="fake:us-east-1",
        trust=f"{signing.folder}/trust",
        credentials={"age_identity": f"{signing.folder}/age.txt"},
    )


@pytest.fixture(scope="module")
def hosts(signing, production, tmp_path_factory):
    scripts, texts = create_hosts(SHOP, production)
    placed = place(SHOP, production)
    with Fabric(placed, render(placed, platform), tmp_path_factory.mktemp("hosts")) as fabric:
        made = NewHosts(fabric, signing, scripts)
        made.texts = texts
        for host in fabric.hosts:
            made.boot(host)
        made.start()
        for host in fabric.hosts:
            made.enrol(host)
        yield made


ALL = ("web1", "web2", "app1", "config1")


@pytest.mark.parametrize("host", ALL)
def test_each_host_has_its_own_certificate_and_no_token(hosts, host):
    assert f"CN = {host}" in hosts.certificate(host, "-subject")
    assert not (hosts.root(host) / enrolment.TOKEN.lstrip("/")).exists()
    assert (hosts.tls(host) / "host.pem.key").stat().st_mode & 0o077 == 0


def test_a_request_passes_with_the_certificates_that_hosts_got(hosts):
    fabric = hosts.fabric
    assert "crl-file" in fabric.content("web1", haproxy.PATH)
    fabric.start_application("app1", PAY.port_of_app)
    for host in ("app1", "web1"):
        fabric.start_proxy(host, tls=hosts.tls(host))
    assert fabric.ask("web1", PAY.local_port) == "app1"


def test_a_certificate_with_enough_time_stays(hosts):
    before = hosts.certificate("web1", "-serial")
    hosts.enrol("web1")
    assert hosts.certificate("web1", "-serial") == before


def test_the_certificate_is_renewed_when_a_third_of_its_time_is_left(hosts):
    script = hosts.root("web1") / enrolment.SCRIPT.lstrip("/")
    usual = script.read_text()
    before, key = hosts.certificate("web1", "-serial"), (hosts.tls("web1") / "host.pem.key").read_text()
    script.write_text(usual.replace("-checkend 864000", f"-checkend {31 * 24 * 3600}"))
    hosts.enrol("web1")
    script.write_text(usual)
    assert hosts.certificate("web1", "-serial") != before
    assert (hosts.tls("web1") / "host.pem.key").read_text() == key


def test_a_host_that_boots_again_keeps_its_certificate(hosts):
    before = hosts.certificate("web2", "-serial")
    (hosts.root("web2") / "etc/portinfra/manifest").unlink()  # its first boot ended half-way
    hosts.boot("web2")
    assert not (hosts.root("web2") / enrolment.TOKEN.lstrip("/")).exists()
    hosts.enrol("web2")
    assert hosts.certificate("web2", "-serial") == before


def test_a_host_whose_answer_was_lost_gets_its_certificate_when_it_asks_again(hosts):
    before = hosts.certificate("web2", "-serial")
    (hosts.tls("web2") / "host.pem").unlink()
    (hosts.root("web2") / "etc/portinfra/manifest").unlink()
    hosts.boot("web2")
    hosts.enrol("web2")
    assert hosts.certificate("web2", "-serial") == before


def test_a_token_that_another_key_used_ends_in_the_words_of_the_host_that_signs(hosts):
    """An intruder used the token of a host: the host says so, without certificate."""
    for name in ("host.pem", "host.pem.key"):
        (hosts.tls("web2") / name).rename(hosts.tls("web2") / f"{name}.kept")
    (hosts.root("web2") / "etc/portinfra/manifest").unlink()
    hosts.boot("web2")
    with pytest.raises(RuntimeError, match=r"web2: config1 refuses .*: the token was used before, by a requ"):
        hosts.enrol("web2")
    assert not (hosts.tls("web2") / "host.pem").exists()
    for name in ("host.pem", "host.pem.key"):
        (hosts.tls("web2") / f"{name}.kept").rename(hosts.tls("web2") / name)
    hosts.enrol("web2")


def test_a_host_without_certificate_and_token_says_what_to_do(hosts):
    kept = hosts.tls("web2") / "kept"
    (hosts.tls("web2") / "host.pem").rename(kept)
    with pytest.raises(
        RuntimeError, match="web2: this host has neither a certificate nor a token: replace it"
    ):
        hosts.enrol("web2")
    kept.rename(hosts.tls("web2") / "host.pem")


def test_a_server_of_another_authority_is_refused(hosts, tmp_path):
    other, mine = SigningHost(tmp_path), hosts.tls("web1") / "ca.pem"
    usual = mine.read_text()
    mine.write_text((other.state / "ca.pem").read_text())
    try:
        with pytest.raises(RuntimeError, match="certificate"):
            hosts.enrol("web1")
    finally:
        mine.write_text(usual)


def test_a_revoked_host_is_refused_by_the_proxies_of_others(hosts):
    hosts.signing.call("revoke", "web2", "--former")
    hosts.signing.install(hosts.signing.call("bundle"))
    hosts.enrol("app1")
    fabric = hosts.fabric
    for host in ("app1", "web1", "web2"):
        if host in ("app1", "web1"):
            fabric.stop_proxy(host)
        fabric.start_proxy(host, tls=hosts.tls(host))
    assert fabric.ask("web1", PAY.local_port) == "app1"
    assert fabric.ask("web2", PAY.local_port) == ""


def test_no_token_is_an_argument_of_a_program(hosts):
    """Every program of the script is logged with its arguments, as `ps` shows them."""
    host = "web2"
    text = (hosts.root(host) / enrolment.SCRIPT.lstrip("/")).read_text()
    token = hosts.signing.token(host, attempt="ps")
    place_of_token = hosts.root(host) / enrolment.TOKEN.lstrip("/")
    place_of_token.write_text(f"{token}\n")
    (hosts.tls(host) / "host.pem").unlink()
    arguments = hosts.folder / "arguments"
    wrapped = hosts.folder / "wrapped"
    wrapped.mkdir()
    for program in ("openssl", "curl", "cat", "tr", "head", "rm", "mv", "grep", "mktemp"):
        file = wrapped / program
        file.write_text(
            f'#!/bin/sh\necho "{program} $*" >> {arguments}\nPATH={os.environ["PATH"]} exec {program} "$@"\n'
        )
        file.chmod(0o755)
    assert token not in text
    fabric_path = f"PATH={wrapped}:{hosts.path.removeprefix('PATH=')}"
    hosts.fabric.run(host, "env", fabric_path, "sh", "-c", text)
    logged = arguments.read_text()
    assert "simpleenroll" in logged
    assert "curl" in logged
    for part in token.split(".")[1:]:
        assert part not in logged


def test_no_token_is_stored_outside_of_user_data(hosts):
    """The journal, the plan, tags, and the server's log and folder have none. User data has each."""
    tokens = [re.search(r"v1\.[\w-]+\.[\w-]{86}", script)[0] for script in hosts.scripts.values()]
    assert len(set(tokens)) == 4
    secrets = [part for token in tokens for part in token.split(".")[1:]]
    files = [each for each in hosts.signing.state.rglob("*") if each.is_file()]
    texts = [*hosts.texts, hosts.log(), *(each.read_text(errors="replace") for each in files)]
    assert [(each, text) for each in secrets for text in texts if each in text] == []


def test_a_topology_without_trust_has_none_of_it(production):
    """Its files and scripts are those of earlier versions, whatever profile a role has."""
    plain = evolve(production, trust="", credentials={})
    files = render(place(SHOP, plain), platform)
    paths = {file.path for some in files.values() for file in some}
    assert not paths & {enrolment.SCRIPT, enrolment.UNIT, enrolment.TIMER}
    assert not any("crl" in file.content for some in files.values() for file in some)
