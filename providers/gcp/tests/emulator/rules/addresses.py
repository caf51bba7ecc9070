"""Static addresses, external and internal, and who has them.

https://cloud.google.com/compute/docs/ip-addresses/configure-static-external-ip-address,
https://cloud.google.com/compute/docs/ip-addresses/configure-static-internal-ip-address
"""

from typing import Any

from emulator.call import Call, freeing, making
from emulator.errors import GceError, in_use, invalid
from emulator.links import path_of, region_of
from emulator.project import Project, Resource
from emulator.rules.subnetworks import free_address, in_subnet, inside, taken
from portinfra.testing.emulator import Unserved


@making("addresses")
def has_an_address(call: Call, body: dict[str, Any]) -> None:
    """An external one comes from Google's pool; an internal one from its subnetwork."""
    if body.get("ipVersion") == "IPV6" or body.get("networkAttachment"):
        raise Unserved("addresses of IPv6, or of network attachments")
    if body.setdefault("addressType", "EXTERNAL") == "INTERNAL":
        if call.scope == "global":
            raise Unserved("global internal addresses")
        if not body.get("subnetwork"):
            raise invalid("resource.subnetwork", "", "An internal address needs a subnetwork.")
        subnet = in_subnet(call, "resource.subnetwork", body["subnetwork"])
        body["subnetwork"] = subnet.link
        body.setdefault("purpose", "GCE_ENDPOINT")
        if body.get("address"):
            _free(call, subnet, inside("resource.address", subnet, body["address"]), body)
        else:
            body["address"] = free_address(call.project, subnet)
        return
    if body.get("subnetwork"):
        raise invalid("resource.subnetwork", body["subnetwork"], "An external address has no subnetwork.")
    if body.get("address"):
        _promote(call, body["address"])
    else:
        body["address"] = external(call)
    body.setdefault("networkTier", "PREMIUM")
    if call.scope == "global":
        body.setdefault("ipVersion", "IPV4")


def _free(call: Call, subnet: Resource, address: str, body: dict[str, Any]) -> None:
    """ "Specified IP address is in-use": reserving an address that an instance has promotes it, if only that
    instance has it; the bed does not serve that.
    """
    held = taken(call.project, subnet).get(address)
    if held is not None:
        message = f"Specified IP address is in-use and would result in a conflict: {held.path}"
        raise GceError(400, "invalid", f"Invalid value for field 'resource.address': '{address}'. {message}")
    body["address"] = address


def _promote(call: Call, address: str) -> None:
    raise Unserved(f"promoting the ephemeral external address {address}")


def external(call: Call) -> str:
    """One from Google's pool."""
    number = call.bed.next_external()
    return f"34.{76 + (number >> 16) % 100}.{(number >> 8) % 256}.{number % 256}"


@freeing("addresses")
def address_is_free(call: Call, address: Resource) -> None:
    """ "You can release a static external IP address only if it isn't being used": Release."""
    for user in address.body.get("users", ()):
        raise in_use("address", address.path, path_of(call.project.id, user))


def static(there: Project, scope: str, address: str) -> Resource | None:
    """The static address of a region that is this address."""
    return next(
        (
            each
            for each in there.all("addresses")
            if region_of(each.scope) == region_of(scope) and each.body["address"] == address
        ),
        None,
    )


def occupy(address: Resource, user: Resource) -> None:
    """It is in use now."""
    address.body["status"] = "IN_USE"
    address.body["users"] = [user.link]


def release(there: Project, user: Resource, address: str) -> None:
    """A user has let go of an address, if it is a static one."""
    found = static(there, user.scope, address)
    if found is not None and user.link in found.body.get("users", ()):
        found.body["users"].remove(user.link)
        if not found.body["users"]:
            del found.body["users"]
            found.body["status"] = "RESERVED"
        there.touch(found)
