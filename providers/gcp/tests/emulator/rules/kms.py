"""Customer-managed keys.

https://cloud.google.com/compute/docs/disks/customer-managed-encryption
"""

import re
from typing import Any

from emulator.call import Call
from emulator.errors import GceError, invalid
from emulator.links import region_of
from portinfra.testing.emulator import Unserved

_KEY = re.compile(
    r"projects/[^/]+/locations/(?P<location>[^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+"
    r"(?P<version>/cryptoKeyVersions/[0-9]+)?\Z"
)


def check(call: Call, field: str, holder: dict[str, Any], name: str) -> None:
    """Completes the key that `holder[name]` asks for. Raises GceError where it cannot be used.

    What is told later names the version: "the key version that was used".
    """
    asked = holder.get(name)
    if not asked:
        holder.pop(name, None)
        return
    if any(each in asked for each in ("rawKey", "rsaEncryptedKey")):
        raise Unserved("customer-supplied keys")
    key = asked.get("kmsKeyName", "")
    found = _KEY.match(key)
    if not found:
        raise invalid(f"{field}.kmsKeyName", key, "The key name is malformed.")
    # "The key must be in the same region, or global": Before you begin
    region = region_of(call.scope)
    if found["location"] not in ("global", "europe", "us", "asia", region) and region:
        why = f"Cloud KMS key must be in the region {region}, or global."
        raise invalid(f"{field}.kmsKeyName", key, why)
    plain = key.removesuffix(found["version"] or "")
    keys = call.project.settings.keys
    if keys is not None and plain not in keys:
        raise GceError(
            400,
            "kmsPermissionDenied",
            f"Cloud KMS error when using key {plain}: Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' "
            f"denied on resource '{plain}' (or it may not exist).",
        )
    if plain in call.project.settings.disabled_keys:
        raise GceError(400, "kmsPermissionDenied", f"Cloud KMS error when using key {plain}: it is disabled.")
    holder[name] = {"kmsKeyName": plain + (found["version"] or "/cryptoKeyVersions/1")}
