"""The sources of credentials: those of Google's own tools, through google-auth where it is installed.

Without google-auth (the extra `credentials`), portinfra reads only a token in an environment variable.
"""

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import frozen

from portinfra.errors import InvalidRequest, PermissionDenied, ProviderError, Unavailable
from portinfra_gcp.errors import NAME

KNOWN = ("file", "impersonate", "account")
"""The keys of `Environment(credentials={…})`: a file of credentials, a service account, and a project.

portinfra impersonates the service account. `account` states which project the credentials are for.
"""

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""The scope of gcloud's own login.

A role limits the permissions; Google Cloud may refuse a narrower scope.
"""

TOKENS = ("GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN")
PROJECTS = ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")

_EXTRA = "pip install 'portinfra-gcp[credentials]'"


@frozen
class Source:
    """Credentials, and the project that they name. It counts if the environment names none."""

    token: Callable[[], str]
    """Returns a token that is valid now. Every request calls it, so a long run can outlive a token."""
    project: str = ""
    principal: Callable[[], str] = lambda: ""
    """Returns the service account or user; empty if the credentials do not name it.

    On a host of Google Cloud, they name it after the first use of a token.
    """


def source(named: Mapping[str, str]) -> Source:
    """Return the credentials that an environment names, else those that Google's own tools would use.

    Raises InvalidRequest for an unknown name, and PermissionDenied if there are no credentials.
    """
    if unknown := sorted(set(named) - set(KNOWN)):
        raise InvalidRequest(
            f"credentials has the unknown key {unknown[0]!r}",
            provider=NAME,
            fix="Use file or impersonate (a service account).",
        )
    project = _variable(PROJECTS)
    if not named.keys() & {"file", "impersonate"} and (token := _variable(TOKENS)):
        return Source(lambda: token, project)
    try:
        import google.auth  # noqa: F401
    except ImportError:
        raise no_credentials(
            "no token was found, and google-auth is required to find other credentials", _EXTRA
        ) from None
    return _by_google_auth(named, project)


def no_credentials(why: str, fix: str = "") -> PermissionDenied:
    """Return the error of a location without credentials."""
    usual = "Log in (gcloud auth application-default login), or set GOOGLE_APPLICATION_CREDENTIALS."
    return PermissionDenied(why, provider=NAME, fix=fix or usual)


def _by_google_auth(named: Mapping[str, str], project: str) -> Source:
    import google.auth
    import google.auth.exceptions
    import google.auth.impersonated_credentials
    import google.auth.transport.requests

    scopes = [SCOPE]
    auth: Any = google.auth
    try:
        with _hide_warnings():
            if "file" in named:
                found, its_project = auth.load_credentials_from_file(named["file"], scopes=scopes)
            else:
                found, its_project = auth.default(scopes=scopes)
        if "impersonate" in named:
            impersonating: Any = google.auth.impersonated_credentials.Credentials
            found = impersonating(found, target_principal=named["impersonate"], target_scopes=[SCOPE])
    except (google.auth.exceptions.GoogleAuthError, OSError) as error:
        raise no_credentials(str(error).partition(" To set up")[0]) from error
    refreshing = threading.Lock()
    request: Any = google.auth.transport.requests.Request()

    def token() -> str:
        with refreshing:
            if not found.valid:
                try:
                    found.refresh(request)
                except google.auth.exceptions.GoogleAuthError as error:
                    raise _renewal_error(error, str(getattr(found, "token_uri", None) or "")) from error
            return str(found.token)

    def principal() -> str:
        names = ("service_account_email", "signer_email", "account")
        return str(next(filter(None, (getattr(found, name, "") for name in names)), ""))

    return Source(token, project or its_project or "", principal)


@contextmanager
def _hide_warnings() -> Iterator[None]:
    """Hide google-auth's warnings, which print lines of its code.

    It warns of files from untrusted sources; here the user named the file. It warns that a login without a
    quota project may be refused; portinfra reports this when it happens.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _renewal_error(error: Any, service: str) -> ProviderError:
    """Return why there is no new token. A service that is unreachable or too busy denies nothing."""
    import google.auth.exceptions

    why = f"the credentials cannot be renewed: {error.args[0] if error.args else error}"
    if isinstance(error, google.auth.exceptions.TransportError) or error.retryable:
        fix = f"Check the network: this machine must reach {service or 'the token service'}."
        return Unavailable(why, provider=NAME, fix=fix)
    return no_credentials(why)


def _variable(names: tuple[str, ...]) -> str:
    return next(filter(None, map(os.environ.get, names)), "")
