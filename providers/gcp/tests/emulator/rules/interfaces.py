"""Network interfaces: internal addresses, and access configurations, which are external ones.

https://cloud.google.com/compute/docs/ip-addresses
"""

from typing import Any

from emulator.call import Call, serves
from emulator.engine import change, steady
from emulator.errors import GceError, invalid
from emulator.fingerprints import fingerprint
from emulator.project import Project, Resource
from emulator.rules.addresses import external, occupy, release, static
from emulator.rules.subnetworks import free_address, in_subnet, inside, taken
from portinfra.testing.emulator import Unserved

ACCESS = "External NAT"
_UNSERVED = ("aliasIpRanges", "ipv6AccessConfigs", "networkAttachment", "queueCount", "vlan", "ipv6Address")

Error = dict[str, Any]


def complete(call: Call, body: dict[str, Any]) -> Error | None:
    """Completes the interfaces of an instance that is to be made; the error that its operation will tell."""
    if len(body.get("networkInterfaces", ())) != 1:
        if len(body.get("networkInterfaces", ())) > 1:
            raise Unserved("several network interfaces")
        raise invalid("resource.networkInterfaces", "", "At least one network interface is required.")
    nic, where = body["networkInterfaces"][0], "resource.networkInterfaces[0]"
    for name in _UNSERVED:
        if nic.get(name):
            raise Unserved(f"network interfaces with {name}")
    if not nic.get("subnetwork"):
        # "If you specify only the network, and it is in custom subnet mode, you must specify the subnetwork"
        why = "Subnetwork should be specified for custom subnetmode network"
        raise invalid(f"{where}.subnetwork", "", why)
    subnet = in_subnet(call, f"{where}.subnetwork", nic["subnetwork"])
    error = None
    if nic.get("networkIP"):
        error = _conflict(call, subnet, inside(f"{where}.networkIP", subnet, nic["networkIP"]))
    else:
        nic["networkIP"] = free_address(call.project, subnet)
    for at, access in enumerate(nic.get("accessConfigs", ())):
        _check_access(call, f"{where}.accessConfigs[{at}]", access)
    nic |= {
        "kind": "compute#networkInterface",
        "name": "nic0",
        "network": subnet.body["network"],
        "subnetwork": subnet.link,
        "stackType": nic.get("stackType") or "IPV4_ONLY",
    }
    _stamp(nic)
    return error


def _conflict(call: Call, subnet: Resource, address: str) -> Error | None:
    """Told by the operation: "IP '10.0.0.2' is already being used by another resource."

    https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation.
    """
    held = taken(call.project, subnet).get(address)
    if held is None or (held.kind.collection == "addresses" and not held.body.get("users")):
        return None
    message = f"IP '{address}' is already being used by another resource."
    return {"code": "IP_IN_USE_BY_ANOTHER_RESOURCE", "message": message, "status": 400}


def _stamp(nic: dict[str, Any]) -> None:
    told = {name: nic.get(name) for name in ("networkIP", "accessConfigs", "stackType", "subnetwork")}
    nic["fingerprint"] = fingerprint(told)


def _check_access(call: Call, field: str, access: dict[str, Any]) -> None:
    """Completes an access configuration, or refuses it."""
    if access.setdefault("type", "ONE_TO_ONE_NAT") != "ONE_TO_ONE_NAT":
        raise Unserved("IPv6")
    access.setdefault("name", ACCESS)
    access.setdefault("networkTier", "PREMIUM")
    access["kind"] = "compute#accessConfig"
    if not access.get("natIP"):
        access["natIP"] = external(call)
        return
    # "it must live in the same region as the zone of the instance", "an unused static external IP address"
    found = static(call.project, call.scope, access["natIP"])
    if found is None or found.body["addressType"] != "EXTERNAL":
        why = "The specified external IP address was not found in the region of the instance."
        raise invalid(f"{field}.natIP", access["natIP"], why)
    if found.body.get("users"):
        raise GceError(400, "externalIpInUse", f"External IP address: {access['natIP']} is already in-use.")


def occupy_all(there: Project, instance: Resource) -> None:
    """Static addresses of an instance are in use from now on."""
    for nic in instance.body["networkInterfaces"]:
        addresses = [nic["networkIP"], *(each["natIP"] for each in nic.get("accessConfigs", ()))]
        for found in (static(there, instance.scope, address) for address in addresses):
            if found is not None:
                occupy(found, instance)
                there.touch(found)


def release_all(there: Project, instance: Resource) -> None:
    """An instance has let go of its addresses."""
    for nic in instance.body["networkInterfaces"]:
        for address in [nic["networkIP"], *(each["natIP"] for each in nic.get("accessConfigs", ()))]:
            release(there, instance, address)


def _interface(call: Call, instance: Resource) -> dict[str, Any]:
    wanted = call.params["networkInterface"]
    for nic in instance.body["networkInterfaces"]:
        if nic["name"] == wanted:
            found: dict[str, Any] = nic
            return found
    raise invalid("networkInterface", wanted, "The specified network interface does not exist.")


@serves("instances.addAccessConfig")
def add_access(call: Call) -> dict[str, Any]:
    """ "An instance can have only one access config": Assign an external IP address to an existing VM."""
    instance = steady(call.target())
    nic = _interface(call, instance)
    if nic.get("accessConfigs"):
        why = "At most one access config currently supported."
        raise GceError(400, "invalid", f"Invalid value for field 'accessConfig': ''. {why}")
    access = dict(call.body)
    _check_access(call, "accessConfig", access)
    found = static(call.project, instance.scope, access["natIP"])
    if found is not None:
        occupy(found, instance)
        call.project.touch(found)

    def act() -> None:
        nic["accessConfigs"] = [access]
        _stamp(nic)

    return change(call, act)


@serves("instances.deleteAccessConfig")
def delete_access(call: Call) -> dict[str, Any]:
    """By its name."""
    instance = steady(call.target())
    nic = _interface(call, instance)
    wanted = call.params["accessConfig"]
    held = [each for each in nic.get("accessConfigs", ()) if each["name"] == wanted]
    if not held:
        raise invalid("accessConfig", wanted, "The specified access config does not exist.")

    def act() -> None:
        nic["accessConfigs"] = [each for each in nic.get("accessConfigs", ()) if each is not held[0]]
        if not nic["accessConfigs"]:
            del nic["accessConfigs"]
        _stamp(nic)
        release(call.project, instance, held[0]["natIP"])

    return change(call, act)
