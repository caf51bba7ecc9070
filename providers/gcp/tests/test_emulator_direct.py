"""The bed without a socket: libcloud's requests are answered in this process, and a fork takes all along."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import google.auth
import pytest
import requests
from google.auth.transport.requests import Request
from libcloud.compute.drivers.gce import GCEConnection, GCENodeDriver

from emulator.accounts import key_file
from emulator.conformance_bed import REGION, ZONES, GcpBed
from emulator.direct import HOST
from emulator.identities import EMAIL, PROJECT, TOKEN

NETWORK = {"name": "n", "autoCreateSubnetworks": False}


@pytest.fixture
def gcp() -> Iterator[GcpBed]:
    with GcpBed() as bed:
        yield bed


class Connection(GCEConnection):
    """libcloud's own transport, to another host."""

    def __init__(self, user: str, key: str, secure: bool = False, **more: Any) -> None:
        super().__init__(user, key, False, **more)
        self.host, self.port = HOST, 80


class Driver(GCENodeDriver):
    connectionCls = Connection


@pytest.fixture
def libcloud(gcp: GcpBed, tmp_path: Path) -> Any:
    held = tmp_path / "token"
    held.write_text(json.dumps({"access_token": TOKEN, "expire_time": "2099-01-01T00:00:00Z"}))
    return Driver("", "", project=PROJECT, auth_type="GCE", credential_file=str(held)).connection


def create(libcloud: Any, name: str = "n") -> None:
    libcloud.request("/global/networks", method="POST", data={**NETWORK, "name": name})


def test_a_client_of_before_the_fork_speaks_to_the_world_of_its_own_process(
    gcp: GcpBed, libcloud: Any
) -> None:
    create(libcloud)
    child = os.fork()
    if child == 0:
        try:
            create(libcloud, "m")
            os._exit(len(gcp.ground_truth()))
        finally:
            os._exit(99)
    _, status = os.waitpid(child, 0)
    assert (os.waitstatus_to_exitcode(status), len(gcp.ground_truth())) == (2, 1)


def test_a_dropped_connection_is_one(gcp: GcpBed, libcloud: Any) -> None:
    gcp.gce.fault("dropped after", action="networks.insert")
    with pytest.raises(requests.ConnectionError):
        create(libcloud)
    assert len(gcp.ground_truth()) == 1


def test_a_service_account_gets_its_token_and_a_new_one_in_time(
    gcp: GcpBed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file(tmp_path, f"http://{HOST}:80")))
    credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/compute"])
    assert project == PROJECT
    credentials.refresh(Request())
    before = credentials.token
    url = f"http://{HOST}/compute/v1/projects/{PROJECT}"
    assert requests.get(url, headers={"Authorization": f"Bearer {before}"}, timeout=9).status_code == 200
    gcp.gce.advance(3600)
    assert requests.get(url, headers={"Authorization": f"Bearer {before}"}, timeout=9).status_code == 401
    credentials.refresh(Request())
    assert credentials.token != before


def test_an_account_that_is_known_can_be_impersonated(gcp: GcpBed) -> None:
    gcp.gce.add_identity(
        "deploy@portinfra-bed.iam.gserviceaccount.com", "x", permissions=["compute.zones.list"]
    )
    where = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts"
    headers = {"Authorization": f"Bearer {TOKEN}"}

    def ask(account: str) -> requests.Response:
        url = f"{where}/{account}:generateAccessToken"
        return requests.post(url, json={"lifetime": "600s"}, headers=headers, timeout=9)

    assert ask("nobody@example.com").status_code == 404
    told = ask("deploy@portinfra-bed.iam.gserviceaccount.com").json()
    url = f"http://{HOST}/compute/v1/projects/{PROJECT}"
    as_deployer = {"Authorization": f"Bearer {told['accessToken']}"}
    assert requests.get(f"{url}/zones", headers=as_deployer, timeout=9).status_code == 200
    assert requests.get(url, headers=as_deployer, timeout=9).status_code == 403


def test_the_token_endpoint_gives_tokens(gcp: GcpBed) -> None:
    told = requests.post(
        "https://oauth2.googleapis.com/token", data={"grant_type": "refresh_token"}, timeout=9
    )
    assert gcp.gce.identities.of(f"Bearer {told.json()['access_token']}", gcp.clock.now()).email == EMAIL


def test_what_a_person_makes_is_in_the_books(gcp: GcpBed) -> None:
    gcp.make_foreign()
    assert [line.split(" ")[:2] for line in gcp.ground_truth()] == [
        [kind, "sample-data"]
        for kind in ("address", "disk", "firewall", "health-check", "network", "snapshot", "subnetwork")
    ]
    gcp.reset()
    assert gcp.ground_truth() == []


def test_the_books_have_claims_and_leave_out_what_differs_between_equal_worlds(gcp: GcpBed) -> None:
    told = json.dumps({"owner": "payments/production", "attempt": "7"})
    for name in ("portinfra-0a1b-claim-7", "mine"):
        gcp.gce.act("healthChecks.insert", {"name": name, "type": "TCP", "description": told})
    claim, mine = gcp.ground_truth()
    assert claim == ('claim health-check portinfra-0a1b-claim-7 TCP {} {"owner": "payments/production"}')
    assert mine.startswith("health-check mine")


def test_a_silent_zone_speaks_again(gcp: GcpBed) -> None:
    with gcp.silence(ZONES[0]):
        assert gcp.gce.settings.silent == {ZONES[0]}
    assert gcp.gce.settings.silent == set()


def test_limits_are_set_by_kind_and_forgotten(gcp: GcpBed) -> None:
    gcp.set_quota("instance", 3)
    gcp.exhaust(ZONES[0])
    assert (gcp.gce.settings.quotas, gcp.gce.settings.exhausted) == ({"INSTANCES": 3}, {ZONES[0]})
    with pytest.raises(pytest.skip.Exception):
        gcp.set_quota("attachment", 3)
    gcp.reset()
    assert (gcp.gce.settings.quotas, gcp.gce.settings.exhausted) == ({}, set())


def test_an_owner_is_copied_with_all_labels(gcp: GcpBed) -> None:
    labels = {"portinfra-scope": "x", "portinfra-address": "y"}
    disk = {"name": "sample-db1-data-0a1b", "sizeGb": "2", "labels": labels}
    gcp.gce.act("disks.insert", disk, zone=ZONES[1])
    gcp.copy_owner()
    assert len(gcp.ground_truth()) == 2
    assert all("{portinfra-address=y portinfra-scope=x}" in line for line in gcp.ground_truth())
    assert REGION in ZONES[1]
