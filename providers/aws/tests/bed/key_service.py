"""KMS, as far as a key's state goes. JSON 1.1, as its clients speak it.

https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
"""

import json
from collections.abc import Mapping
from typing import Any

from bed.errors import EC2Error
from bed.identities import Identity
from bed.region import Region
from bed.rules import kms, permissions
from bed.rules.permissions import Asked
from bed.service_quotas import KIND
from portinfra.testing.emulator import Request, Response

SERVICE = "kms"
TARGET = "TrentService."


def asked(request: Request) -> tuple[str, dict[str, Any]] | None:
    """The action and the parameters of a request; None where it is for another service."""
    target = request.headers.get("x-amz-target", "")
    if not target.startswith(TARGET):
        return None
    return target.removeprefix(TARGET), json.loads(request.body or b"{}")


def serve(action: str, given: Mapping[str, Any], caller: Identity, there: Region) -> Response:
    """Answer a signed request. Raises EC2Error."""
    if action != "DescribeKey" or set(given) != {"KeyId"}:
        raise EC2Error("ValidationException", f"{action} {sorted(given)} is not known", 400)
    arn = kms.arn_of(caller.account, there.name, given["KeyId"])
    wanted = Asked("kms:DescribeKey", arn, context={"kms:ResourceAliases": kms.aliases(arn)})
    if not permissions.granted(there.settings, caller, wanted):
        raise EC2Error("AccessDeniedException", permissions.denied(there.settings, caller, wanted), 400)
    if not _exists(there, arn):
        raise EC2Error("NotFoundException", f"Key '{arn}' does not exist", 400)
    metadata = {
        "AWSAccountId": caller.account,
        "KeyId": arn.rpartition("/")[2],
        "Arn": arn,
        "Enabled": kms.usable(there, arn),
        "KeyState": "Enabled" if kms.usable(there, arn) else "Disabled",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyManager": "CUSTOMER",
    }
    return Response(200, json.dumps({"KeyMetadata": metadata}), KIND)


def _exists(there: Region, arn: str) -> bool:
    """Whether there is such a key; with no list of keys in the settings, there is."""
    names = there.settings.keys
    return names is None or arn in {kms.arn_of(there.account, there.name, name) for name in names}
