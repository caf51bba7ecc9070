"""Cloud KMS and Resource Manager, as far as the state of a key and the permissions of a caller go.

https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys/get,
https://cloud.google.com/resource-manager/reference/rest/v1/projects/testIamPermissions
"""

import json
import re
from typing import Any

from emulator.identities import Identity
from emulator.settings import Settings
from portinfra.testing.emulator import Response

KIND = "application/json; charset=UTF-8"
PERMISSIONS_MAX = 100

_KEY = re.compile(r"/v1/(projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+)")
_PERMISSIONS = re.compile(r"/v1/projects/([^/:]+):testIamPermissions")


def asked(verb: str, path: str) -> str:
    """The method of a request; empty where it is for another service."""
    if verb == "GET" and _KEY.fullmatch(path):
        return "cryptoKeys.get"
    return "projects.testIamPermissions" if verb == "POST" and _PERMISSIONS.fullmatch(path) else ""


def serve(path: str, body: bytes, caller: Identity, settings: Settings) -> Response:
    """Answer a request with a valid token."""
    if found := _KEY.fullmatch(path):
        return _key(found[1], caller, settings)
    wanted = json.loads(body)["permissions"]
    if len(wanted) > PERMISSIONS_MAX:
        return _refusal(400, "INVALID_ARGUMENT", f"{len(wanted)} permissions; {PERMISSIONS_MAX} is the most")
    granted = [each for each in wanted if _may(each, caller, settings)]
    return _answer({"permissions": granted} if granted else {})


def _key(name: str, caller: Identity, settings: Settings) -> Response:
    if not _may("cloudkms.cryptoKeys.get", caller, settings):
        why = f"Permission 'cloudkms.cryptoKeys.get' denied on resource '{name}' (or it may not exist)."
        return _refusal(403, "PERMISSION_DENIED", why)
    if settings.keys is not None and name not in settings.keys:
        return _refusal(404, "NOT_FOUND", f"CryptoKey {name} not found.")
    state = "DISABLED" if name in settings.disabled_keys else "ENABLED"
    primary = {"name": f"{name}/cryptoKeyVersions/1", "state": state}
    return _answer({"name": name, "purpose": "ENCRYPT_DECRYPT", "primary": primary})


def _may(permission: str, caller: Identity, settings: Settings) -> bool:
    lists = (caller.permissions, settings.allowed)
    return all(allowed is None or permission in allowed for allowed in lists)


def _answer(told: Any) -> Response:
    return Response(200, json.dumps(told), KIND)


def _refusal(code: int, status: str, message: str) -> Response:
    """In the form of these services, which has no list of reasons."""
    return Response(code, json.dumps({"error": {"code": code, "message": message, "status": status}}), KIND)
