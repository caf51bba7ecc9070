"""A recovery environment has trust of its own: its hosts get its tokens. So has each drill."""

import gzip
import os
import re
import subprocess
from datetime import UTC, datetime

import pytest
from attrs import evolve
from enrolments import request
from worlds import ONE, RECOVERY, SHOP, recovery

from portinfra import Role, allow
from portinfra.hosts.boot_script import END
from portinfra.model.finding import Severity
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.takeover.takeover import failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.trust import trust_findings
from portinfra.render.runbook import runbook
from portinfra.trust.directory import open_directory
from portinfra.trust.policy import EnrolmentKey, UsedTokens, decide
from portinfra.trust.signer import open_signer
from portinfra.trust.state import State
from portinfra.trust.token import Token, read_token, sign_token

pytestmark = pytest.mark.tools("age", "age-keygen")

TRUSTED = evolve(
    SHOP,
    delivery="files",
    roles=[*SHOP.roles, Role("config", count=1, profile="est-server", waive={"R6": "a test"})],
    flows=[*SHOP.flows, allow(["web", "db"], "config", tcp=8140, why="certificates")],
)
TOKEN = re.compile(r"v1\.[\w-]+\.[\w-]{86}")


@pytest.fixture
def directory(tmp_path):
    """The trust directory of the recovery environment."""
    subprocess.run(["age-keygen", "-o", tmp_path / "age.txt"], check=True, capture_output=True)
    made = open_directory(f"{tmp_path}/trust", {"age_identity": f"{tmp_path}/age.txt"}, "shop/recovery")
    made.create("est", datetime.now(UTC))
    return made


def about(directory, *, identity=True, waves=(["config"], ["db"], ["web"])):
    credentials = {"age_identity": str(directory.identity)} if identity else {}
    target = evolve(RECOVERY, trust=str(directory.folder), credentials=credentials)
    return recovery(topology=TRUSTED, target=target, waves=waves)


def created(cloud):
    """Return the boot scripts of the hosts that are created from now on, by the host's name."""
    found = {}

    def note(action, parameters):
        if action == "CreateInstance":
            host = parameters["name"].rpartition("-")[0].rpartition("-")[2]
            found[host] = parameters.get("boot_script", "")

    cloud.before_request = note
    return found


def test_each_host_of_a_failover_has_a_token_of_the_recovery_environment(ready, directory):
    scripts = created(ready)
    assert failover(about(directory), FailoverOptions(run_options=ONE)).result == "passed"
    assert set(scripts) == {"config1", "db1", "db2", "web1"}
    key = directory.read_enrolment_key().public_key()
    for host, script in scripts.items():
        (text,) = TOKEN.findall(script)
        token = read_token(text, key)
        assert (token.scope, token.host) == ("shop/recovery", host)


def test_a_drill_has_its_own_trust_and_needs_no_key(ready, directory, tmp_path):
    """Its host that signs gets the authority by its user data. Tokens of others open nothing there."""
    scripts = created(ready)
    evidence = drill(about(directory, identity=False), run_options=ONE)
    assert evidence.result == "passed", evidence.reasons[0]
    assert {"config1", "db1", "web1"} <= set(scripts)
    bundle = bundle_call(scripts["config1"]).partition("\n")[2].removesuffix(f"{END}\n")
    assert not any("ca.key" in script for host, script in scripts.items() if host != "config1")
    places = {**os.environ, "STATE": f"{tmp_path}/state", "ROOT": f"{tmp_path}/root"}
    subprocess.run(["sh"], input=bundle, text=True, check=True, capture_output=True, env=places)
    signer = open_signer(State(tmp_path / "state"))
    for host in ("config1", "db1", "web1"):
        (text,) = TOKEN.findall(scripts[host])
        made = request(host, text)
        found = decide(host, made, signer.state.read_key(), signer.state.read_used(), ready.clock.now())
        assert found.sign, found.reason
        assert "+drill-" in found.token.scope
    of_recovery = Token("shop/recovery", "web1", "a1", 1, 2**40)
    made = request("web1", sign_token(of_recovery, directory.read_enrolment_key()))
    found = decide("web1", made, signer.state.read_key(), signer.state.read_used(), ready.clock.now())
    assert "forged" in found.reason
    (text,) = TOKEN.findall(scripts["web1"])
    key = EnrolmentKey("shop/recovery", directory.read_enrolment_key().public_key())
    found = decide("web1", request("web1", text), key, UsedTokens(1, {}), ready.clock.now())
    assert "forged" in found.reason


def bundle_call(script):
    """Return the lines of a boot script that run the bundle."""
    before, first, rest = script.partition("#!/bin/sh\n# portinfra writes this script.")
    return before.splitlines(keepends=True)[-1] + first + rest.partition(f"{END}\n")[0] + f"{END}\n"


def test_a_host_whose_bundle_fails_still_gets_its_firewall(ready, directory, tmp_path):
    scripts = created(ready)
    drill(about(directory), run_options=ONE)
    text = f'set -eu\nsay() {{ echo "$1"; }}\n{bundle_call(scripts["config1"])}echo firewall\n'
    (tmp_path / "state").write_text("no folder")
    places = {**os.environ, "STATE": f"{tmp_path}/state", "ROOT": f"{tmp_path}/root"}
    done = subprocess.run(["sh", "-c", text], check=True, capture_output=True, text=True, env=places)
    assert done.stdout == "this host cannot sign certificates: its bundle failed\nfirewall\n"


def test_the_script_of_the_host_that_signs_in_a_drill_fits_into_user_data(ready, directory):
    """EC2 has the lowest limit: 16,384 bytes, of compressed data."""
    scripts = created(ready)
    drill(about(directory), run_options=ONE)
    assert len(gzip.compress(scripts["config1"].encode())) < 16_000


def test_a_failover_without_the_key_creates_no_host(ready, directory):
    scripts = created(ready)
    evidence = failover(about(directory, identity=False), FailoverOptions(run_options=ONE))
    assert evidence.result == "failed"
    assert "names no identity of age" in evidence.reasons[0]
    assert scripts == {}


def test_the_plan_names_the_command_that_sends_the_authority_of_the_target(ready, directory):
    found = {each.rule: each for each in make_forecast(about(directory)).findings}
    assert "portinfra trust bundle recovery | ssh config1 sudo sh" in found["recovery/trust-bundle"].fix
    assert "recovery/signer-late" not in found


@pytest.mark.parametrize(
    ("waves", "when"),
    [
        ((["db"], ["config"], ["web"]), "only wave 2 brings it up"),
        ((["db"], ["web"]), "no wave brings it up"),
    ],
)
def test_a_host_that_signs_comes_back_in_the_first_wave(directory, waves, when):
    (late,) = [each for each in trust_findings(about(directory, waves=waves)) if "late" in each.rule]
    assert when in late.message
    assert (late.severity, "'config' into the first wave" in late.fix) == (Severity.WARNING, True)


def test_a_recovery_without_trust_has_no_finding():
    assert list(trust_findings(recovery())) == []


def test_the_runbook_sends_the_authority_when_the_host_that_signs_runs(directory):
    page = runbook(about(directory))
    wave, later = page.index("1. **config** (config1)"), page.index("2. **db**")
    assert wave < page.index("`portinfra trust bundle recovery | ssh config1 sudo sh`") < later
    assert str(directory.identity) in page
    assert "trust bundle" not in runbook(recovery())
