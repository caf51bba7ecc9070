"""Where credentials come from: what AWS's own tools read, through botocore where it is installed.

Without botocore (the extra `credentials`), only the variables and the shared file are understood.
"""

import configparser
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from attrs import field, frozen

from portinfra.errors import InvalidRequest, PermissionDenied, ProviderError, Unavailable
from portinfra_aws.errors import AGAIN, NAME, EC2Error, to_provider_error, unreachable, untrusted_server

KNOWN = ("profile", "role", "account")
"""What `Environment(credentials={…})` may name. `account` only says whose they are meant to be."""

_EXTRA = "pip install 'portinfra-aws[credentials]'"


@frozen
class Credentials:
    """What a request is signed with."""

    access_key: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


Source = Callable[[], Credentials]
"""Gives credentials that are valid now: asked before every request, so that long runs outlive a session."""


def source(named: Mapping[str, str], account: str, region: str) -> Source:
    """The credentials that an environment names, else those that AWS's own tools would take.

    Raises InvalidRequest for a name that is none, and PermissionDenied where there are no credentials.
    """
    if unknown := sorted(set(named) - set(KNOWN)):
        raise InvalidRequest(
            f"credentials has no {unknown[0]!r}",
            provider=NAME,
            fix="Name a profile or a role (its ARN, or its name in the environment's account).",
        )
    given = _read_environment()
    if given is not None and not named.keys() & {"profile", "role"}:
        return lambda: given
    try:
        import botocore.session  # noqa: F401
    except ImportError:
        return _plain(named)
    try:
        return _by_botocore(named, account, region)
    except PermissionDenied:
        raise
    except Exception as error:
        raise _to_provider_error(error) from error


def _by_botocore(named: Mapping[str, str], account: str, region: str) -> Source:
    import botocore.credentials
    import botocore.session

    session = botocore.session.Session(profile=named.get("profile"))
    found: Any = session.get_credentials()
    if found is None:
        raise _no_credentials("there are no AWS credentials")
    if role := named.get("role"):
        fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
            partial(session.create_client, region_name=region),
            found,
            _role_arn(role, account, region),
            extra_args={"RoleSessionName": "portinfra"},
        )
        found = botocore.credentials.DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")

    def frozen_now() -> Credentials:
        try:
            now = found.get_frozen_credentials()
        except Exception as error:
            raise _to_provider_error(error) from error
        return Credentials(now.access_key, now.secret_key, now.token)

    return frozen_now


def _to_provider_error(error: Exception) -> ProviderError:
    """What botocore met where credentials are made: it asks STS, or SSO's portal, in our name.

    A service that does not answer denies nothing, and one that refuses says so itself.
    """
    from botocore import exceptions as met

    if isinstance(error, met.ClientError):
        told: Any = error.response
        said, status = told.get("Error", {}), told.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        refused = to_provider_error(
            EC2Error(said.get("Code", ""), said.get("Message", ""), status, error.operation_name)
        )
        if refused.temporary:  # a request for credentials leaves nothing behind
            return Unavailable(str(refused), provider=NAME, fix=AGAIN)
        if said.get("Code") == "AccessDenied":
            return refused
    elif isinstance(error, met.SSLError):
        return untrusted_server(str(error))
    elif isinstance(error, met.ConnectionError | met.HTTPClientError):
        return unreachable(str(error), _endpoint(error))
    return _no_credentials(str(error))


def _endpoint(error: Any) -> str:
    """The address that botocore could not reach."""
    return str(error.kwargs.get("endpoint_url") or error.kwargs.get("proxy_url") or "the service")


def _role_arn(role: str, account: str, region: str) -> str:
    if role.startswith("arn:"):
        return role
    if not account:
        raise _no_credentials(
            f"the role {role!r} is in no account: name its ARN, or the environment's account"
        )
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if "-gov-" in region else "aws"
    return f"arn:{partition}:iam::{account}:role/{role}"


def _read_environment() -> Credentials | None:
    """What the variables hold: first in every chain of AWS's, and told without botocore's start-up time."""
    variables = os.environ
    if not variables.get("AWS_ACCESS_KEY_ID") or not variables.get("AWS_SECRET_ACCESS_KEY"):
        return None
    return Credentials(
        variables["AWS_ACCESS_KEY_ID"],
        variables["AWS_SECRET_ACCESS_KEY"],
        variables.get("AWS_SESSION_TOKEN") or None,
    )


def _plain(named: Mapping[str, str]) -> Source:
    if "role" in named:
        raise _no_credentials("assuming a role needs botocore", _EXTRA)
    variables = os.environ
    profile = named.get("profile") or variables.get("AWS_PROFILE") or "default"
    path = variables.get("AWS_SHARED_CREDENTIALS_FILE") or Path.home() / ".aws" / "credentials"
    shared = configparser.RawConfigParser()
    shared.read(path)
    if not shared.has_option(profile, "aws_access_key_id"):
        raise _no_credentials(f"there are no AWS credentials for the profile {profile!r}", _EXTRA)
    section = shared[profile]
    read = Credentials(
        section["aws_access_key_id"],
        section.get("aws_secret_access_key", ""),
        section.get("aws_session_token"),
    )
    return lambda: read


def _no_credentials(why: str, install: str = "") -> PermissionDenied:
    fix = "Log in (aws sso login), or set AWS_PROFILE, or credentials={'profile': …} on the environment."
    more = f" For SSO, roles, containers and instances: {install}" if install else ""
    return PermissionDenied(why, provider=NAME, fix=fix + more)
