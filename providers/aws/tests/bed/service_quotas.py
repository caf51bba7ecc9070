"""Service Quotas: what an account may have, by the code of each quota. JSON 1.1, as its clients speak it.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
"""

import json
from collections.abc import Mapping
from typing import Any

from bed.call import Call, before
from bed.errors import EC2Error
from bed.identities import Identity
from bed.region import Region
from bed.rules import permissions
from bed.rules.groups import RULES_MAX
from bed.rules.permissions import Asked
from portinfra.testing.emulator import Request, Response

SERVICE = "servicequotas"
TARGET = "ServiceQuotasV20190624."
KIND = "application/x-amz-json-1.1"

PLENTY = 10_000
"""What an account may have that no test limits."""

# service, quota → setting, name, unit
QUOTAS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("ec2", "L-1216C47A"): ("vcpu", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances"),
    ("vpc", "L-0EA8095F"): ("rules", "Inbound or outbound rules per security group"),
    ("ebs", "L-7A658B76"): ("gp3_tib", "Storage for General Purpose SSD (gp3) volumes, in TiB"),
}


def asked(request: Request) -> tuple[str, dict[str, Any]] | None:
    """The action and the parameters of a request; None where it is for another service."""
    target = request.headers.get("x-amz-target", "")
    if not target.startswith(TARGET):
        return None
    return target.removeprefix(TARGET), json.loads(request.body or b"{}")


def serve(action: str, given: Mapping[str, Any], caller: Identity, there: Region) -> Response:
    """Answer a signed request. Raises EC2Error."""
    wanted = Asked(f"{SERVICE}:{action}")
    if not permissions.granted(there.settings, caller, wanted):
        raise EC2Error("AccessDeniedException", permissions.denied(there.settings, caller, wanted), 400)
    if action != "GetServiceQuota" or set(given) != {"ServiceCode", "QuotaCode"}:
        raise EC2Error("ValidationException", f"{action} {sorted(given)} is not known", 400)
    service, code = given["ServiceCode"], given["QuotaCode"]
    if (service, code) not in QUOTAS:
        raise EC2Error("NoSuchResourceException", f"The request failed because {code} does not exist.", 400)
    setting, name = QUOTAS[service, code]
    quota = {
        "ServiceCode": service,
        "QuotaCode": code,
        "QuotaName": name,
        "Value": float(there.settings.quotas.get(setting, RULES_MAX if setting == "rules" else PLENTY)),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
    return Response(200, json.dumps({"Quota": quota}), KIND)


def refusal(error: EC2Error) -> Response:
    """The response to a request that failed."""
    return Response(error.status, json.dumps({"__type": error.code, "message": error.message}), KIND)


@before("CreateVolume", "RunInstances")
def storage_is_left(call: Call) -> None:
    """Of gp3 volumes, root disks among them, there may be so many TiB."""
    limit = call.there.settings.quotas.get("gp3_tib")
    if limit is None:
        return
    asked = [call.params] if call.action == "CreateVolume" else _disks(call)
    sizes = [volume.size for volume in call.backend.volumes.values() if volume.volume_type == "gp3"]
    more = sum(
        disk.get("Size", disk.get("VolumeSize", 0)) for disk in asked if disk.get("VolumeType") == "gp3"
    )
    if more and sum(sizes) + more > limit * 1024:
        raise EC2Error("VolumeLimitExceeded", f"The maximum storage of gp3 volumes is {limit} TiB.")


def _disks(call: Call) -> list[dict[str, Any]]:
    return [mapping.get("Ebs", {}) for mapping in call.params.get("BlockDeviceMappings", ())]
