"""Credentials on the wire: a service account's file, impersonation, and tokens that run out."""

from contextlib import closing

import pytest
from attrs import evolve

from emulator import Local
from emulator.accounts import key_file
from emulator.identities import PROJECT, Identity
from portinfra.errors import PermissionDenied
from portinfra.model.environment import Environment
from portinfra.observation import Reader
from portinfra_gcp import plugin

ENVIRONMENT = Environment("production", on="gcp:europe-west1", account=PROJECT)
ROBOT = "portinfra@portinfra-bed.iam.gserviceaccount.com"


@pytest.fixture
def file(gce: Local, tmp_path, monkeypatch):
    for name in ("GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN"):
        monkeypatch.delenv(name)
    return str(key_file(tmp_path, gce.endpoint))


def account(environment):
    with closing(plugin.connect(environment)) as provider:
        return Reader(provider, provider.perform).account()


def test_the_file_of_a_service_account_is_enough(file, monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
    assert account(ENVIRONMENT) == PROJECT
    assert account(evolve(ENVIRONMENT, account="")) == PROJECT


def test_an_environment_may_name_a_file_of_its_own(file):
    assert account(evolve(ENVIRONMENT, credentials={"file": file})) == PROJECT


def test_a_token_that_runs_out_is_renewed_in_the_middle_of_a_run(gce, file):
    with closing(plugin.connect(evolve(ENVIRONMENT, credentials={"file": file}))) as provider:
        ask = Reader(provider, provider.perform).account
        assert ask() == PROJECT
        first = provider.transport._token()
        gce.bed.identities._known.pop(first)
        with pytest.raises(Exception, match="authError") as caught:
            ask()
        assert isinstance(provider.classify(caught.value), PermissionDenied)
        source = provider.transport._token.__closure__
        found = next(cell.cell_contents for cell in source if hasattr(cell.cell_contents, "refresh"))
        found.token = None
        assert ask() == PROJECT
        assert provider.transport._token() != first


def test_a_project_that_is_not_ours_to_see_is_refused(gce, file, monkeypatch):
    gce.bed.identities.add(Identity("ada@example.com", "ada-token", frozenset({"another"})))
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "ada-token")
    with closing(plugin.connect(ENVIRONMENT)) as provider:
        with pytest.raises(Exception, match=r"compute\.projects\.get") as caught:
            Reader(provider, provider.perform).account()
        assert isinstance(provider.classify(caught.value), PermissionDenied)
