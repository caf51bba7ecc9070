"""Credentials as an AWS user expects them; and never in what is printed."""

import logging
import os
import sys

import botocore.exceptions as botocore_errors
import pytest

from portinfra.errors import InvalidRequest, PermissionDenied, ProviderError, Unavailable
from portinfra_aws import credentials
from portinfra_aws.credentials import Credentials, source

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
FILE = f"""
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = {SECRET}
[payments]
aws_access_key_id = AKIAPAYMENTS
aws_secret_access_key = {SECRET}
aws_session_token = session
"""


@pytest.fixture(autouse=True)
def no_variables(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


@pytest.fixture(params=[True, False], ids=["with botocore", "without botocore"])
def botocore(request, monkeypatch):
    """Whether the extra is installed."""
    if not request.param:
        monkeypatch.setitem(sys.modules, "botocore.session", None)
    return request.param


@pytest.fixture
def shared(monkeypatch, tmp_path):
    path = tmp_path / "credentials"
    path.write_text(FILE)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))


def variables(monkeypatch, key="AKIAVARIABLE", token=None):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)


def found(**named):
    return source(named, "123456789012", "us-east-1")()


def test_variables_come_first(botocore, shared, monkeypatch):
    variables(monkeypatch, token="session")
    monkeypatch.setenv("AWS_PROFILE", "payments")
    assert found() == Credentials("AKIAVARIABLE", SECRET, "session")


def test_a_profile_that_the_environment_names_comes_before_variables(botocore, shared, monkeypatch):
    variables(monkeypatch)
    assert found(profile="payments") == Credentials("AKIAPAYMENTS", SECRET, "session")


def test_the_profile_of_the_variable_and_else_the_default_one(botocore, shared, monkeypatch):
    assert found().access_key == "AKIADEFAULT"
    monkeypatch.setenv("AWS_PROFILE", "payments")
    assert found().access_key == "AKIAPAYMENTS"


@pytest.mark.parametrize("named", [{}, {"profile": "nobody"}])
def test_without_any_the_error_says_how_to_get_some(botocore, named):
    with pytest.raises(PermissionDenied) as caught:
        found(**named)
    assert "AWS_PROFILE" in caught.value.fix
    assert "credentials={" not in caught.value.fix  # the declaration may be in HCL
    assert ("portinfra-aws[credentials]" in caught.value.fix) is not botocore


def test_a_role_needs_botocore_and_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    variables(monkeypatch)
    with pytest.raises(PermissionDenied) as caught:
        found(role="portinfra")
    assert "portinfra-aws[credentials]" in caught.value.fix


def test_a_name_that_is_none_is_refused():
    with pytest.raises(InvalidRequest, match="the unknown key 'profil'") as caught:
        found(profil="payments")
    assert "profile" in caught.value.fix


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_a_role_by_its_name_is_in_the_environments_account(region, partition):
    arn = credentials._role_arn("ops/portinfra", "123456789012", region)
    assert arn == f"arn:{partition}:iam::123456789012:role/ops/portinfra"
    assert credentials._role_arn(arn, "", region) == arn


def test_a_role_by_its_name_in_no_account_is_refused(monkeypatch):
    variables(monkeypatch)
    with pytest.raises(PermissionDenied, match="has no account"):
        source({"role": "portinfra"}, "", "us-east-1")


def assuming(monkeypatch, failure):
    """The error of a role that cannot be assumed, because botocore met this."""
    botocore = pytest.importorskip("botocore.credentials")
    variables(monkeypatch)

    def fetch(self):
        raise failure

    monkeypatch.setattr(botocore.AssumeRoleCredentialFetcher, "_get_credentials", fetch)
    with pytest.raises(ProviderError) as caught:
        source({"role": "portinfra"}, "123456789012", "us-east-1")()
    return caught.value


def refusal(code, status, message="because"):
    told = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return botocore_errors.ClientError(told, "AssumeRole")


STS = "https://sts.us-east-1.amazonaws.com/"


@pytest.mark.parametrize(
    "failure",
    [
        lambda: botocore_errors.EndpointConnectionError(endpoint_url=STS),
        lambda: botocore_errors.ConnectTimeoutError(endpoint_url=STS),
        lambda: botocore_errors.ReadTimeoutError(endpoint_url=STS),
        lambda: botocore_errors.ConnectionClosedError(endpoint_url=STS),
    ],
)
def test_an_sts_that_is_not_reached_denies_nothing(monkeypatch, failure):
    told = assuming(monkeypatch, failure())
    assert type(told) is Unavailable
    assert STS in told.fix
    assert "AWS_ENDPOINT_URL_STS" in told.fix


@pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("ServiceUnavailable", 503)])
def test_an_sts_that_is_too_busy_denies_nothing(monkeypatch, code, status):
    assert type(assuming(monkeypatch, refusal(code, status))) is Unavailable


def test_an_sts_that_refuses_names_what_is_to_be_allowed(monkeypatch):
    message = "User: arn:x is not authorized to perform: sts:AssumeRole on resource: arn:y"
    told = assuming(monkeypatch, refusal("AccessDenied", 403, message))
    assert type(told) is PermissionDenied
    assert "sts:AssumeRole" in told.fix


def test_an_sts_with_a_strangers_certificate_is_not_trusted(monkeypatch):
    failure = botocore_errors.SSLError(endpoint_url=STS, error="self-signed")
    told = assuming(monkeypatch, failure)
    assert type(told) is PermissionDenied
    assert "AWS_CA_BUNDLE" in told.fix


def test_no_secret_is_in_a_repr_or_a_log(botocore, shared, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    for named in ({}, {"profile": "payments"}):
        assert SECRET not in repr(found(**named))
        assert "session" not in repr(found(**named)).replace("session_", "")
    variables(monkeypatch)
    assert SECRET not in repr(found())
    assert SECRET not in caplog.text


def test_what_stands_in_variables_takes_no_time_to_find(monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    variables(monkeypatch)
    assert found().access_key == "AKIAVARIABLE"
