"""Where credentials come from."""

import builtins
import json
from pathlib import Path

import google.auth.exceptions
import google.oauth2.credentials
import pytest

from portinfra.errors import InvalidRequest, PermissionDenied, ProviderError, Unavailable
from portinfra.model.environment import Environment
from portinfra_gcp import credentials, plugin

VARIABLES = (
    *credentials.TOKENS,
    *credentials.PROJECTS,
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GCE_METADATA_HOST",
)


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    """No variable of Google's, no home."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))


def test_a_token_in_a_variable_needs_no_google_auth(monkeypatch):
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "the-token")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "shop")
    monkeypatch.setattr(builtins, "__import__", _without_google(builtins.__import__))
    found = credentials.source({})
    assert (found.token(), found.project) == ("the-token", "shop")


def test_without_google_auth_the_error_tells_how_to_get_it(monkeypatch):
    monkeypatch.setattr(builtins, "__import__", _without_google(builtins.__import__))
    with pytest.raises(PermissionDenied) as caught:
        credentials.source({})
    assert "portinfra-gcp[credentials]" in caught.value.fix


def _without_google(load):
    def refuse(name, *rest, **more):
        if name.startswith("google"):
            raise ImportError(name)
        return load(name, *rest, **more)

    return refuse


def test_a_file_that_is_none_is_told_of(tmp_path):
    with pytest.raises(PermissionDenied, match=r"none\.json"):
        credentials.source({"file": str(tmp_path / "none.json")})


@pytest.fixture
def login(tmp_path, monkeypatch):
    """A login of gcloud's, without a quota project."""
    path = tmp_path / "login.json"
    path.write_text(json.dumps({"type": "authorized_user", "client_id": GCLOUD} | LOGIN))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    return str(path)


GCLOUD = "764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com"
"""The one that google-auth warns of."""
LOGIN = {"client_secret": "no-secret", "refresh_token": "no-token"}


@pytest.mark.filterwarnings("error")
def test_a_login_is_taken_without_the_warnings_of_a_library(login):
    credentials.source({})
    credentials.source({"file": login})


def test_credentials_name_the_user_or_the_service_account(login, monkeypatch):
    assert credentials.source({}).principal() == "", "an old login names nobody"
    known = json.loads(Path(login).read_text()) | {"account": "ada@example.com"}
    Path(login).write_text(json.dumps(known))
    assert credentials.source({"file": login}).principal() == "ada@example.com"
    robot = "robot@shop.iam.gserviceaccount.com"
    assert credentials.source({"file": login, "impersonate": robot}).principal() == robot
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "the-token")
    provider = plugin.connect(Environment("production", on="gcp:europe-west1", account="shop"))
    assert provider.principal_of({}) == "", "a token does not say whose it is"


@pytest.mark.parametrize(
    ("met", "kind"),
    [
        (google.auth.exceptions.TransportError("no route"), Unavailable),
        (google.auth.exceptions.RefreshError("busy", retryable=True), Unavailable),
        (google.auth.exceptions.RefreshError("invalid_grant"), PermissionDenied),
    ],
)
def test_a_token_service_that_is_not_reached_denies_nothing(login, monkeypatch, met, kind):
    def refresh(self, request):
        raise met

    monkeypatch.setattr(google.oauth2.credentials.Credentials, "refresh", refresh)
    with pytest.raises(ProviderError, match=str(met)) as caught:
        credentials.source({}).token()
    assert type(caught.value) is kind
    assert kind is PermissionDenied or "https://oauth2.googleapis.com/token" in caught.value.fix


def test_an_unknown_reference_is_refused_by_name():
    with pytest.raises(InvalidRequest, match="'profile'"):
        credentials.source({"profile": "payments"})


def test_the_project_is_the_environments_else_the_credentials(monkeypatch):
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "the-token")
    bare = Environment("production", on="gcp:europe-west1")
    with pytest.raises(PermissionDenied, match="names no project"):
        plugin.connect(bare)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "of-the-variable")
    assert plugin.connect(bare).transport.project == "of-the-variable"
    named = Environment("production", on="gcp:europe-west1", account="shop")
    assert plugin.connect(named).transport.project == "shop"


def test_a_token_is_shown_nowhere(monkeypatch):
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "secret-token")
    provider = plugin.connect(Environment("production", on="gcp:europe-west1", account="shop"))
    assert "secret-token" not in repr((provider, vars(provider), vars(provider.transport)))


@pytest.mark.parametrize("on", ["gcp:nowhere", "gcp:europe-west1-b", "gcp:EUROPE-WEST1"])
def test_a_region_that_is_none_is_refused(on):
    with pytest.raises(InvalidRequest, match="not a region"):
        plugin.connect(Environment("production", on=on, account="shop"))
