"""The sources of credentials: those of AWS's own tools, through botocore where it is installed.

Without botocore (the extra `credentials`), portinfra reads only the environment variables and the shared
file.
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
"""The keys of `Environment(credentials={…})`.

`account` only states which account the credentials must have.
"""

_EXTRA = "pip install 'portinfra-aws[credentials]'"


@frozen
class Credentials:
    """The credentials that sign a request."""

    access_key: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


Source = Callable[[], Credentials]
"""Returns credentials that are valid now. Every request calls it, so a long run can outlive a session."""


def source(named: Mapping[str, str], account: str, region: str) -> Source:
    """Return the credentials that an environment names, else those that AWS's own tools would use.

    Raises InvalidRequest for an unknown name, and PermissionDenied if there are no credentials.
    """
    if unknown := sorted(set(named) - set(KNOWN)):
        raise InvalidRequest(
            f"credentials has the unknown key {unknown[0]!r}",
            provider=NAME,
            fix="Use profile or role. A role is an ARN, or a name in the environment's account.",
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
        raise _no_credentials("no AWS credentials were found")
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
    """Return the error of botocore as one of ours.

    Botocore obtains credentials from STS or the SSO portal.

    A service that does not answer denies nothing. A service that refuses states the reason itself.
    """
    from botocore import exceptions as met

    if isinstance(error, met.ClientError):
        response: Any = error.response
        details, status = (
            response.get("Error", {}),
            response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400),
        )
        refused = to_provider_error(
            EC2Error(details.get("Code", ""), details.get("Message", ""), status, error.operation_name)
        )
        if refused.temporary:  # a request for credentials leaves nothing behind
            return Unavailable(str(refused), provider=NAME, fix=AGAIN)
        if details.get("Code") == "AccessDenied":
            return refused
    elif isinstance(error, met.SSLError):
        return untrusted_server(str(error))
    elif isinstance(error, met.ConnectionError | met.HTTPClientError):
        return unreachable(str(error), _endpoint(error))
    return _no_credentials(str(error))


def _endpoint(error: Any) -> str:
    """Return the address that botocore could not reach."""
    return str(error.kwargs.get("endpoint_url") or error.kwargs.get("proxy_url") or "the service")


def _role_arn(role: str, account: str, region: str) -> str:
    if role.startswith("arn:"):
        return role
    if not account:
        raise _no_credentials(
            f"the role {role!r} has no account: use the role's ARN, or set the environment's account"
        )
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if "-gov-" in region else "aws"
    return f"arn:{partition}:iam::{account}:role/{role}"


def _read_environment() -> Credentials | None:
    """Return the credentials in the environment variables; None if they are incomplete.

    Every chain of AWS reads the variables first. Reading them here avoids the start-up time of botocore.
    """
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
        raise _no_credentials("botocore is required to assume a role", _EXTRA)
    variables = os.environ
    profile = named.get("profile") or variables.get("AWS_PROFILE") or "default"
    path = variables.get("AWS_SHARED_CREDENTIALS_FILE") or Path.home() / ".aws" / "credentials"
    shared = configparser.RawConfigParser()
    shared.read(path)
    if not shared.has_option(profile, "aws_access_key_id"):
        raise _no_credentials(f"no AWS credentials were found for the profile {profile!r}", _EXTRA)
    section = shared[profile]
    read = Credentials(
        section["aws_access_key_id"],
        section.get("aws_secret_access_key", ""),
        section.get("aws_session_token"),
    )
    return lambda: read


def _no_credentials(why: str, install: str = "") -> PermissionDenied:
    fix = "Log in (aws sso login), set AWS_PROFILE, or name a profile in the environment's credentials."
    more = f" SSO, roles, containers and instances also need: {install}" if install else ""
    return PermissionDenied(why, provider=NAME, fix=fix + more)
