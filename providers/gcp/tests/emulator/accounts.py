"""Where tokens come from: Google's token endpoint, impersonation, and the metadata server of a machine.

https://developers.google.com/identity/protocols/oauth2/service-account ("HTTP/REST"),
https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken,
https://cloud.google.com/compute/docs/metadata/overview
"""

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from emulator.errors import GceError
from emulator.identities import EMAIL, PROJECT, Identities


def key_file(folder: Path, endpoint: str, email: str = EMAIL, project: str = PROJECT) -> Path:
    """A service account's file for GOOGLE_APPLICATION_CREDENTIALS, with a key made up on the spot, which gets
    its tokens from the bed.
    """
    told = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": "bed",
        "private_key": _private_key(),
        "client_email": email,
        "client_id": "1",
        "token_uri": f"{endpoint}/token",
    }
    path = folder / "service-account.json"
    path.write_text(json.dumps(told))
    return path


@cache
def _private_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


_IMPERSONATE = re.compile(r"/v1/projects/-/serviceAccounts/([^/:]+):generateAccessToken\Z")
_METADATA = "/computeMetadata/v1/"
FLAVOR = {"Metadata-Flavor": "Google"}


def serves(path: str) -> bool:
    """Whether a path is about tokens."""
    return path in ("", "/", "/token", "/oauth2/v4/token") or path.startswith(("/computeMetadata/", "/v1/"))


def serve(identities: Identities, path: str, headers: Mapping[str, str], body: bytes, now: float) -> Any:
    """A JSON value, or the plain text of the metadata server. Raises GceError."""
    if path in ("/token", "/oauth2/v4/token"):
        return identities.issue(now, _asker(parse_qs(body.decode())))
    found = _IMPERSONATE.match(path)
    if found:
        identities.of(headers.get("authorization", ""), now)
        if identities.account(found[1]) is None:
            raise GceError(404, "notFound", f"Unknown service account {found[1]}")
        lifetime = json.loads(body or b"{}").get("lifetime", "3600s")
        told = identities.issue(now, found[1], float(lifetime.rstrip("s")))
        expires = datetime.fromtimestamp(now + told["expires_in"], UTC)
        return {"accessToken": told["access_token"], "expireTime": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return _metadata(identities, path, headers, now)


def _asker(form: Mapping[str, list[str]]) -> str:
    """Whose assertion this is; its signature is not looked at."""
    if "assertion" not in form:
        return ""
    claims = form["assertion"][0].split(".")[1]
    told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return str(told.get("iss", ""))


def _metadata(identities: Identities, path: str, headers: Mapping[str, str], now: float) -> Any:
    if path in ("", "/"):
        return "computeMetadata/\n"
    if headers.get("metadata-flavor") != "Google":
        raise GceError(403, "forbidden", "Missing required header: Metadata-Flavor: Google")
    account = next(iter(identities._accounts))
    asked = path.removeprefix(_METADATA).strip("/")
    told = {
        "project/project-id": PROJECT,
        "universe/universe-domain": "googleapis.com",
        "instance/service-accounts/default/email": account,
        f"instance/service-accounts/{account}/email": account,
    }
    if asked in told:
        return told[asked]
    if re.fullmatch(r"instance/service-accounts/[^/]+/token", asked):
        return identities.issue(now)
    if re.fullmatch(r"instance/service-accounts/[^/]+", asked):
        return {"email": account, "scopes": ["https://www.googleapis.com/auth/cloud-platform"], "aliases": []}
    raise GceError(404, "notFound", f"there is no metadata {asked}")
