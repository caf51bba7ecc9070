"""Enrolment in a plan: errors of a declaration, the place of a token, and nothing new without trust."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from service_shop import PRODUCTION, SHOP, platform

from portinfra import Role, allow, apply, plan, render_hosts
from portinfra.declaration.declared import Declared
from portinfra.declaration.hcl.write import to_hcl
from portinfra.declaration.load import load
from portinfra.errors import PortinfraError, ValidationError
from portinfra.hosts import enrolment, haproxy
from portinfra.hosts.first_boot import boot_scripts
from portinfra.hosts.render import render
from portinfra.model.finding import Severity
from portinfra.model.topology import ENROLMENT_PROFILES
from portinfra.placement import place
from portinfra.provider.cloud_init import compress
from portinfra.testing.fake import plugin
from portinfra.trust import directory as directories
from portinfra.trust.directory import now, open_directory
from portinfra.trust.token import LENGTH_MAX, Token, sign_token

ROOT = Path(__file__).parents[3]
CONFIG = Role("config", count=1, profile="est-server")
MORE = evolve(CONFIG, name="more")
FLOW = allow(["web", "app", "db", "logs"], "config", tcp=8140, why="certificates")
TRUSTED = evolve(SHOP, roles=[*SHOP.roles, CONFIG], flows=[*SHOP.flows, FLOW])
ENVIRONMENT = evolve(PRODUCTION, trust="trust/production")


@pytest.fixture
def environment(tmp_path):
    """An environment with a trust directory. Only an apply needs its identity."""
    subprocess.run(["age-keygen", "-o", tmp_path / "age.txt"], check=True, capture_output=True)
    credentials = {"age_identity": str(tmp_path / "age.txt")}
    open_directory(f"{tmp_path}/trust", credentials, "shop/production").create("est", now())
    return evolve(PRODUCTION, trust=f"{tmp_path}/trust", credentials=credentials)


def by_puppet(topology, **changes):
    """Return the topology with a Puppet Server in place of the EST server."""
    return evolve(topology.with_role(evolve(CONFIG, profile="puppet-server")), **changes)


def errors(topology, environment=ENVIRONMENT):
    """Return rule → message of the errors about hosts."""
    try:
        render_hosts(topology, environment)
    except PortinfraError as error:
        return {each.rule: f"{each.message}. {each.fix}" for each in error.findings}
    return {}


def changed(**changes):
    return TRUSTED.with_role(evolve(CONFIG, **changes))


def test_a_correct_declaration_has_no_error():
    assert errors(TRUSTED) == {}


@pytest.mark.parametrize(
    ("topology", "rule", "words"),
    [
        (changed(profile=""), "hosts/no-signer", 'profile="est-server"'),
        (changed(count=2), "hosts/signers", "2 hosts sign (config1, config2)"),
        (
            evolve(TRUSTED, roles=[*TRUSTED.roles, MORE]),
            "hosts/signers",
            "config1, more1",
        ),
        (changed(count=0), "hosts/signers", "no host signs certificates"),
    ],
)
def test_a_wrong_declaration_is_an_error_with_what_to_write(topology, rule, words):
    assert words in errors(topology)[rule]


def test_where_puppet_delivers_the_missing_profile_is_that_of_puppet():
    missing = errors(evolve(changed(profile=""), delivery="puppet"))
    assert 'profile="puppet-server"' in missing["hosts/no-signer"]


def scripts_of(topology):
    """Return host → program of enrolment, and host → boot script of its first boot."""
    placed = place(topology, ENVIRONMENT)
    files = render(placed, platform)
    programs = {
        host: next(each.content for each in files[host] if each.path == enrolment.SCRIPT) for host in files
    }
    script = boot_scripts(placed, plugin, "-----BEGIN CERTIFICATE-----\n")
    hosts = [spec for address, spec in placed.resources.items() if address.kind == "instance"]
    return programs, {host.name: script(host).text for host in hosts}


@pytest.mark.parametrize("make", [changed, lambda: by_puppet(TRUSTED)], ids=ENROLMENT_PROFILES[::-1])
def test_each_new_host_has_a_token_the_authority_and_a_program_that_systemd_repeats(make):
    programs, boots = scripts_of(make())
    assert set(programs) == set(boots)
    for host, boot in boots.items():
        assert boot.count(enrolment.STAND_IN) == 1
        assert f"write 644 {haproxy.TLS}/ca.pem" in boot
        assert f"write 755 {enrolment.SCRIPT}" in boot
        assert "start portinfra-enrol.timer portinfra-enrol.service" in boot
        assert "@" not in programs[host].replace("$@", "").replace("@$work", "")
        assert "{name}" not in programs[host]


def test_the_profile_selects_the_program():
    by_est, by_agent = (scripts_of(each)[0]["web1"] for each in (TRUSTED, by_puppet(TRUSTED)))
    assert "simpleenroll" in by_est
    assert "puppet" not in by_est
    assert "puppet config set server config1" in by_agent
    assert "puppet config set certname web1" in by_agent
    assert "curl" not in by_agent


@pytest.mark.parametrize("delivery", ["files", "puppet", "ansible"])
def test_puppets_runs_start_only_where_puppet_delivers(delivery):
    programs, _ = scripts_of(by_puppet(TRUSTED, delivery=delivery))
    assert ("enable puppet" in programs["web1"]) == (delivery == "puppet")


def test_a_profile_survives_hcl(tmp_path):
    text = to_hcl(Declared((TRUSTED,), (ENVIRONMENT,)))
    assert 'profile = "est-server"' in text
    assert 'trust = "trust/production"' in " ".join(text.split())
    (tmp_path / "shop.hcl").write_text(text)
    declared = load(tmp_path / "shop.hcl")
    assert declared.topologies == (TRUSTED,)
    assert declared.environments == (ENVIRONMENT,)


def test_without_trust_no_file_changes():
    """Also a role that signs, and an environment with credentials, change nothing by themselves."""
    before = render(place(SHOP, PRODUCTION), platform)
    after = render(place(SHOP, evolve(PRODUCTION, credentials={"age_identity": "x"})), platform)
    assert {host: after[host] for host in after} == {host: before[host] for host in before}
    placed = place(SHOP, PRODUCTION)
    host = next(spec for address, spec in placed.resources.items() if address.kind == "instance")
    assert (
        boot_scripts(placed, plugin)(host).text
        == boot_scripts(placed, plugin)(evolve(host, enrolment_token="v1.x.y")).text
    )


def test_a_host_is_no_other_host_because_of_its_token():
    host = next(s for a, s in place(SHOP, PRODUCTION).resources.items() if a.kind == "instance")
    other = evolve(host, enrolment_token="v1.secret.secret")
    assert other == host
    assert "secret" not in repr(other)


def test_the_script_of_a_plan_is_as_long_as_that_of_an_apply():
    placed = place(TRUSTED, ENVIRONMENT)
    host = next(spec for address, spec in placed.resources.items() if address.kind == "instance")
    scripts = boot_scripts(placed, plugin, "-----BEGIN CERTIFICATE-----\n")
    token = "v1." + "x" * 200
    real = scripts(evolve(host, enrolment_token=token)).text
    assert scripts(host).text.replace(enrolment.STAND_IN, token) == real
    assert enrolment.STAND_IN not in real
    assert len(enrolment.STAND_IN) == LENGTH_MAX


@pytest.mark.parametrize("letters", range(1, 53))
def test_no_token_is_harder_to_compress_than_its_stand_in(letters):
    """Clouds have a limit of compressed user data, and a plan computes its size."""
    scope = f"{'payments-and-billing-of-the-northern-region-and-more'[:letters]}/production"
    key = Ed25519PrivateKey.from_private_bytes(b"a key that is always the same, 1")
    token = sign_token(Token(scope, "webserver12", "01937e8f0a1b-a1b2c3-0", 1, 1796083200), key)
    assert len(compress(token)) <= len(compress(enrolment.STAND_IN))


@pytest.mark.usefixtures("fake_cloud")
@pytest.mark.tools("age", "age-keygen")
class TestPlans:
    """Plans and applies with a real trust directory."""

    def rules(self, environment, topology=TRUSTED):
        return {each.rule: each for each in plan(topology, environment).findings}

    def test_a_plan_needs_no_private_key(self, environment):
        found = self.rules(evolve(environment, credentials={}))
        assert not any(each.severity is Severity.ERROR for each in found.values())
        assert "config1" in found["hosts/needs"].message

    def test_an_apply_without_the_key_creates_nothing(self, environment):
        without = evolve(environment, credentials={})
        with pytest.raises(PortinfraError, match="names no identity of age"):
            apply(plan(TRUSTED, without), seed=0)
        assert plan(TRUSTED, environment).summary()["create"] == len(plan(TRUSTED, environment).wanted)

    def test_a_missing_directory_stops_the_plan(self, environment):
        missing = plan(TRUSTED, evolve(environment, trust="absent"))
        assert "has no authority" in next(
            each.message for each in missing.errors if each.rule == "hosts/trust"
        )
        with pytest.raises(ValidationError):
            apply(missing)

    def test_an_authority_of_the_other_profile_stops_the_plan(self, environment, tmp_path):
        found = self.rules(environment, by_puppet(TRUSTED))["hosts/authority-kind"]
        assert found.severity is Severity.ERROR
        assert "an elliptic curve, for EST, and config1 has the profile puppet-server" in found.message
        other = evolve(environment, trust=f"{tmp_path}/puppet")
        open_directory(other.trust, other.credentials, "shop/production").create("puppet", now())
        assert "hosts/authority-kind" not in self.rules(other, by_puppet(TRUSTED))
        assert "RSA, for Puppet Server" in self.rules(other)["hosts/authority-kind"].message

    def test_a_plan_names_the_packages_of_the_profile(self, environment):
        assert (
            "openssl, curl, and config1 python3-cryptography"
            in self.rules(environment)["hosts/needs"].message
        )
        needs = self.rules(environment, by_puppet(TRUSTED))["hosts/needs"].message
        assert "puppet-agent, and config1 puppetserver and python3-cryptography" in needs

    def test_an_authority_that_ends_is_a_warning(self, environment, monkeypatch):
        assert "hosts/authority-ends" not in self.rules(environment)
        later = now() + timedelta(days=3650 - 80)
        monkeypatch.setattr(directories, "now", lambda: later)
        assert self.rules(environment)["hosts/authority-ends"].severity is Severity.WARNING

    def test_a_topology_without_delivery_reads_no_key(self, environment):
        plain = evolve(SHOP, delivery="")
        assert apply(plan(plain, evolve(environment, trust="absent", credentials={})), seed=0).succeeded


def test_a_plan_without_trust_imports_none_of_it():
    program = (
        "import sys; sys.path.insert(0, 'tests/support'); from service_shop import *; "
        "from portinfra import plan; "
        "plan(SHOP, PRODUCTION); print([n for n in sys.modules if n.startswith('portinfra.trust')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout == "[]\n"
